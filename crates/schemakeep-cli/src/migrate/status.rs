//! `taskmanager migrate status`: which schema the database has, and which this program wants.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

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
        let schema = match Inspector::new(url.clone(), set).report(ANSWER_WITHIN).await {
            Ok(schema) => schema,
            Err(error) => {
                let message = format!("database {url} cannot be read: {error}");
                return self.common.fail(&message, UNREACHABLE);
            }
        };
        let message = (schema.state != SchemaState::Current).then(|| refusal(&schema, host.mode()));
        let report = Report { database: url.to_string(), schema, message };
        output::report(self.common.json, &report)?;
        Ok(ExitCode::from(report.schema.state.exit_code()))
    }
}

#[derive(Serialize)]
struct Report {
    database: String,
    #[serde(flatten)]
    schema: StateReport,
    /// What is wrong, unless the schema is current.
    message: Option<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schema = &self.schema;
        let last = schema.last_migration_at.map_or_else(|| "never".to_owned(), format_seconds);
        writeln!(f, "database  {}", self.database)?;
        writeln!(f, "state     {}", schema.state.as_str())?;
        writeln!(f, "head      {}", output::version_or(schema.head, "none"))?;
        writeln!(f, "target    {}", output::version_or(schema.target, "none"))?;
        writeln!(f, "last      {last}\npending   {}", schema.pending.len())?;
        for pending in &schema.pending {
            writeln!(f, "  {}  {}", pending.version, pending.description)?;
        }
        self.message.iter().try_for_each(|message| writeln!(f, "\n{message}"))
    }
}
