//! `taskmanager backup …`: copies of the database, a file a command.

mod common;
mod create;
mod list;
mod prune;
mod run;
mod verify;

use std::process::ExitCode;

use clap::Subcommand;

use crate::config::Config;

/// Make, list, verify and remove backups of the database
#[derive(Debug, Subcommand)]
pub(super) enum Backup {
    Create(create::Args),
    List(list::Args),
    Verify(verify::Args),
    Prune(prune::Args),
    Run(run::Args),
}

impl Backup {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        match self {
            Self::Create(args) => args.run(config).await,
            Self::List(args) => args.run(config),
            Self::Verify(args) => args.run(config).await,
            Self::Prune(args) => args.run(config).await,
            Self::Run(args) => args.run(config).await,
        }
    }
}
