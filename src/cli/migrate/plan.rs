//! `taskmanager migrate plan`: what `up` would do, in order, before it does it.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use super::common::{Common, UNREACHABLE, USAGE, url};
use crate::cli::output;
use crate::config::Config;
use crate::domain::{Clock, SystemClock};
use crate::migrate::plan::{Step, Target, forward, script, up_step};
use crate::migrate::{Dialect, Inspector, SchemaState, refusal};

/// Longest wait for the database's answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Show what `up` would do, in order: statements, and whether they run in a transaction; changes nothing
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 shown, 2 wrong version, 5 to 8 the state allows no way forward, 12 database unreachable.\n\nExamples:\n  taskmanager migrate plan\n  taskmanager migrate plan --to 20261121090200 --sql > upgrade.sql"
)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    common: Common,
    /// The last version
    #[arg(long, value_name = "VERSION")]
    to: Option<i64>,
    /// Print the script that does the same by hand
    #[arg(long, conflicts_with = "json")]
    sql: bool,
}

impl Args {
    pub(in crate::cli) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let (url, dialect) = (url(config), Dialect::of(url(config)));
        let set = match self.common.set(url) {
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
            return self.common.fail(&refusal(&report, config.migrate), state.exit_code());
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
        let steps: Vec<Step> = migrations.iter().map(|m| up_step(m, dialect)).collect();
        if self.common.json {
            let steps: Vec<Value> = steps.iter().map(document).collect();
            output::json(&json!({ "schema_state": state.as_str(), "steps": steps }))?;
        } else {
            output::text(&text(&steps))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn document(step: &Step) -> Value {
    let statements = step.statements.iter();
    let statements = statements.map(|s| json!({ "line": s.line, "sql": s.sql }));
    json!({
        "version": step.version,
        "description": step.description,
        "file": step.file,
        "transactional": step.transactional,
        "statements": statements.collect::<Vec<_>>(),
    })
}

fn text(steps: &[Step]) -> String {
    if steps.is_empty() {
        return "nothing to do\n".to_owned();
    }
    let mut text = String::new();
    for step in steps {
        let how = if step.transactional {
            "in one transaction with its record"
        } else {
            "no transaction: each statement stays, and is journalled"
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}  {}: {how}", step.version, step.description);
        for statement in &step.statements {
            let first = statement.sql.lines().next().unwrap_or_default();
            let more = if statement.sql.contains('\n') { " …" } else { "" };
            let _ = writeln!(text, "  line {:3}  {first}{more}", statement.line);
        }
    }
    text
}
