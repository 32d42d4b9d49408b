//! `taskmanager migrate plan`: what `up` would do, in order, before it does it.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use super::common::{Common, UNREACHABLE, USAGE, rehearsal_settings};
use crate::Host;
use crate::output;
use schemakeep::data_checks::{Check, Limits, Preflight, preflight};
use schemakeep::instances::{Connected, Instance};
use schemakeep::lint::{Finding, lint};
use schemakeep::preview::{Planned, Step, Target, forward, script, up_step};
use schemakeep::shadow::{ObservedStatement, Rehearsal, RehearsedMigration, rehearse};
use schemakeep::{Inspector, MigrateError, Migration, MigrationSet, SchemaState, refusal};
use schemakeep_db::{Clock, SystemClock};

/// Longest wait for the database's answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Show what `up` would do, in order: statements, findings, rows in the way, and the locks, rewrites and scans of a
/// rehearsal
///
/// The rehearsal runs the pending migrations where nothing can be lost: on PostgreSQL in a scratch database or
/// schema (see `REHEARSAL_DATABASE_URL`), on SQLite on a copy of the data. The database itself is only read.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 shown, 1 a migration fails in the rehearsal, 2 wrong version, 5 to 8 the state allows no way forward, 12 database unreachable.\n\nExamples:\n  taskmanager migrate plan\n  taskmanager migrate plan --no-rehearsal\n  taskmanager migrate plan --to 20261121090200 --sql > upgrade.sql"
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// The last version
    #[arg(long, value_name = "VERSION")]
    to: Option<i64>,
    /// Print the script that does the same by hand
    #[arg(long, conflicts_with = "json")]
    sql: bool,
    /// Only read the files: quick, and without what only the data or a run shows
    #[arg(long)]
    no_rehearsal: bool,
}

impl Args {
    pub(crate) async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        let (url, dialect) = (host.url(), host.url().dialect());
        let set = match self.common.set(host, url) {
            Ok(set) => set,
            Err(error) => return self.common.fail_with(&error),
        };
        let report = match Inspector::new(url.clone(), set.clone()).report(ANSWER_WITHIN).await {
            Ok(report) => report,
            Err(error) => {
                let message = format!("database {url} cannot be read: {error}");
                return self.common.fail(&message, UNREACHABLE);
            }
        };
        let state = report.state;
        if !matches!(state, SchemaState::Current | SchemaState::Behind | SchemaState::Failed) {
            return self.common.fail(&refusal(&report, host.mode()), state.exit_code());
        }
        let target = self.to.map_or(Target::All, Target::Version);
        let migrations = match forward(&set, &report, target) {
            Ok(migrations) => migrations,
            Err(message) => return self.common.fail(&message, USAGE),
        };
        if self.sql {
            match script(&migrations, dialect, SystemClock.now()) {
                Ok(text) => output::text(&text)?,
                Err(error) => return self.common.fail_with(&error),
            }
            return Ok(ExitCode::SUCCESS);
        }
        let applied: Vec<i64> =
            applied(&set, &report.pending.iter().map(|p| p.version).collect::<Vec<_>>());
        let (preflight, rehearsal) = match self.look(host, &set, &applied, &migrations).await? {
            Ok(looks) => looks,
            Err(error) => return self.common.fail_with(&error),
        };
        let connected = match Connected::look(url, &migrations).await {
            Ok(connected) => connected,
            Err(error) => return self.common.fail_with(&error),
        };
        let findings =
            lint(&set, dialect, |version| migrations.iter().any(|m| m.version == version));
        let steps: Vec<Step> = migrations.iter().map(|m| up_step(m, dialect)).collect();
        let plan = Plan { steps, connected, findings, preflight, rehearsal };
        if self.common.json {
            output::json(&plan.document(state))?;
        } else {
            output::text(&plan.text())?;
        }
        let fails = plan.rehearsal.is_some_and(|rehearsal| rehearsal.failure.is_some());
        Ok(if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    /// Asks the data, and rehearses; neither where only the files are to be read.
    async fn look(
        &self,
        host: &dyn Host,
        set: &MigrationSet,
        applied: &[i64],
        migrations: &[&Migration],
    ) -> anyhow::Result<Result<Looks, MigrateError>> {
        if self.no_rehearsal || migrations.is_empty() {
            return Ok(Ok((None, None)));
        }
        let asked = match preflight(host.url(), migrations, &Limits::default()).await {
            Ok(asked) => asked,
            Err(error) => return Ok(Err(error)),
        };
        let stop = host.stop_token()?;
        let settings = rehearsal_settings(host, stop);
        let rehearsing = rehearse(&settings, set, applied, migrations, &SystemClock);
        Ok(Box::pin(rehearsing).await.map(|rehearsal| (Some(asked), Some(rehearsal))))
    }
}

/// The state allows a way forward only where all that is not pending is applied.
fn applied(set: &MigrationSet, pending: &[i64]) -> Vec<i64> {
    let versions = set.migrations().iter().map(|migration| migration.version);
    versions.filter(|version| !pending.contains(version)).collect()
}

/// What the data says, and what a rehearsal has shown.
type Looks = (Option<Preflight>, Option<Rehearsal>);

/// What is shown.
struct Plan {
    steps: Vec<Step>,
    connected: Connected,
    findings: Vec<Finding>,
    preflight: Option<Preflight>,
    rehearsal: Option<Rehearsal>,
}

impl Plan {
    fn rehearsed(&self, step: &Step) -> Option<&RehearsedMigration> {
        self.rehearsal.as_ref()?.migration(step.version)
    }

