//! `taskmanager migrate new`: the four files of a new migration.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use super::common::{USAGE, fail};
use crate::output;
use schemakeep::create;
use schemakeep_db::{Clock, SystemClock};

/// Make the four files of a new migration: up and down, for each of the two databases
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 made, 2 a name or a folder that is not fit.\n\nExamples:\n  taskmanager migrate new add_labels_to_tasks\n  taskmanager migrate new \"add labels to tasks\""
)]
pub struct Args {
    /// A verb and an object, such as `add_labels_to_tasks`
    name: String,
    /// The folder that holds postgres/ and sqlite/
    #[arg(long, value_name = "FOLDER", default_value = "migrations")]
    migrations: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let files = match create(&self.migrations, &self.name, SystemClock.now()) {
            Ok(files) => files,
            Err(error) => return fail(self.json, &error.to_string(), USAGE),
        };
        output::report(self.json, &Report { files })?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Serialize)]
struct Report {
    files: Vec<PathBuf>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files.iter().try_for_each(|file| writeln!(f, "{}", file.display()))
    }
}
