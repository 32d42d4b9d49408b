//! `taskmanager migrate …`: the schema's commands, a file each.

mod check;
pub(super) mod common;
mod declared;
mod diff;
mod doctor;
mod down;
mod drift;
mod history;
mod lint;
mod new;
mod plan;
mod session;
mod stamp;
mod status;
mod up;
mod verify;

use std::process::ExitCode;

use clap::Subcommand;

use crate::Host;
use crate::host::beside_sweep;

/// See and change which schema the database has
#[derive(Debug, Subcommand)]
pub enum Migrate {
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
    pub fn writes_sources(&self) -> bool {
        matches!(self, Self::New(_) | Self::Diff(_))
    }

    pub async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        match self {
            Self::Status(args) => beside_sweep(host, Box::pin(args.run(host))).await,
            Self::History(args) => beside_sweep(host, Box::pin(args.run(host))).await,
            Self::Plan(args) => beside_sweep(host, Box::pin(args.run(host))).await,
            Self::Up(args) => args.run(host).await,
            Self::Down(args) => args.run(host).await,
            Self::Redo(args) => args.run(host).await,
            Self::Reset(args) => args.run(host).await,
            Self::Stamp(args) => args.run(host).await,
            Self::Repair(args) => args.run(host).await,
            Self::Verify(args) => args.run(host).await,
            Self::New(args) => args.run(),
            Self::Diff(args) => args.run(host).await,
            Self::Check(args) => args.run(host).await,
            Self::Drift(args) => args.run(host).await,
            Self::Lint(args) => args.run(host),
            Self::Doctor(args) => args.run(host).await,
        }
    }
}