    /// The findings about the lines of a statement.
    fn findings(&self, step: &Step, at: usize) -> Vec<&Finding> {
        let here = |f: &&Finding| f.version == step.version && lines(step, at).contains(&f.line);
        self.findings.iter().filter(here).collect()
    }

    /// What the data was asked about a statement.
    fn checks(&self, step: &Step, at: usize) -> Vec<&Check> {
        let here = |c: &&Check| c.version == step.version && lines(step, at).contains(&c.line);
        self.preflight.iter().flat_map(|preflight| &preflight.checks).filter(here).collect()
    }

    fn document(&self, state: SchemaState) -> Value {
        json!({
            "schema_state": state.as_str(),
            "stopped_instances": self.connected.stopped().iter().map(Instance::document).collect::<Vec<_>>(),
            "steps": self.steps.iter().map(|step| self.step_document(step)).collect::<Vec<_>>(),
            "rehearsal": self.rehearsal.as_ref().map(Rehearsal::outcome),
        })
    }

    fn step_document(&self, step: &Step) -> Value {
        let rehearsed = self.rehearsed(step);
        let statement = |(at, planned): (usize, &Planned)| {
            let observed = rehearsed.and_then(|rehearsed| rehearsed.statements.get(at));
            let mut document = json!({
                "line": planned.line, "sql": planned.sql, "locks": null, "rewrites": null,
                "scans": null, "changes": null, "effects": null,
            });
            if let (Some(document), Some(Value::Object(seen))) =
                (document.as_object_mut(), observed.map(ObservedStatement::document))
            {
                document.extend(seen);
            }
            let findings = self.findings(step, at);
            document["findings"] = findings.iter().map(|finding| of_finding(finding)).collect();
            let checks = self.checks(step, at);
            document["preflight"] = checks.iter().map(|check| check.document()).collect();
            document
        };
        let rehearsed = rehearsed.map(RehearsedMigration::document).unwrap_or_default();
        json!({
            "version": step.version,
            "description": step.description,
            "file": step.file,
            "transactional": step.transactional,
            "statements": step.statements.iter().enumerate().map(statement).collect::<Vec<_>>(),
            "took_seconds": rehearsed["took_seconds"],
            "rows": rehearsed["rows"],
        })
    }

    fn text(&self) -> String {
        if self.steps.is_empty() {
            return "nothing to do\n".to_owned();
        }
        let mut text = String::new();
        for instance in self.connected.stopped() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "error [connected-instance]: {}", instance.line());
        }
        for step in &self.steps {
            self.step_text(step, &mut text);
        }
        text + &self.rehearsal.as_ref().map(Rehearsal::summary).unwrap_or_default()
    }

    fn step_text(&self, step: &Step, text: &mut String) {
        let how = if step.transactional {
            "in one transaction with its record"
        } else {
            "no transaction: each statement commits on its own"
        };
        let rehearsed = self.rehearsed(step);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}  {}: {how}", step.version, step.description);
        for (at, statement) in step.statements.iter().enumerate() {
            let first = statement.sql.lines().next().unwrap_or_default();
            let more = if statement.sql.contains('\n') { " …" } else { "" };
            let _ = writeln!(text, "  line {:3}  {first}{more}", statement.line);
            if let Some(observed) = rehearsed.and_then(|rehearsed| rehearsed.statements.get(at)) {
                text.push_str(&observed.text(INDENT));
            }
            for check in self.checks(step, at) {
                let _ = writeln!(text, "{INDENT}data: {}", check.line());
            }
            for finding in self.findings(step, at) {
                let (severity, rule) = (finding.severity.as_str(), finding.rule);
                let _ = writeln!(text, "{INDENT}{severity} [{rule}]: {}", finding.why);
                let _ = writeln!(text, "{INDENT}  suggestion: {}", finding.suggestion);
            }
        }
        text.push_str(&rehearsed.map(|rehearsed| rehearsed.text("  ")).unwrap_or_default());
    }
}

/// The lines of a statement, and for the first of a file those above it too.
fn lines(step: &Step, at: usize) -> std::ops::Range<usize> {
    let begin = if at == 0 { 0 } else { step.statements[at].line };
    let end = step.statements.get(at + 1).map_or(usize::MAX, |next| next.line);
    begin..end
}

/// Below the statement's text.
const INDENT: &str = "            ";

fn of_finding(finding: &Finding) -> Value {
    json!({
        "line": finding.line,
        "rule": finding.rule,
        "severity": finding.severity.as_str(),
        "lock": finding.lock,
        "why": finding.why,
        "suggestion": finding.suggestion,
    })
}
