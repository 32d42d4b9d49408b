//! `taskmanager migrate verify`: every migration up, down and up again, on a scratch database.

use std::process::ExitCode;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::common::{Common, url};
use crate::cli::output;
use crate::config::{Config, DatabaseKind};
use crate::domain::SystemClock;
use crate::migrate::MigrateError;
use crate::migrate::scratch::Scratch;
use crate::migrate::verify::{Proof, verify};
use crate::shutdown::Shutdown;

/// Prove on a scratch database that every migration can be undone and done again
///
/// For SQLite in a temporary file, always; for PostgreSQL in a database of its own beside that of `DATABASE_URL`,
/// where that is a server and the role may create databases.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 proven, 1 something is different or failed.\n\nExample:\n  taskmanager migrate verify"
)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    common: Common,
}

impl Args {
    pub(in crate::cli) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let shutdown = Shutdown::from_signals()?;
        let mut proven = Vec::new();
        let mut scratches = vec![("sqlite", Scratch::in_file())];
        if url(config).kind() == DatabaseKind::Postgres {
            scratches.push(("postgres", Scratch::create(url(config)).await));
        }
        for (name, scratch) in scratches {
            match self.prove(scratch, shutdown.draining_token()).await {
                Ok(proofs) => proven.push((name, proofs)),
                Err(error) => {
                    return self.common.fail(&format!("{name}: {error}"), error.exit_code());
                }
            }
        }
        if self.common.json {
            let documents = proven
                .iter()
                .flat_map(|(name, proofs)| proofs.iter().map(move |proof| document(name, proof)));
            output::json(&json!({ "proofs": documents.collect::<Vec<_>>() }))?;
        } else {
            let lines = proven
                .iter()
                .flat_map(|(name, proofs)| proofs.iter().map(move |proof| text(name, proof)));
            output::text(&lines.collect::<String>())?;
        }
        let well = proven.iter().all(|(_, proofs)| proofs.iter().all(|p| p.differences.is_empty()));
        Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn prove(
        &self,
        scratch: Result<Scratch, MigrateError>,
        stop: CancellationToken,
    ) -> Result<Vec<Proof>, MigrateError> {
        let scratch = scratch?;
        let proofs = match self.common.set_of(scratch.dialect()) {
            Ok(set) => verify(&scratch, &set, &SystemClock, stop).await,
            Err(error) => Err(error),
        };
        scratch.remove().await?;
        proofs
    }
}

fn document(database: &str, proof: &Proof) -> serde_json::Value {
    json!({
        "database": database,
        "version": proof.version,
        "description": proof.description,
        "differences": proof.differences,
        "irreversible": proof.irreversible,
    })
}

fn text(database: &str, proof: &Proof) -> String {
    let verdict = match (&proof.irreversible, proof.differences.is_empty()) {
        (Some(why), _) => format!("not tried, irreversible: {why}"),
        (None, true) => "up, down, up: the same".to_owned(),
        (None, false) => format!("different:\n    {}", proof.differences.join("\n    ")),
    };
    format!("{database:9} {}  {}: {verdict}\n", proof.version, proof.description)
}
