//! `taskmanager migrate status`: which schema the database has, and which this program wants.

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use super::common::{Common, UNREACHABLE};
use crate::Host;
use crate::output;
use schemakeep::{Inspector, SchemaState, StateReport, refusal};
use schemakeep_db::clock::format_seconds;

/// Longest wait for the database's answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Show the schema's state, head, target and pending migrations; changes nothing
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 current, 3 behind, 4 ahead (compatible), 5 ahead (incompatible), 6 diverged, 7 drifted, 8 failed, 12 database unreachable.\n\nExamples:\n  taskmanager migrate status\n  taskmanager migrate status --json"
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
}

impl Args {
    pub(crate) async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        let url = host.url();
        let set = match self.common.set(host, url) {
            Ok(set) => set,
            Err(error) => return self.common.fail_with(&error),
        };
        let report = match Inspector::new(url.clone(), set).report(ANSWER_WITHIN).await {
            Ok(report) => report,
            Err(error) => {
                let message = format!("database {url} cannot be read: {error}");
                return self.common.fail(&message, UNREACHABLE);
            }
        };
        if self.common.json {
            output::json(&document(&report, host))?;
        } else {
            output::text(&table(&report, host))?;
        }
        Ok(ExitCode::from(report.state.exit_code()))
    }
}

fn message(report: &StateReport, host: &dyn Host) -> Option<String> {
    (report.state != SchemaState::Current).then(|| refusal(report, host.mode()))
}

fn document(report: &StateReport, host: &dyn Host) -> Value {
    let pending = report.pending.iter();
    let pending = pending.map(|p| json!({ "version": p.version, "description": p.description }));
    let concerns = report.concerns.iter();
    let concerns =
        concerns.map(|c| json!({ "version": c.version, "reason": c.reason.to_string() }));
    json!({
        "database": host.url().to_string(),
        "schema_state": report.state.as_str(),
        "schema_version": report.head,
        "target_version": report.target,
        "pending_migrations": pending.collect::<Vec<_>>(),
        "concerns": concerns.collect::<Vec<_>>(),
        "missing": report.missing,
        "last_migration_at": report.last_migration_at.map(format_seconds),
        "message": message(report, host),
    })
}

fn table(report: &StateReport, host: &dyn Host) -> String {
    let version =
        |version: Option<i64>| version.map_or_else(|| "none".to_owned(), |v| v.to_string());
    let last = report.last_migration_at.map_or_else(|| "never".to_owned(), format_seconds);
    let mut text = format!(
        "database  {}\nstate     {}\nhead      {}\ntarget    {}\nlast      {last}\npending   {}\n",
        host.url(),
        report.state.as_str(),
        version(report.head),
        version(report.target),
        report.pending.len(),
    );
    for pending in &report.pending {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {}  {}", pending.version, pending.description);
    }
    if let Some(message) = message(report, host) {
        let _ = writeln!(text, "\n{message}");
    }
    text
}
