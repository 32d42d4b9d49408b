//! What the commands of the engine ask of this service.

use std::path::PathBuf;

use schemakeep::verify::Excuse;
use schemakeep::{MigrateError, MigrateMode, MigrationSet, MigratorOptions};
use schemakeep_cli::Host;
use schemakeep_db::{DatabaseUrl, Dialect};
use schemakeep_schema::DesiredSchema;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Source, variable};
use crate::program;
use crate::shutdown::Shutdown;
use crate::telemetry::logging;

impl Host for Config {
    fn url(&self) -> &DatabaseUrl {
        &self.migrate_database_url
    }

    fn mode(&self) -> MigrateMode {
        self.migrate
    }

    fn rehearsal_url(&self) -> Option<&DatabaseUrl> {
        self.safety.rehearsal_database_url.as_ref()
    }

    fn backup_folder(&self, url: &DatabaseUrl) -> PathBuf {
        self.safety.backup_folder(url)
    }

    fn backup_keep(&self) -> usize {
        self.safety.backup_keep
    }

    fn migrator_options(&self, stop: CancellationToken) -> MigratorOptions {
        program::migrator_options(self, stop)
    }

    fn migrations(&self, dialect: Dialect) -> Result<MigrationSet, MigrateError> {
        program::migrations(dialect)
    }

    fn desired_schema(&self, dialect: Dialect) -> DesiredSchema {
        program::desired_schema(dialect)
    }

    fn meant_differences(
        &self,
        postgres: &MigrationSet,
        sqlite: &MigrationSet,
    ) -> Result<&'static [Excuse], MigrateError> {
        program::meant_differences(postgres, sqlite)
    }

    fn start_logging(&self, filter: &str) -> anyhow::Result<()> {
        let is_default = self.source_of(&variable::RUST_LOG) == Source::Default;
        logging::init(self.log_format, if is_default { filter } else { &self.rust_log })?;
        Ok(())
    }

    fn stop_token(&self) -> anyhow::Result<CancellationToken> {
        Ok(Shutdown::from_signals()?.draining_token())
    }
}
