//! `taskmanager migrate check`: whether declared schema, migrations and database agree.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use serde::{Serialize, Serializer};
use tokio_util::sync::CancellationToken;

use super::common::{
    Common, DeclaredIn, NOTHING_DECLARED, UNREACHABLE, rehearsal_settings, server,
};
use super::declared::{Compared, Declared};
use super::drift::{differences, failure, verdict};
use crate::Host;
use crate::output;
use schemakeep::autogenerate::Side;
use schemakeep::drift::{Drift, Drifted, drift};
use schemakeep::{
    Dialect, Inspector, MigrateError, MigrationSet, SchemaState, StateReport, refusal,
};
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
#[derive(Serialize)]
struct Report {
    agree: bool,
    #[serde(skip)]
    url: String,
    declared: Vec<Compared>,
    schema_state: SchemaState,
    schema_version: Option<i64>,
    target_version: Option<i64>,
    /// What is to be said of a record that is not current.
    message: Option<String>,
    #[serde(serialize_with = "drifted")]
    database: DriftOutcome,
}

/// Why the database was not compared, otherwise, and the exit code of that.
type DriftOutcome = Result<Drift, (String, u8)>;

fn drifted<S: Serializer>(looked: &DriftOutcome, to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Database<'a> {
        compared: bool,
        why: Option<&'a str>,
        drift: Option<&'a [Drifted]>,
    }
    let (why, drift) = match looked {
        Ok(drift) => (None, Some(drift.found.as_slice())),
        Err((why, _)) => (Some(why.as_str()), None),
    };
    Database { compared: looked.is_ok(), why, drift }.serialize(to)
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
        let code = exit_code(report.state, &drift, &declared);
        let checked = Report {
            agree: code == 0,
            url: url.to_string(),
            declared,
            schema_state: report.state,
            schema_version: report.head,
            target_version: report.target,
            message,
            database: drift,
        };
        output::report(self.common.json, &checked)?;
        Ok(ExitCode::from(code))
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
            None => Err(NOTHING_DECLARED.to_owned()),
            Some(_) if dialect == Dialect::Postgres && server.is_none() => {
                Err(NO_SERVER.to_owned())
            }
            Some(schema) => {
                let set = self.common.set_of(host, dialect)?;
                let side = Side::bring_up(server, set, &schema, &SystemClock, stop).await?;
                let differences = side.differences();
                side.remove().await?;
                Ok(Declared::new(schema.file, differences))
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
) -> DriftOutcome {
    if report.head.is_none() && report.state == SchemaState::Behind {
        return Err(("no migration is applied yet".to_owned(), report.state.exit_code()));
    }
    let settings = rehearsal_settings(host, stop);
    let looked = Box::pin(drift(&settings, set, &[], &SystemClock)).await;
    looked.map_err(|error| failure(&error, host))
}

fn exit_code(state: SchemaState, looked: &DriftOutcome, declared: &[Compared]) -> u8 {
    let drifts = match looked {
        Ok(drift) => u8::from(!drift.found.is_empty()),
        Err((_, code)) => *code,
    };
    let declared = u8::from(!declared.iter().all(Compared::is_well));
    let codes = [state.exit_code(), drifts, declared];
    codes.into_iter().find(|code| *code != 0).unwrap_or_default()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.declared.iter().try_for_each(|compared| write!(f, "{compared}"))?;
        write!(f, "record    {}: ", self.url)?;
        match &self.message {
            None => {
                writeln!(f, "current, at {}", output::version_or(self.schema_version, "nothing"))
            }
            Some(message) => writeln!(f, "{message}"),
        }?;
        match &self.database {
            Ok(drift) if drift.found.is_empty() => {
                writeln!(f, "database  is what its applied migrations make")
            }
            Ok(drift) => {
                let lines = (differences(drift) + &verdict(drift)).replace('\n', "\n    ");
                writeln!(f, "database  is not what its applied migrations make:\n    {lines}")
            }
            Err((why, _)) => writeln!(f, "database  not compared: {why}"),
        }?;
        if self.agree {
            writeln!(f, "declared schema, migrations and database agree")?;
        }
        Ok(())
    }
}
