//! `taskmanager migrate verify`: every migration up, down and up again, on scratch databases with rows in them, and
//! one logical schema from both sets.

use schemakeep_db::DbError;
use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::common::{Common, DeclaredIn, NOTHING_DECLARED, server};
use super::declared::{self, Compared};
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

/// What is said in the end.
struct Outcome {
    proofs: Vec<(&'static str, Proof)>,
    declared: Vec<Compared>,
    /// Why the databases were not compared, otherwise.
    agreement: Result<Agreement, &'static str>,
}

impl Args {
    pub(crate) async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        let stop = host.stop_token()?;
        let mut tried = Vec::new();
        let outcome = self.outcome(host, &mut tried, stop).await;
        let mut left = Ok(());
        for database in tried {
            left = left.and(database.scratch.remove().await);
        }
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err((name, error)) => {
                return self.common.fail(&format!("{name}: {error}"), error.exit_code());
            }
        };
        if let Err(error) = left {
            return self.common.fail_with(&error.into());
        }
        if self.common.json {
            output::json(&outcome.document())?;
        } else {
            output::text(&outcome.text())?;
        }
        Ok(if outcome.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Tries each database; those tried are to be thrown away afterwards.
    async fn outcome(
        &self,
        host: &dyn Host,
        tried: &mut Vec<Tried>,
        stop: CancellationToken,
    ) -> Result<Outcome, (&'static str, MigrateError)> {
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
            tried.verified.proofs.iter().map(|proof| (tried.name, proof.clone()))
        });
        Ok(Outcome { proofs: proofs.collect(), declared, agreement })
    }

    /// Compares what all migrations have made with what is declared.
    async fn compared(&self, tried: &Tried, host: &dyn Host) -> Result<Compared, MigrateError> {
        let dialect = tried.scratch.dialect();
        let outcome = match self.declared.of(host, &self.common, dialect)? {
            _ if !tried.verified.at_last => declared::Outcome::Not(NOT_THERE.to_owned()),
            None => declared::Outcome::Not(NOTHING_DECLARED.to_owned()),
            Some(schema) => {
                let server: Option<&DatabaseUrl> =
                    server(host).filter(|_| dialect == Dialect::Postgres);
                let differences = undeclared(server, &tried.scratch, &schema).await?;
                declared::Outcome::Compared(schema.file, differences)
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

impl Outcome {
    fn is_well(&self) -> bool {
        self.proofs.iter().all(|(_, proof)| proof.differences.is_empty())
            && self.declared.iter().all(Compared::is_well)
            && self.agreement.as_ref().map_or(true, |found| found.differences.is_empty())
    }

    fn document(&self) -> Value {
        let proofs: Vec<_> =
            self.proofs.iter().map(|(database, proof)| document(database, proof)).collect();
        let agreement = match &self.agreement {
            Err(why) => json!({ "compared": false, "why": why }),
            Ok(found) => {
                let excused = found.excused.iter();
                let excused = excused.map(|e| json!({ "difference": e.difference, "why": e.why }));
                json!({
                    "compared": true,
                    "differences": found.differences,
                    "excused": excused.collect::<Vec<_>>(),
                })
            }
        };
        let declared: Vec<_> = self.declared.iter().map(Compared::document).collect();
        json!({ "proofs": proofs, "declared": declared, "agreement": agreement })
    }

    fn text(&self) -> String {
        let lines = self.proofs.iter().map(|(database, proof)| text(database, proof));
        let mut lines: String = lines.collect();
        lines.extend(self.declared.iter().map(Compared::text));
        let _ = match &self.agreement {
            Err(why) => writeln!(lines, "both      not compared: {why}"),
            Ok(found) if found.differences.is_empty() => {
                let meant = match found.excused.len() {
                    0 => String::new(),
                    number => format!(", but for {number} differences that are meant"),
                };
                writeln!(lines, "both      the same logical schema{meant}")
            }
            Ok(found) => {
                let differences = found.differences.join("\n    ");
                writeln!(lines, "both      different schemas:\n    {differences}")
            }
        };
        lines
    }
}

fn document(database: &str, proof: &Proof) -> Value {
    let rows = proof.rows.iter().map(|(table, rows)| (table.clone(), json!(rows)));
    json!({
        "database": database,
        "version": proof.version,
        "description": proof.description,
        "differences": proof.differences,
        "notes": proof.notes,
        "rows": rows.collect::<serde_json::Map<_, _>>(),
        "irreversible": proof.irreversible,
    })
}

fn text(database: &str, proof: &Proof) -> String {
    let rows: usize = proof.rows.iter().map(|(_, rows)| rows).sum();
    let verdict = match (&proof.irreversible, proof.differences.is_empty()) {
        (Some(why), _) => format!("not tried, irreversible: {why}"),
        (None, true) => format!("up/down/up round trip ok ({rows} rows)"),
        (None, false) => format!("different:\n    {}", proof.differences.join("\n    ")),
    };
    let notes: String =
        proof.notes.iter().flat_map(|note| ["\n    note: ", note.as_str()]).collect();
    format!("{database:9} {}  {}: {verdict}{notes}\n", proof.version, proof.description)
}
