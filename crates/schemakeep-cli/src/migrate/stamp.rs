//! `taskmanager migrate stamp` and `repair`: the record is changed, and the schema is not.

use std::process::ExitCode;

use super::common::Common;
use super::session::{Changes, Operating, print};
use crate::Host;

/// Record migrations up to a version without running them, for a database that something else has made
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Checks first that the schema has what this program uses. Exit codes: 0 done, 1 failed, 2 wrong version, 5, 6 or 8 the state allows it not, 7 the schema does not fit, 9 migration lock unavailable, 12 database unreachable.\n\nExample:\n  taskmanager migrate stamp 20261121144946"
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// The last version to record
    version: i64,
}

/// Fix the record of one version: accept its file as it is now, or clear a step that stopped partway
#[derive(Debug, clap::Args)]
#[command(
    after_help = "What is done is logged with who and why. Exit codes: 0 done, 1 nothing to fix or failed, 9 migration lock unavailable, 12 database unreachable.\n\nExample:\n  taskmanager migrate repair 20261121090200 --reason \"comment corrected, same statements\""
)]
pub struct Repair {
    #[command(flatten)]
    common: Common,
    /// The version
    version: i64,
    /// Why this is right
    #[arg(long, value_name = "WHY")]
    reason: String,
}

impl Args {
    pub(crate) async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        let operating = match Operating::new(&self.common, host)? {
            Ok(operating) => operating,
            Err(error) => return self.common.fail_with(&error),
        };
        match operating
            .watched(&self.common, Box::pin(operating.operation().stamp(self.version)))
            .await
        {
            Ok(outcome) => print(&self.common, &operating, outcome, Changes::Stamped),
            Err(error) => self.common.fail_with(&error),
        }
    }
}

impl Repair {
    pub(crate) async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        let operating = match Operating::new(&self.common, host)? {
            Ok(operating) => operating,
            Err(error) => return self.common.fail_with(&error),
        };
        match operating
            .watched(
                &self.common,
                Box::pin(operating.operation().repair(self.version, &self.reason)),
            )
            .await
        {
            Ok(outcome) => print(&self.common, &operating, outcome, Changes::Repaired),
            Err(error) => self.common.fail_with(&error),
        }
    }
}
