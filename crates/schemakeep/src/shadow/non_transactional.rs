//! What cannot run in a transaction, seen from a second connection.
//!
//! `CREATE INDEX CONCURRENTLY` and its like end within milliseconds on a small table, and their locks with
//! them. So a third connection holds each table in SHARE UPDATE EXCLUSIVE mode, with which all of these
//! commands conflict: the statement has to wait for its lock, is seen waiting, and is let go. Locks that it
//! takes later on other tables are looked for every few milliseconds, and may be missed. Scans are those that
//! the server counts for the whole database, once the statement's backend has handed its counts over.

use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::database::identifier;
use super::execute::{Broken, Halt, LOCK_POLL_INTERVAL, Piece, Stage};
use super::observe::{Beginning, Locks, Look, Seen, locks, seen};
use schemakeep_db::connection::Session;

/// How long a statement that does not wait is waited for.
const NO_WAIT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a server before PostgreSQL 15 may take to show its counts.
const SLOW_COUNTS: Duration = Duration::from_millis(1_100);

impl Stage<'_> {
    /// Runs one statement outside a transaction.
    pub(super) async fn alone(&mut self, piece: &Piece) -> Result<Seen, Broken> {
        let statement = |mut seen: Seen| {
            seen.statement.line = piece.line;
            seen.statement.sql.clone_from(&piece.sql);
            seen
        };
        if self.skips(piece).await.map_err(Broken::Halt)? {
            return Ok(statement(Seen::default()));
        }
        self.assert_here().await.map_err(Broken::Halt)?;
        let rows = self.rows().await?;
        self.hand_over().await?;
        let schema = &self.place.schema;
        let before = Look::outside(&mut self.watch, schema).await?;
        let mut holder = self.place.session().await?;
        hold(&mut holder, &before, schema).await?;
        let pid = self.session.value("SELECT CAST(pg_backend_pid() AS text)").await?;
        let ran = watched(self, &piece.sql, &pid.unwrap_or_default(), holder).await;
        let taken = ran.map_err(Broken::Halt)?;
        let taken = taken.map_err(|error| Broken::Statement(0, error))?;
        self.hand_over().await?;
        let mut after = Look::outside(&mut self.watch, &self.place.schema).await?;
        after.locks = taken;
        let beginning = Beginning { look: before.clone(), rows };
        Ok(statement(seen(&beginning, &before, &after, piece.first())))
    }

    /// Has the server show what the connection has counted so far.
    async fn hand_over(&mut self) -> Result<(), sqlx::Error> {
        if self.session.execute("SELECT pg_stat_force_next_flush()").await.is_err() {
            // From PostgreSQL 15; before, what a connection has counted goes out with its next statement.
            sleep(SLOW_COUNTS / 2).await;
            self.session.execute("SELECT 1").await?;
            sleep(SLOW_COUNTS).await;
        }
        Ok(())
    }
}

async fn hold(holder: &mut Session, look: &Look, schema: &str) -> Result<(), sqlx::Error> {
    holder.execute("BEGIN").await?;
    let tables =
        look.relations.values().filter(|relation| relation.ours && relation.table.is_none());
    for table in tables.filter(|table| table.file.is_some()) {
        let (schema, name) = (identifier(schema), identifier(&table.name));
        holder
            .execute(format!("LOCK TABLE {schema}.{name} IN SHARE UPDATE EXCLUSIVE MODE"))
            .await?;
    }
    Ok(())
}

/// Runs a statement and collects the locks that it has or wants meanwhile.
async fn watched(
    stage: &mut Stage<'_>,
    sql: &str,
    pid: &str,
    holder: Session,
) -> Result<Result<Locks, sqlx::Error>, Halt> {
    let Stage { session, watch, .. } = stage;
    let (mut taken, mut holder, begun) = (Locks::new(), Some(holder), Instant::now());
    let mut running = pin!(session.execute(sql));
    let ran = loop {
        tokio::select! {
            ran = &mut running => break ran,
            () = sleep(LOCK_POLL_INTERVAL) => {}
        }
        let waits = format!(
            "SELECT 'waits' FROM pg_catalog.pg_locks WHERE pid = {pid} AND NOT granted LIMIT 1"
        );
        let waits = watch.value(waits).await?.is_some();
        taken.extend(locks(watch, pid).await?);
        if waits || begun.elapsed() > NO_WAIT_TIMEOUT {
            release(holder.take()).await;
        }
    };
    release(holder.take()).await;
    Ok(ran.map(|()| taken))
}

async fn release(holder: Option<Session>) {
    if let Some(holder) = holder {
        holder.close().await;
    }
}
