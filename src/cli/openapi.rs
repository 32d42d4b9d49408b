//! `taskmanager openapi`: the document that `/openapi.json` serves.

use std::process::ExitCode;

use crate::http;
use schemakeep_cli::output;

/// Print the OpenAPI 3.1 document as JSON
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Args {}

impl Args {
    #[expect(clippy::unused_self, reason = "every subcommand has the same form")]
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        output::json(&http::document())?;
        Ok(ExitCode::SUCCESS)
    }
}
