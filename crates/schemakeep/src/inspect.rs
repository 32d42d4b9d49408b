//! Looking at the schema of a running service, again and again, without ever writing.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;

use super::connection::{FileIdentity, Purpose, Session};
use super::error::InspectError;
use super::history::{self, Line};
use super::observation::Observation;
use super::{MigrationSet, StateReport, metrics};
use schemakeep_db::DatabaseUrl;

/// Looks through one connection of its own, opened when needed and again after any failure.
#[derive(Debug)]
pub struct Inspector {
    url: DatabaseUrl,
    set: MigrationSet,
    purpose: Purpose,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    session: Session,
    /// Which file it was: another one may have been put in its place.
    file: Option<FileIdentity>,
}

impl Inspector {
    /// Opens nothing yet.
    #[must_use]
    pub fn new(url: DatabaseUrl, set: MigrationSet) -> Self {
        Self { url, set, purpose: Purpose::Inspect, open: Mutex::new(None) }
    }

    /// Names its connection as one of this instance of the service. A pooler shows the name of anyone who used its
    /// connection last, which must not hide the instance from a migrator.
    #[must_use]
    pub fn of_instance(self) -> Self {
        Self { purpose: Purpose::Serve, ..self }
    }

    /// Whether the database answers within the limit.
    ///
    /// # Errors
    ///
    /// [`InspectError`], when it does not.
    pub async fn ping(&self, limit: Duration) -> Result<(), InspectError> {
        within(limit, async {
            // A connection that broke while it was idle says nothing of the server: a new one does.
            match self.ping_once().await {
                Err(InspectError::Database(_)) => self.ping_once().await,
                answer => answer,
            }
        })
        .await
    }

    async fn ping_once(&self) -> Result<(), InspectError> {
        let mut open = self.open().await?.ok_or(InspectError::Absent)?;
        open.1.session.value("SELECT 'here'").await.map_err(InspectError::Database)?;
        open.keep();
        Ok(())
    }

    /// The state of the schema as it is now.
    ///
    /// # Errors
    ///
    /// [`InspectError`], when it cannot be read within the limit.
    pub async fn report(&self, limit: Duration) -> Result<StateReport, InspectError> {
        let look = async {
            let Some(mut open) = self.open().await? else {
                return Ok(Observation::of_nothing(&self.set).report);
            };
            let reading = Observation::take(&mut open.1.session, &self.set).await;
            let reading = reading.map_err(InspectError::Database)?;
            open.keep();
            Ok(reading.report)
        };
        within(limit, look).await
    }

    /// The state of the schema as it is now, and how it became so.
    ///
    /// # Errors
    ///
    /// [`InspectError`], when it cannot be read within the limit.
    pub async fn survey(&self, limit: Duration) -> Result<(StateReport, Vec<Line>), InspectError> {
        let look = async {
            let Some(mut open) = self.open().await? else {
                let report = Observation::of_nothing(&self.set).report;
                return Ok((report, history::of_nothing(&self.set)));
            };
            let survey = Observation::take_with_history(&mut open.1.session, &self.set).await;
            let (reading, lines) = survey.map_err(InspectError::Database)?;
            open.keep();
            Ok((reading.report, lines))
        };
        within(limit, look).await
    }

    /// Takes the connection out of its place, so that a failure, or a caller who goes away, drops it.
    async fn open(&self) -> Result<Option<Taken<'_>>, InspectError> {
        let mut place = self.open.lock().await;
        let file = FileIdentity::of(&self.url);
        if let Some(open) = place.take().filter(|open| open.file == file) {
            return Ok(Some(Taken(place, open)));
        }
        let session = Session::to_read(&self.url, self.purpose).await;
        let session = session.map_err(InspectError::Database)?;
        Ok(session.map(|session| Taken(place, Open { session, file })))
    }
}

/// The connection, and the place that it goes back to.
struct Taken<'a>(tokio::sync::MutexGuard<'a, Option<Open>>, Open);

impl Taken<'_> {
    fn keep(self) {
        let Self(mut place, open) = self;
        *place = Some(open);
    }
}

async fn within<T>(
    limit: Duration,
    look: impl Future<Output = Result<T, InspectError>>,
) -> Result<T, InspectError> {
    let outcome = timeout(limit, look).await.unwrap_or(Err(InspectError::TimedOut(limit)));
    metrics::database_up(outcome.is_ok());
    outcome
}

/// Reads the whole history, lowest version first.
///
/// # Errors
///
/// [`InspectError::Database`] when the database cannot be read.
pub async fn read_history(
    url: &DatabaseUrl,
    set: &MigrationSet,
) -> Result<Vec<Line>, InspectError> {
    let opened = Session::to_read(url, Purpose::Inspect).await.map_err(InspectError::Database)?;
    let Some(mut session) = opened else {
        return Ok(history::of_nothing(set));
    };
    let read = async {
        let record = history::read::read(&mut session).await?;
        history::of_schema_history(&mut session, set, &record).await
    };
    let read = read.await;
    session.close().await;
    read.map_err(InspectError::Database)
}
