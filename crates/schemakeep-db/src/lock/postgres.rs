//! PostgreSQL's lock: the session-level advisory lock that sqlx takes, so that its command line and this
//! program keep each other out.
//!
//! Such a lock belongs to a backend. A pooler that changes backends between transactions would leave it on a
//! backend that others use. Three guards: [`refuse_pooler`] before it is taken, [`Held::assert`] in
//! each migration's transaction, and an unlock before the refusal.

use super::Attempt;
use crate::connection::Session;
use crate::{DatabaseUrl, DbError};

/// How often an unlock is tried through a pooler that may answer from another backend.
const UNLOCK_TRIES: u32 = 20;

/// The name of the lock in one database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key(i64);

/// The lock, held by a backend.
#[derive(Debug)]
pub struct Held {
    key: Key,
    backend: String,
}

impl Key {
    pub(super) async fn of_database(session: &mut Session) -> Result<Self, DbError> {
        let name = session.value("SELECT CAST(current_database() AS text)").await;
        let name = name.map_err(DbError::database("reading the database's name"))?;
        Ok(Self::of_name(&name.unwrap_or_default()))
    }

    /// The number that sqlx computes from the database's name: its CRC-32 times a constant of sqlx.
    fn of_name(name: &str) -> Self {
        Self(0x3d32_ad9e * i64::from(crc32fast::hash(name.as_bytes())))
    }

    /// The rows of `pg_locks` for this lock: a 64-bit key is shown as two halves, with `objsubid` 1.
    fn in_pg_locks(self) -> String {
        format!(
            "locktype = 'advisory' AND granted AND objsubid = 1 \
             AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) \
             AND classid = CAST({} AS oid) AND objid = CAST({} AS oid)",
            (self.0 >> 32) & 0xffff_ffff,
            self.0 & 0xffff_ffff
        )
    }

    /// Tries once.
    pub(super) async fn attempt(self, session: &mut Session) -> Result<Attempt<Held>, DbError> {
        let doing = || DbError::database("taking the migration lock");
        let query = format!(
            "SELECT CASE WHEN pg_try_advisory_lock({}) THEN CAST(pg_backend_pid() AS text) END",
            self.0
        );
        if let Some(backend) = session.value(query).await.map_err(doing())? {
            return Ok(Attempt::Had(Held { key: self, backend }));
        }
        let holder = self.holder(session).await?;
        Ok(Attempt::HeldBy(holder.unwrap_or_else(|| "a session that has just ended".to_owned())))
    }

    /// Who holds the lock, if anybody does.
    pub(super) async fn holder(self, session: &mut Session) -> Result<Option<String>, DbError> {
        // A role without the right to see others' sessions gets no application_name.
        let holder = format!(
            "SELECT 'pid ' || l.pid || ' (' || coalesce(nullif(a.application_name, ''), 'unknown program') \
             || ')' || coalesce(', connected for ' || \
             CAST(extract(epoch FROM clock_timestamp() - a.backend_start) AS bigint) || ' s', '') \
             FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
             WHERE {}",
            self.in_pg_locks()
        );
        session.value(holder).await.map_err(DbError::database("looking for the lock's holder"))
    }
}

impl Held {
    pub(super) fn backend(&self) -> &str {
        &self.backend
    }

    pub(super) async fn assert(&self, session: &mut Session) -> Result<(), DbError> {
        let query = format!(
            "SELECT CAST(pg_backend_pid() AS text), (SELECT 'held' FROM pg_catalog.pg_locks \
             WHERE pid = pg_backend_pid() AND {})",
            self.key.in_pg_locks()
        );
        let rows = session.rows(query).await;
        let rows = rows.map_err(DbError::database("checking the migration lock"))?;
        match rows.first().map(Vec::as_slice) {
            Some([Some(backend), Some(_)]) if *backend == self.backend => Ok(()),
            _ => Err(DbError::Pooled {
                cause: format!("backend {} took it, and another one answers now", self.backend),
            }),
        }
    }

    /// Gives the lock back. Through a pooler another backend may answer, so it is tried until the one
    /// that holds it does.
    pub(super) async fn release(&self, session: &mut Session) {
        let unlock = format!(
            "SELECT CASE WHEN CAST(pg_backend_pid() AS text) = '{}' \
             THEN CAST(pg_advisory_unlock({}) AS text) END",
            self.backend, self.key.0
        );
        for _ in 0..UNLOCK_TRIES {
            match session.value(unlock.clone()).await {
                Ok(None) => {}
                Ok(Some(_)) => return,
                Err(error) => {
                    tracing::debug!(%error, "the migration lock ends with its connection");
                    return;
                }
            }
        }
        tracing::warn!(
            pid = self.backend,
            "the migration lock stays with a pooled backend; end that backend"
        );
    }
}

/// Refuses a connection that does not stay with one backend.
///
/// The first connection leaves a mark in its session. A second one opens a transaction, which holds one
/// backend fast, and looks for the mark: seeing it means that both share that backend. Meanwhile the first
/// looks again: not seeing it means that it was given another backend. A direct connection, or a
/// pooler in session mode, always passes. A busy pooler may pass by luck; [`Held::assert`] catches that.
pub(super) async fn refuse_pooler(url: &DatabaseUrl, session: &mut Session) -> Result<(), DbError> {
    const LOOK: &str = "SELECT current_setting('schemakeep.mark', true)";
    let doing = || DbError::database("checking the migration connection");
    let mark = format!("{:032x}", rand::random::<u128>());
    let set = |value: &str| format!("SELECT set_config('schemakeep.mark', '{value}', false)");
    session.execute(set(&mark)).await.map_err(doing())?;

    let Ok(mut other) = Session::to_write(url).await else {
        // Out of connections: then only the second guard stands.
        tracing::debug!("no second connection to look for a pooler with");
        return Ok(());
    };
    other.execute("BEGIN").await.map_err(doing())?;
    let shared = other.value(LOOK).await.map_err(doing())?.as_deref() == Some(mark.as_str());
    let kept = if shared {
        // The one backend may be the only one: the first connection would wait for it.
        true
    } else {
        session.value(LOOK).await.map_err(doing())?.as_deref() == Some(mark.as_str())
    };
    if shared {
        other.execute(set("")).await.map_err(doing())?;
    }
    other.execute("COMMIT").await.map_err(doing())?;
    other.close().await;
    if shared || !kept {
        let cause =
            "the connection goes through a pooler that changes backends between transactions";
        return Err(DbError::Pooled { cause: cause.to_owned() });
    }
    session.execute(set("")).await.map_err(doing())
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn key_is_that_of_sqlx() {
        // CRC-32 of "123456789" is the algorithm's published check value.
        assert_eq!(Key::of_name("123456789").0, 0x3d32_ad9e * 0xcbf4_3926_i64);
    }
}
