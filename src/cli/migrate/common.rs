//! What the schema's commands share: their options, the migrations they mean, and how they fail.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use crate::cli::output;
use crate::config::{Config, DatabaseUrl};
use crate::program;
use schemakeep::desired::DesiredSchema;
use schemakeep::{Dialect, MigrateError, MigrationSet};

/// Exit code when the database cannot be read.
pub(in crate::cli) const UNREACHABLE: u8 = 12;
/// Exit code of a wrong command line, as `clap` has it.
pub(in crate::cli) const USAGE: u8 = 2;

/// Options of every command.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Common {
    /// Print one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Take the migrations from a folder (with postgres/ and sqlite/ in it, or of one database) instead of
    /// from the program
    #[arg(long, value_name = "FOLDER")]
    pub(in crate::cli) migrations: Option<PathBuf>,
}

impl Common {
    /// The migrations of the database's kind.
    pub(in crate::cli) fn set(&self, url: &DatabaseUrl) -> Result<MigrationSet, MigrateError> {
        self.set_of(url.dialect())
    }

    /// The migrations of one kind. Those of a folder come without tables that a program needs.
    pub(in crate::cli) fn set_of(&self, dialect: Dialect) -> Result<MigrationSet, MigrateError> {
        match &self.migrations {
            None => program::migrations(dialect),
            Some(folder) => MigrationSet::from_directory(&below(folder, dialect)),
        }
    }

    /// Says what failed, on standard error and, where it was asked for, as a document.
    pub(in crate::cli) fn fail(&self, message: &str, code: u8) -> anyhow::Result<ExitCode> {
        fail(self.json, message, code)
    }

    /// As [`Common::fail`], with the error's own exit code.
    pub(in crate::cli) fn fail_with(&self, error: &MigrateError) -> anyhow::Result<ExitCode> {
        self.fail(&error.to_string(), error.exit_code())
    }
}

/// Where it is said which schema the migrations must reach.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct DeclaredIn {
    /// Take the declared schema from a folder (with postgres.sql and sqlite.sql in it) instead of from the program
    #[arg(long, value_name = "FOLDER")]
    schema: Option<PathBuf>,
}

/// What is said where the migrations are a folder's and no schema is given.
pub(in crate::cli) const NOTHING_DECLARED: &str =
    "nothing is declared for the migrations of a folder: --schema FOLDER says what they must reach";

impl DeclaredIn {
    /// The declared schema of a dialect. The program's own is no measure for the migrations of a folder.
    pub(in crate::cli) fn of(
        &self,
        common: &Common,
        dialect: Dialect,
    ) -> Result<Option<DesiredSchema>, MigrateError> {
        match (&self.schema, &common.migrations) {
            (Some(folder), _) => Ok(DesiredSchema::from_folder(folder, dialect).map(Some)?),
            (None, Some(_)) => Ok(None),
            (None, None) => Ok(Some(program::desired_schema(dialect))),
        }
    }
}

/// A server on which PostgreSQL's migrations can be tried.
pub(in crate::cli) fn server(config: &Config) -> Option<&DatabaseUrl> {
    let rehearsal = config.safety.rehearsal_database_url.as_ref();
    [rehearsal, Some(url(config))]
        .into_iter()
        .flatten()
        .find(|url| url.dialect() == Dialect::Postgres)
}

/// The name of a dialect in lists, documents and folders.
pub(in crate::cli) fn word(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "postgres",
        Dialect::Sqlite => "sqlite",
    }
}

/// Says what failed, on standard error and, where it was asked for, as a document.
pub(in crate::cli) fn fail(as_json: bool, message: &str, code: u8) -> anyhow::Result<ExitCode> {
    eprintln!("{message}");
    if as_json {
        output::json(&json!({ "error": { "message": message, "exit_code": code } }))?;
    }
    Ok(ExitCode::from(code))
}

fn below(folder: &Path, dialect: Dialect) -> PathBuf {
    let own = folder.join(word(dialect));
    if own.is_dir() { own } else { folder.to_owned() }
}

/// The database that migrations are about.
pub(in crate::cli) fn url(config: &Config) -> &DatabaseUrl {
    &config.migrate_database_url
}
