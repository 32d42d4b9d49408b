//! What the schema's commands share: their options, the migrations they mean, and how they fail.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use crate::cli::output;
use crate::config::{Config, DatabaseUrl};
use crate::migrate::{Dialect, MigrateError, MigrationSet};

/// Exit code when the database cannot be read.
pub(super) const UNREACHABLE: u8 = 12;
/// Exit code of a wrong command line, as `clap` has it.
pub(super) const USAGE: u8 = 2;

/// Options of every command.
#[derive(Debug, clap::Args)]
pub(super) struct Common {
    /// Print one JSON document
    #[arg(long)]
    pub(super) json: bool,
    /// Take the migrations from a folder (with postgres/ and sqlite/ in it, or of one database) instead of
    /// from the program
    #[arg(long, value_name = "FOLDER")]
    pub(super) migrations: Option<PathBuf>,
}

impl Common {
    /// The migrations of the database's kind.
    pub(super) fn set(&self, url: &DatabaseUrl) -> Result<MigrationSet, MigrateError> {
        self.set_of(Dialect::of(url))
    }

    /// The migrations of one kind. Those of a folder come without tables that a program needs.
    pub(super) fn set_of(&self, dialect: Dialect) -> Result<MigrationSet, MigrateError> {
        match &self.migrations {
            None => MigrationSet::embedded(dialect),
            Some(folder) => MigrationSet::from_directory(&below(folder, dialect)),
        }
    }

    /// Says what failed, on standard error and, where it was asked for, as a document.
    pub(super) fn fail(&self, message: &str, code: u8) -> anyhow::Result<ExitCode> {
        fail(self.json, message, code)
    }

    /// As [`Common::fail`], with the error's own exit code.
    pub(super) fn fail_with(&self, error: &MigrateError) -> anyhow::Result<ExitCode> {
        self.fail(&error.to_string(), error.exit_code())
    }
}

/// Says what failed, on standard error and, where it was asked for, as a document.
pub(super) fn fail(as_json: bool, message: &str, code: u8) -> anyhow::Result<ExitCode> {
    eprintln!("{message}");
    if as_json {
        output::json(&json!({ "error": { "message": message, "exit_code": code } }))?;
    }
    Ok(ExitCode::from(code))
}

fn below(folder: &Path, dialect: Dialect) -> PathBuf {
    let own = folder.join(match dialect {
        Dialect::Postgres => "postgres",
        Dialect::Sqlite => "sqlite",
    });
    if own.is_dir() { own } else { folder.to_owned() }
}

/// The database that migrations are about.
pub(super) fn url(config: &Config) -> &DatabaseUrl {
    &config.migrate_database_url
}
