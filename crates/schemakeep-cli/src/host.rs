use std::path::PathBuf;

use schemakeep::verify::Excuse;
use schemakeep::{MigrateError, MigrateMode, MigrationSet, MigratorOptions};
use schemakeep_db::{DatabaseUrl, Dialect, leftovers};
use schemakeep_schema::DesiredSchema;
use tokio_util::sync::CancellationToken;

/// The program that the commands are part of, and what its configuration says.
pub trait Host: Sync {
    /// The database that migrations are about.
    fn url(&self) -> &DatabaseUrl;
    /// What a start does about a schema that is behind.
    fn mode(&self) -> MigrateMode;
    /// A database to rehearse on, where one is set.
    fn rehearsal_url(&self) -> Option<&DatabaseUrl>;
    /// Where the backups of a database are.
    fn backup_folder(&self, url: &DatabaseUrl) -> PathBuf;
    /// How many valid backups stay, at least 1.
    fn backup_keep(&self) -> usize;
    /// How a start migrates.
    fn migrator_options(&self, stop: CancellationToken) -> MigratorOptions;
    /// The migrations that the program carries.
    fn migrations(&self, dialect: Dialect) -> Result<MigrationSet, MigrateError>;
    /// The schema that they must reach.
    fn desired_schema(&self, dialect: Dialect) -> DesiredSchema;
    /// Differences between the schemas of two sets of migrations, one a dialect, that are meant.
    fn meant_differences(
        &self,
        postgres: &MigrationSet,
        sqlite: &MigrationSet,
    ) -> Result<&'static [Excuse], MigrateError>;
    /// Logs to standard error: what this filter lets through, unless the configuration has a filter of its own.
    fn start_logging(&self, filter: &str) -> anyhow::Result<()>;
    /// Cancelled when the process is asked to stop.
    fn stop_token(&self) -> anyhow::Result<CancellationToken>;
}

/// Runs a command that only reads, and meanwhile removes the scratch databases of killed processes. Commands that
/// migrate do so by themselves, and `doctor` shows what is left.
pub(crate) async fn beside_sweep<T>(host: &dyn Host, command: impl Future<Output = T>) -> T {
    tokio::join!(command, leftovers::sweep_around(host.url())).0
}
