//! `taskmanager migrate status`: which schema the database has, and which this program wants.

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use super::common::{Common, UNREACHABLE, url};
use crate::cli::output;
use crate::config::Config;
use crate::domain::date;
use schemakeep::{Inspector, SchemaState, StateReport, refusal};

/// Longest wait for the database's answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Show the schema's state, head, target and pending migrations; changes nothing
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 current, 3 behind, 4 ahead (compatible), 5 ahead (incompatible), 6 diverged, 7 drifted, 8 failed, 12 database unreachable.\n\nExamples:\n  taskmanager migrate status\n  taskmanager migrate status --json"
)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    common: Common,
}

impl Args {
    pub(in crate::cli) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let url = url(config);
        let set = match self.common.set(url) {
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
            output::json(&document(&report, config))?;
        } else {
            output::text(&table(&report, config))?;
        }
        Ok(ExitCode::from(report.state.exit_code()))
    }
}

fn message(report: &StateReport, config: &Config) -> Option<String> {
    (report.state != SchemaState::Current).then(|| refusal(report, config.migrate))
}

fn document(report: &StateReport, config: &Config) -> Value {
    let pending = report.pending.iter();
    let pending = pending.map(|p| json!({ "version": p.version, "description": p.description }));
    let concerns = report.concerns.iter();
    let concerns =
        concerns.map(|c| json!({ "version": c.version, "reason": c.reason.to_string() }));
    json!({
        "database": config.migrate_database_url.to_string(),
        "schema_state": report.state.as_str(),
        "schema_version": report.head,
        "target_version": report.target,
        "pending_migrations": pending.collect::<Vec<_>>(),
        "concerns": concerns.collect::<Vec<_>>(),
        "missing": report.missing,
        "last_migration_at": report.last_migration_at.map(date::format_seconds),
        "message": message(report, config),
    })
}

fn table(report: &StateReport, config: &Config) -> String {
    let version =
        |version: Option<i64>| version.map_or_else(|| "none".to_owned(), |v| v.to_string());
    let last = report.last_migration_at.map_or_else(|| "never".to_owned(), date::format_seconds);
    let mut text = format!(
        "database  {}\nstate     {}\nhead      {}\ntarget    {}\nlast      {last}\npending   {}\n",
        config.migrate_database_url,
        report.state.as_str(),
        version(report.head),
        version(report.target),
        report.pending.len(),
    );
    for pending in &report.pending {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {}  {}", pending.version, pending.description);
    }
    if let Some(message) = message(report, config) {
        let _ = writeln!(text, "\n{message}");
    }
    text
}
