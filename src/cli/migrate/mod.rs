//! `taskmanager migrate …`: the schema's commands, a file each.

mod check;
pub(super) mod common;
mod declared;
mod diff;
mod differing;
mod doctor;
mod down;
mod drift;
mod history;
mod lint;
mod new;
mod operating;
mod plan;
mod stamp;
mod status;
mod up;
mod verify;

use std::process::ExitCode;

use clap::Subcommand;

use crate::config::Config;

/// See and change which schema the database has
#[derive(Debug, Subcommand)]
pub(super) enum Migrate {
    Status(status::Args),
    History(history::Args),
    Plan(plan::Args),
    Up(up::Args),
    Down(down::Args),
    Redo(down::Redo),
    Reset(down::Reset),
    Stamp(stamp::Args),
    Repair(stamp::Repair),
    New(new::Args),
    Diff(diff::Args),
    Check(check::Args),
    Drift(drift::Args),
    Lint(lint::Args),
    Verify(verify::Args),
    Doctor(doctor::Args),
}

impl Migrate {
    /// Whether files of the project are written.
    pub(super) fn writes_sources(&self) -> bool {
        matches!(self, Self::New(_) | Self::Diff(_))
    }

    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        match self {
            Self::Status(args) => args.run(config).await,
            Self::History(args) => args.run(config).await,
            Self::Plan(args) => args.run(config).await,
            Self::Up(args) => args.run(config).await,
            Self::Down(args) => args.run(config).await,
            Self::Redo(args) => args.run(config).await,
            Self::Reset(args) => args.run(config).await,
            Self::Stamp(args) => args.run(config).await,
            Self::Repair(args) => args.run(config).await,
            Self::Verify(args) => args.run(config).await,
            Self::New(args) => args.run(),
            Self::Diff(args) => args.run(config).await,
            Self::Check(args) => args.run(config).await,
            Self::Drift(args) => args.run(config).await,
            Self::Lint(args) => args.run(config),
            Self::Doctor(args) => args.run(config).await,
        }
    }
}
