//! `taskmanager backup …`: copies of the database, a file a command.

mod common;
mod create;
mod list;
mod prune;
mod verify;

use std::process::ExitCode;

use clap::Subcommand;

use crate::Host;
use crate::host::beside_sweep;

/// Make, list, verify and remove backups of the database
#[derive(Debug, Subcommand)]
pub enum Backup {
    Create(create::Args),
    List(list::Args),
    Verify(verify::Args),
    Prune(prune::Args),
}

impl Backup {
    pub async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        match self {
            Self::Create(args) => args.run(host).await,
            Self::List(args) => args.run(host),
            Self::Verify(args) => beside_sweep(host, Box::pin(args.run(host))).await,
            Self::Prune(args) => beside_sweep(host, Box::pin(args.run(host))).await,
        }
    }
}
