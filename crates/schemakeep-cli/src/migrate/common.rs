//! What the schema's commands share: their options, the migrations they mean, and how they fail.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::Host;
use crate::output;
use schemakeep::desired::DesiredSchema;
use schemakeep::shadow::RehearsalSettings;
use schemakeep::{Dialect, MigrateError, MigrationSet, Step};
use schemakeep_db::DatabaseUrl;

/// Exit code when the database cannot be read.
pub(crate) const UNREACHABLE: u8 = 12;
/// Exit code of a wrong command line, as `clap` has it.
pub(crate) const USAGE: u8 = 2;

/// Options of every command.
#[derive(Debug, clap::Args)]
pub(crate) struct Common {
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
    /// Take the migrations from a folder (with postgres/ and sqlite/ in it, or of one database) instead of
    /// from the program
    #[arg(long, value_name = "FOLDER")]
    pub(crate) migrations: Option<PathBuf>,
}

impl Common {
    /// The migrations of the database's kind.
    pub(crate) fn set(
        &self,
        host: &dyn Host,
        url: &DatabaseUrl,
    ) -> Result<MigrationSet, MigrateError> {
        self.set_of(host, url.dialect())
    }

    /// The migrations of one kind. Those of a folder come without tables that a program needs.
    pub(crate) fn set_of(
        &self,
        host: &dyn Host,
        dialect: Dialect,
    ) -> Result<MigrationSet, MigrateError> {
        match &self.migrations {
            None => host.migrations(dialect),
            Some(folder) => MigrationSet::from_directory(&below(folder, dialect)),
        }
    }

    /// Says what failed, on standard error and, where it was asked for, as a document.
    pub(crate) fn fail(&self, message: &str, code: u8) -> anyhow::Result<ExitCode> {
        fail(self.json, message, code)
    }

    /// As [`Common::fail`], with the error's own exit code.
    pub(crate) fn fail_with(&self, error: &MigrateError) -> anyhow::Result<ExitCode> {
        self.fail(&error.to_string(), error.exit_code())
    }
}

/// Where it is said which schema the migrations must reach.
#[derive(Debug, clap::Args)]
pub(crate) struct DeclaredIn {
    /// Take the declared schema from a folder (with postgres.sql and sqlite.sql in it) instead of from the program
    #[arg(long, value_name = "FOLDER")]
    schema: Option<PathBuf>,
}

/// What is said where the migrations are a folder's and no schema is given.
pub(crate) const NOTHING_DECLARED: &str =
    "nothing is declared for the migrations of a folder: --schema FOLDER says what they must reach";

impl DeclaredIn {
    /// The declared schema of a dialect. The program's own is no measure for the migrations of a folder.
    pub(crate) fn of(
        &self,
        host: &dyn Host,
        common: &Common,
        dialect: Dialect,
    ) -> Result<Option<DesiredSchema>, MigrateError> {
        match (&self.schema, &common.migrations) {
            (Some(folder), _) => Ok(DesiredSchema::from_folder(folder, dialect).map(Some)?),
            (None, Some(_)) => Ok(None),
            (None, None) => Ok(Some(host.desired_schema(dialect))),
        }
    }
}

/// A server on which PostgreSQL's migrations can be tried.
pub(crate) fn server(host: &dyn Host) -> Option<&DatabaseUrl> {
    let rehearsal = host.rehearsal_url();
    [rehearsal, Some(host.url())]
        .into_iter()
        .flatten()
        .find(|url| url.dialect() == Dialect::Postgres)
}

/// Says what failed, on standard error and, where it was asked for, as a document.
pub(crate) fn fail(as_json: bool, message: &str, code: u8) -> anyhow::Result<ExitCode> {
    fail_after(as_json, None, message, code)
}

/// As [`fail`], with the steps before it in the document.
pub(crate) fn fail_after(
    as_json: bool,
    steps: Option<&[Step]>,
    message: &str,
    exit_code: u8,
) -> anyhow::Result<ExitCode> {
    eprintln!("{message}");
    if as_json {
        output::json(&Failed { error: Failure { message, exit_code }, steps })?;
    }
    Ok(ExitCode::from(exit_code))
}

#[derive(Serialize)]
struct Failed<'a> {
    error: Failure<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<&'a [Step]>,
}

#[derive(Serialize)]
struct Failure<'a> {
    message: &'a str,
    exit_code: u8,
}

fn below(folder: &Path, dialect: Dialect) -> PathBuf {
    let own = folder.join(dialect.as_str());
    if own.is_dir() { own } else { folder.to_owned() }
}

/// Where migrations are rehearsed.
pub(crate) fn rehearsal_settings(host: &dyn Host, stop: CancellationToken) -> RehearsalSettings {
    let (url, rehearsal_url) = (host.url().clone(), host.rehearsal_url().cloned());
    RehearsalSettings { url, rehearsal_url, stop }
}
