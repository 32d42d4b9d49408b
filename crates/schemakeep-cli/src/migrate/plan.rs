//! `taskmanager migrate plan`: what `up` would do, in order, before it does it.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

use super::common::{Common, UNREACHABLE, USAGE, rehearsal_settings};
use crate::Host;
use crate::output;
use schemakeep::data_checks::{Check, Limits, Preflight, preflight};
use schemakeep::instances::{Connected, Instance};
use schemakeep::lint::{Finding, Severity, lint};
use schemakeep::preview::{self, Target, forward, script, up_step};
use schemakeep::shadow::{ObservedLock, Rehearsal, RehearsedRows, rehearse};
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
        let checks = preflight.map(|preflight| preflight.checks).unwrap_or_default();
        let known = Known { findings: &findings, checks: &checks, rehearsal: rehearsal.as_ref() };
        let plan = Report {
            schema_state: state,
            stopped_instances: connected.stopped(),
            steps: migrations.iter().map(|m| known.step(up_step(m, dialect))).collect(),
            rehearsal: rehearsal.as_ref(),
        };
        output::report(self.common.json, &plan)?;
        let fails = rehearsal.is_some_and(|rehearsal| rehearsal.failure.is_some());
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

/// All that is known of the migrations before they are run.
struct Known<'a> {
    findings: &'a [Finding],
    checks: &'a [Check],
    rehearsal: Option<&'a Rehearsal>,
}

impl<'a> Known<'a> {
    fn step(&self, step: preview::Step) -> Step<'a> {
        let rehearsed = self.rehearsal.and_then(|rehearsal| rehearsal.migration(step.version));
        let statement = |(at, planned): (usize, &preview::Planned)| {
            let lines = lines(&step, at);
            let here = |version, line| version == step.version && lines.contains(&line);
            let findings = self.findings.iter().filter(|f| here(f.version, f.line));
            let checks = self.checks.iter().filter(|check| here(check.version, check.line));
            let observed = rehearsed.and_then(|rehearsed| rehearsed.statements.get(at));
            Statement {
                planned: planned.clone(),
                locks: observed.map(|it| it.locks.as_slice()),
                rewrites: observed.map(|it| it.rewrites.as_slice()),
                scans: observed.map(|it| it.scans.as_slice()),
                changes: observed.map(|it| it.changes.as_slice()),
                effects: observed.map(|it| it.effects.as_slice()),
                findings: findings.map(FindingSummary::from).collect(),
                preflight: checks.collect(),
            }
        };
        Step {
            statements: step.statements.iter().enumerate().map(statement).collect(),
            version: step.version,
            description: step.description,
            file: step.file,
            transactional: step.transactional,
            took_seconds: rehearsed.map(|it| it.took.as_secs_f64()),
            rows: rehearsed.map(|it| it.rows.as_slice()),
            on_copy: rehearsed.map(|it| it.text("  ")).unwrap_or_default(),
        }
    }
}

/// The lines of a statement, and for the first of a file those above it too.
fn lines(step: &preview::Step, at: usize) -> std::ops::Range<usize> {
    let begin = if at == 0 { 0 } else { step.statements[at].line };
    let end = step.statements.get(at + 1).map_or(usize::MAX, |next| next.line);
    begin..end
}

#[derive(Serialize)]
struct Report<'a> {
    schema_state: SchemaState,
    stopped_instances: &'a [Instance],
    steps: Vec<Step<'a>>,
    rehearsal: Option<&'a Rehearsal>,
}

#[derive(Serialize)]
struct Step<'a> {
    version: i64,
    description: String,
    file: String,
    transactional: bool,
    statements: Vec<Statement<'a>>,
    took_seconds: Option<f64>,
    rows: Option<&'a [RehearsedRows]>,
    /// The last two in words.
    #[serde(skip)]
    on_copy: String,
}

#[derive(Serialize)]
struct Statement<'a> {
    #[serde(flatten)]
    planned: preview::Planned,
    locks: Option<&'a [ObservedLock]>,
    rewrites: Option<&'a [String]>,
    scans: Option<&'a [String]>,
    changes: Option<&'a [String]>,
    effects: Option<&'a [String]>,
    findings: Vec<FindingSummary<'a>>,
    preflight: Vec<&'a Check>,
}

/// What a plan shows of a finding.
#[derive(Serialize)]
struct FindingSummary<'a> {
    line: usize,
    rule: &'static str,
    severity: Severity,
    lock: Option<&'static str>,
    why: &'a str,
    suggestion: &'static str,
}

impl<'a> From<&'a Finding> for FindingSummary<'a> {
    fn from(finding: &'a Finding) -> Self {
        let Finding { line, rule, severity, lock, ref why, suggestion, .. } = *finding;
        Self { line, rule, severity, lock, why, suggestion }
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.steps.is_empty() {
            return writeln!(f, "nothing to do");
        }
        for instance in self.stopped_instances {
            writeln!(f, "error [connected-instance]: {}", instance.line())?;
        }
        self.steps.iter().try_for_each(|step| write!(f, "{step}"))?;
        self.rehearsal.iter().try_for_each(|rehearsal| f.write_str(&rehearsal.summary()))
    }
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.transactional {
            "in one transaction with its record"
        } else {
            "no transaction: each statement commits on its own"
        };
        writeln!(f, "{}  {}: {how}", self.version, self.description)?;
        self.statements.iter().try_for_each(|statement| write!(f, "{statement}"))?;
        f.write_str(&self.on_copy)
    }
}

/// Below the statement's text.
const INDENT: &str = "            ";

impl fmt::Display for Statement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let preview::Planned { line, sql } = &self.planned;
        let first = sql.lines().next().unwrap_or_default();
        let more = if sql.contains('\n') { " …" } else { "" };
        writeln!(f, "  line {line:3}  {first}{more}")?;
        for effect in self.effects.unwrap_or_default() {
            writeln!(f, "{INDENT}{effect}")?;
        }
        for check in &self.preflight {
            writeln!(f, "{INDENT}data: {}", check.line())?;
        }
        for FindingSummary { severity, rule, why, suggestion, .. } in &self.findings {
            writeln!(f, "{INDENT}{} [{rule}]: {why}", severity.as_str())?;
            writeln!(f, "{INDENT}  suggestion: {suggestion}")?;
        }
        Ok(())
    }
}
