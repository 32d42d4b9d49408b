//! `taskmanager migrate verify`: every migration up, down and up again, on scratch databases with rows in them, and
//! one logical schema from both sets.

use schemakeep_db::DbError;
use std::fmt;
use std::process::ExitCode;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::common::{Common, DeclaredIn, NOTHING_DECLARED, server};
use super::declared::{Compared, Declared, comparison};
use crate::Host;
use crate::output;
use schemakeep::autogenerate::undeclared;
use schemakeep::scratch::Scratch;
use schemakeep::verify::{Agreement, Proof, Verified, agreement, verify};
use schemakeep::{Dialect, MigrateError, MigrationSet};
use schemakeep_db::DatabaseUrl;
use schemakeep_db::SystemClock;

/// Why the databases were not compared when there is one only.
const ONE_ONLY: &str = "without a PostgreSQL server (DATABASE_URL or REHEARSAL_DATABASE_URL) its migrations were not verified, nor that both databases reach the same schema";
/// The same when one did not get that far.
const NOT_THERE: &str = "not every migration could be applied";

/// Prove on scratch databases that every migration can be undone and done again
///
/// Each version goes up, down and up again with generated rows in every table: the schema must be the same, and the
/// rows too, in tables and columns that were there all the time. Then the schema that all make is compared with the
/// declared one, and the schemas of both databases with each other.
///
/// For SQLite in a temporary file, always; for PostgreSQL in a database of its own on the server of
/// `REHEARSAL_DATABASE_URL` or `DATABASE_URL`, where one of them is a server and the role may create databases.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 proven, 1 something is different or failed.\n\nExamples:\n  taskmanager migrate verify\n  taskmanager migrate verify --migrations migrations --schema schema\n  taskmanager migrate verify --rehearsal-database-url postgres://localhost/postgres"
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    declared: DeclaredIn,
}

/// A database that was tried.
struct Tried {
    name: &'static str,
    scratch: Scratch,
    set: MigrationSet,
    verified: Verified,
}

#[derive(Serialize)]
struct Report {
    proofs: Vec<DialectProof>,
    declared: Vec<Compared>,
    /// Why the databases were not compared, otherwise.
    #[serde(serialize_with = "comparison")]
    agreement: Result<Agreement, &'static str>,
}

#[derive(Serialize)]
struct DialectProof {
    database: &'static str,
    #[serde(flatten)]
    proof: Proof,
}

impl Args {
    pub(crate) async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        let stop = host.stop_token()?;
        let mut tried = Vec::new();
        let report = self.report(host, &mut tried, stop).await;
        let mut left = Ok(());
        for database in tried {
            left = left.and(database.scratch.remove().await);
        }
        let report = match report {
            Ok(report) => report,
            Err((name, error)) => {
                return self.common.fail(&format!("{name}: {error}"), error.exit_code());
            }
        };
        if let Err(error) = left {
            return self.common.fail_with(&error.into());
        }
        output::report(self.common.json, &report)?;
        Ok(if report.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Tries each database; those tried are to be thrown away afterwards.
    async fn report(
        &self,
        host: &dyn Host,
        tried: &mut Vec<Tried>,
        stop: CancellationToken,
    ) -> Result<Report, (&'static str, MigrateError)> {
        let scratch = Scratch::in_file();
        tried.push(self.prove(host, "sqlite", scratch, stop.clone()).await?);
        if let Some(server) = server(host) {
            let scratch = Scratch::create(server).await;
            tried.push(self.prove(host, "postgres", scratch, stop).await?);
        }
        let agreement = match tried.as_slice() {
            [sqlite, postgres] if sqlite.verified.at_last && postgres.verified.at_last => {
                let meant = host.meant_differences(&postgres.set, &sqlite.set);
                let meant = meant.map_err(|error| ("both", error))?;
                let compared = agreement(&postgres.scratch, &sqlite.scratch, meant).await;
                Ok(compared.map_err(|error| ("both", error))?)
            }
            [_, _] => Err(NOT_THERE),
            _ => Err(ONE_ONLY),
        };
        let mut declared = Vec::new();
        for database in &*tried {
            declared.push(self.compared(database, host).await.map_err(|e| (database.name, e))?);
        }
        let proofs = tried.iter().flat_map(|tried| {
            let proofs = tried.verified.proofs.iter().cloned();
            proofs.map(|proof| DialectProof { database: tried.name, proof })
        });
        Ok(Report { proofs: proofs.collect(), declared, agreement })
    }

    /// Compares what all migrations have made with what is declared.
    async fn compared(&self, tried: &Tried, host: &dyn Host) -> Result<Compared, MigrateError> {
        let dialect = tried.scratch.dialect();
        let outcome = match self.declared.of(host, &self.common, dialect)? {
            _ if !tried.verified.at_last => Err(NOT_THERE.to_owned()),
            None => Err(NOTHING_DECLARED.to_owned()),
            Some(schema) => {
                let server: Option<&DatabaseUrl> =
                    server(host).filter(|_| dialect == Dialect::Postgres);
                let differences = undeclared(server, &tried.scratch, &schema).await?;
                Ok(Declared::new(schema.file, differences))
            }
        };
        Ok(Compared { dialect, outcome })
    }

    async fn prove(
        &self,
        host: &dyn Host,
        name: &'static str,
        scratch: Result<Scratch, DbError>,
        stop: CancellationToken,
    ) -> Result<Tried, (&'static str, MigrateError)> {
        let scratch = scratch.map_err(|error| (name, error.into()))?;
        let proven = async {
            let set = self.common.set_of(host, scratch.dialect())?;
            let verified = verify(&scratch, &set, &SystemClock, stop).await?;
            Ok((set, verified))
        }
        .await;
        match proven {
            Ok((set, verified)) => Ok(Tried { name, scratch, set, verified }),
            Err(error) => {
                scratch.remove().await.map_err(|error| (name, error.into()))?;
                Err((name, error))
            }
        }
    }
}

impl Report {
    fn is_well(&self) -> bool {
        self.proofs.iter().all(|proven| proven.proof.differences.is_empty())
            && self.declared.iter().all(Compared::is_well)
            && self.agreement.as_ref().map_or(true, |found| found.differences.is_empty())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.proofs.iter().try_for_each(|proven| write!(f, "{proven}"))?;
        self.declared.iter().try_for_each(|compared| write!(f, "{compared}"))?;
        match &self.agreement {
            Err(why) => writeln!(f, "both      not compared: {why}"),
            Ok(found) if found.differences.is_empty() => {
                let meant = match found.excused.len() {
                    0 => String::new(),
                    number => format!(", but for {number} differences that are meant"),
                };
                writeln!(f, "both      the same logical schema{meant}")
            }
            Ok(found) => {
                let differences = found.differences.join("\n    ");
                writeln!(f, "both      different schemas:\n    {differences}")
            }
        }
    }
}

impl fmt::Display for DialectProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { database, proof } = self;
        write!(f, "{database:9} {}  {}: ", proof.version, proof.description)?;
        match (&proof.irreversible, proof.differences.is_empty()) {
            (Some(why), _) => write!(f, "not tried, irreversible: {why}"),
            (None, true) => {
                write!(f, "up/down/up round trip ok ({} rows)", proof.rows.values().sum::<usize>())
            }
            (None, false) => write!(f, "different:\n    {}", proof.differences.join("\n    ")),
        }?;
        proof.notes.iter().try_for_each(|note| write!(f, "\n    note: {note}"))?;
        writeln!(f)
    }
}
