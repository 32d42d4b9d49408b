//! One consistent look at a database: record and catalogue together.

use super::session::Session;
use super::state::{StateReport, state};
use super::{Dialect, MigrationSet, catalog, foreign, record};

/// What one look saw.
pub(super) struct Reading {
    pub(super) report: StateReport,
    pub(super) record: record::Record,
}

impl Reading {
    /// What an SQLite file that is not there yet holds.
    pub(super) fn of_nothing(set: &MigrationSet) -> Self {
        Self::new(set, record::Record::default(), &catalog::Tables::new())
    }

    fn new(set: &MigrationSet, record: record::Record, present: &catalog::Tables) -> Self {
        let missing = catalog::missing(set.required(), present);
        Self { report: state(set.migrations(), &record, &missing), record }
    }

    /// Looks once, in one read-only transaction, so that a migration that commits meanwhile is seen
    /// whole or not at all. A failure leaves the connection in an unknown state: drop it.
    pub(super) async fn take(
        session: &mut Session,
        set: &MigrationSet,
    ) -> Result<Self, sqlx::Error> {
        let begin = match session.dialect() {
            Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Dialect::Sqlite => "BEGIN",
        };
        session.execute(begin).await?;
        let mut record = record::read(session).await?;
        let present = catalog::present(session, set.required()).await?;
        if record.rows.is_empty() {
            record.foreign = foreign::read(session, set.required(), &present).await?;
        }
        session.execute("ROLLBACK").await?;
        Ok(Self::new(set, record, &present))
    }
}
