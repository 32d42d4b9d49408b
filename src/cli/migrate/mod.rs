//! `taskmanager migrate …`: the schema's commands, a file each.

mod common;
mod doctor;
mod history;
mod lint;
mod new;
mod status;

use std::process::ExitCode;

use clap::Subcommand;

use crate::config::Config;

/// See and change which schema the database has
#[derive(Debug, Subcommand)]
pub(super) enum Migrate {
    Status(status::Args),
    History(history::Args),
    New(new::Args),
    Lint(lint::Args),
    Doctor(doctor::Args),
}

impl Migrate {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        match self {
            Self::Status(args) => args.run(config).await,
            Self::History(args) => args.run(config).await,
            Self::New(args) => args.run(),
            Self::Lint(args) => args.run(config),
            Self::Doctor(args) => args.run(config).await,
        }
    }
}
