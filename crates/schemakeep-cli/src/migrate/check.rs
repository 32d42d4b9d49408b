//! `taskmanager migrate check`: whether declared schema, migrations and database agree.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::common::{
    Common, DeclaredIn, NOTHING_DECLARED, UNREACHABLE, rehearsal_settings, server,
};
use super::declared::{Compared, Outcome};
use super::drift::{self as shown, failure};
use crate::Host;
use crate::output;
use schemakeep::autogenerate::Side;
use schemakeep::drift::{Drift, drift};
use schemakeep::{
    Dialect, Inspector, MigrateError, MigrationSet, SchemaState, StateReport, refusal,
};
use schemakeep_db::DatabaseUrl;
use schemakeep_db::SystemClock;

/// Longest wait for the database's answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Why PostgreSQL's half was not compared.
const NO_SERVER: &str =
    "there is no PostgreSQL server: set REHEARSAL_DATABASE_URL (or DATABASE_URL)";

/// Ask whether the declared schema, the migrations and the database agree, and which two do not
///
/// The declared schema against what all migrations make, on scratch databases of both kinds (PostgreSQL where
/// `REHEARSAL_DATABASE_URL` or `DATABASE_URL` is a server); the record of the database against the migrations; and
/// the database itself against what its applied migrations make. Changes nothing.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 all agree, 1 two do not, 3 behind, 4 or 5 ahead, 6 diverged, 7 drifted, 8 failed, 12 database unreachable.\n\nExamples:\n  taskmanager migrate check\n  taskmanager migrate check --migrations migrations --schema schema\n  taskmanager migrate check --json"
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    declared: DeclaredIn,
}

/// Everything that was compared.
struct Checked {
    declared: Vec<Compared>,
    report: StateReport,
    /// What is to be said of a record that is not current.
    message: Option<String>,
    /// Why the database was not compared, otherwise, and the exit code of that.
    drift: Result<Drift, (String, u8)>,
}

impl Args {
    pub(crate) async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        let url = host.url();
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
        let stop = host.stop_token()?;
        let mut declared = Vec::new();
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            match Box::pin(self.compared(dialect, host, stop.clone())).await {
                Ok(compared) => declared.push(compared),
                Err(error) => return self.common.fail_with(&error),
            }
        }
        let drift = database(host, &set, &report, stop).await;
        let message = (report.state != SchemaState::Current).then(|| refusal(&report, host.mode()));
        let checked = Checked { declared, report, message, drift };
        if self.common.json {
            output::json(&checked.document())?;
        } else {
            output::text(&checked.text(url))?;
        }
        Ok(ExitCode::from(checked.exit_code()))
    }

    /// The declared schema of one dialect against its migrations.
    async fn compared(
        &self,
        dialect: Dialect,
        host: &dyn Host,
        stop: CancellationToken,
    ) -> Result<Compared, MigrateError> {
        let server = server(host).filter(|_| dialect == Dialect::Postgres);
        let outcome = match self.declared.of(host, &self.common, dialect)? {
            None => Outcome::Not(NOTHING_DECLARED.to_owned()),
            Some(_) if dialect == Dialect::Postgres && server.is_none() => {
                Outcome::Not(NO_SERVER.to_owned())
            }
            Some(schema) => {
                let set = self.common.set_of(host, dialect)?;
                let side = Side::bring_up(server, set, &schema, &SystemClock, stop).await?;
                let differences = side.differences();
                side.remove().await?;
                Outcome::Compared(schema.file, differences)
            }
        };
        Ok(Compared { dialect, outcome })
    }
}

/// The database against what its applied migrations make, where that can be told.
async fn database(
    host: &dyn Host,
    set: &MigrationSet,
    report: &StateReport,
    stop: CancellationToken,
) -> Result<Drift, (String, u8)> {
    if report.head.is_none() && report.state == SchemaState::Behind {
        return Err(("no migration is applied yet".to_owned(), report.state.exit_code()));
    }
    let settings = rehearsal_settings(host, stop);
    let looked = Box::pin(drift(&settings, set, &[], &SystemClock)).await;
    looked.map_err(|error| failure(&error, host))
}

impl Checked {
    fn exit_code(&self) -> u8 {
        let drifts = match &self.drift {
            Ok(drift) => u8::from(!drift.found.is_empty()),
            Err((_, code)) => *code,
        };
        let declared = u8::from(!self.declared.iter().all(Compared::is_well));
        let codes = [self.report.state.exit_code(), drifts, declared];
        codes.into_iter().find(|code| *code != 0).unwrap_or_default()
    }

    fn document(&self) -> Value {
        let declared: Vec<_> = self.declared.iter().map(Compared::document).collect();
        let database = match &self.drift {
            Ok(drift) => shown::document(drift)["drift"].clone(),
            Err(_) => Value::Null,
        };
        json!({
            "agree": self.exit_code() == 0,
            "declared": declared,
            "schema_state": self.report.state.as_str(),
            "schema_version": self.report.head,
            "target_version": self.report.target,
            "message": self.message,
            "database": {
                "compared": self.drift.is_ok(),
                "why": self.drift.as_ref().err().map(|(why, _)| why),
                "drift": database,
            },
        })
    }

    fn text(&self, url: &DatabaseUrl) -> String {
        let mut text: String = self.declared.iter().map(Compared::text).collect();
        let head = self.report.head.map_or_else(|| "nothing".to_owned(), |head| head.to_string());
        // Writing to a String cannot fail.
        let _ = match &self.message {
            None => writeln!(text, "record    {url}: current, at {head}"),
            Some(message) => writeln!(text, "record    {url}: {message}"),
        };
        let _ = match &self.drift {
            Ok(drift) if drift.found.is_empty() => {
                writeln!(text, "database  is what its applied migrations make")
            }
            Ok(drift) => {
                let lines = shown::text(drift).trim_end().replace('\n', "\n    ");
                writeln!(text, "database  is not what its applied migrations make:\n    {lines}")
            }
            Err((why, _)) => writeln!(text, "database  not compared: {why}"),
        };
        if self.exit_code() == 0 {
            text.push_str("declared schema, migrations and database agree\n");
        }
        text
    }
}
