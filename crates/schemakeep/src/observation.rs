//! One consistent look at a database: record and catalogue together.

use schemakeep_db::DatabaseUrl;

use super::connection::{Purpose, Session};
use super::history::read::{self, SchemaHistory};
use super::history::{self, Line};
use super::schema::{self, Schema};
use super::state::{StateReport, state};
use super::{Dialect, MigrationSet, required, unmanaged};

/// Looks once. SQLite opens anything, and only reading shows that a file is no database.
pub(super) async fn look(
    url: &DatabaseUrl,
    set: &MigrationSet,
) -> Result<Observation, sqlx::Error> {
    let Some(mut session) = Session::to_read(url, Purpose::Migrate).await? else {
        return Ok(Observation::of_nothing(set));
    };
    let reading = Observation::take(&mut session, set).await?;
    session.close().await;
    Ok(reading)
}

pub(super) struct Observation {
    pub(super) report: StateReport,
    pub(super) record: SchemaHistory,
}

impl Observation {
    /// What an SQLite file that is not there yet holds.
    pub(super) fn of_nothing(set: &MigrationSet) -> Self {
        Self::new(set, SchemaHistory::default(), &required::Tables::new())
    }

    fn new(set: &MigrationSet, record: SchemaHistory, present: &required::Tables) -> Self {
        let missing = required::missing(set.required(), present);
        Self { report: state(set.migrations(), &record, &missing), record }
    }

    /// Looks once, in one read-only transaction, so that a migration that commits meanwhile is seen
    /// whole or not at all. A failure leaves the connection in an unknown state: drop it.
    pub(super) async fn take(
        session: &mut Session,
        set: &MigrationSet,
    ) -> Result<Self, sqlx::Error> {
        session.execute(begin(session)).await?;
        let reading = Self::look(session, set).await?;
        session.execute("ROLLBACK").await?;
        Ok(reading)
    }

    /// As [`take`](Self::take), with the history of the same moment.
    pub(super) async fn take_with_history(
        session: &mut Session,
        set: &MigrationSet,
    ) -> Result<(Self, Vec<Line>), sqlx::Error> {
        session.execute(begin(session)).await?;
        let reading = Self::look(session, set).await?;
        let lines = history::of_schema_history(session, set, &reading.record).await?;
        session.execute("ROLLBACK").await?;
        Ok((reading, lines))
    }

    /// As [`take`](Self::take), with everything that is in the schema at the same moment.
    pub(super) async fn take_with_schema(
        session: &mut Session,
        set: &MigrationSet,
    ) -> Result<(Self, Schema), sqlx::Error> {
        session.execute(begin(session)).await?;
        let reading = Self::look(session, set).await?;
        let schema = schema::read_in_transaction(session).await?;
        session.execute("ROLLBACK").await?;
        Ok((reading, schema))
    }

    async fn look(session: &mut Session, set: &MigrationSet) -> Result<Self, sqlx::Error> {
        let mut record = read::read(session).await?;
        let present = required::present(session, set.required()).await?;
        if record.rows.is_empty() {
            record.foreign = unmanaged::read(session, set.required(), &present).await?;
        }
        Ok(Self::new(set, record, &present))
    }
}

/// Begins a transaction that sees one moment.
fn begin(session: &Session) -> &'static str {
    match session.dialect() {
        Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        Dialect::Sqlite => "BEGIN",
    }
}
