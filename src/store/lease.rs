//! Lends connections, and keeps those that come back in order for the next statement.
//!
//! sqlx's pool asks every connection that comes back whether it still answers before it lends it again.
//! For statements as short as ours that second round trip is half of the database's work. So a
//! connection whose statement has ended well stays here, and goes back to the pool, which then looks at
//! it as usual, after an error, when its future was dropped, and every [`KEPT_FOR`].

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::{Database, Pool};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long a connection is lent again and again before the pool looks at it: its lifetime, and whether it
/// still answers.
const KEPT_FOR: Duration = Duration::from_mins(1);

/// The connections of one pool; nobody else may take from it.
#[derive(Debug)]
pub(super) struct Leases<DB: Database> {
    pool: Pool<DB>,
    /// As many as the pool has connections, so that none waits for one that is kept here.
    turns: Semaphore,
    /// The oldest first; `None` once closed.
    kept: Mutex<Option<Vec<Kept<DB>>>>,
}

#[derive(Debug)]
struct Kept<DB: Database> {
    connection: PoolConnection<DB>,
    /// When the pool handed it out, and so held it to be sound.
    since: Instant,
}

/// A connection on loan. Dropped without [`Lease::keep`] it goes to the pool, which looks at it.
#[derive(Debug)]
pub(super) struct Lease<'a, DB: Database> {
    // In this order: the connection is back before the turn is the next one's.
    lent: Kept<DB>,
    turn: SemaphorePermit<'a>,
    leases: &'a Leases<DB>,
}

impl<DB: Database> Leases<DB> {
    pub(super) fn new(pool: Pool<DB>) -> Self {
        let connections = pool.options().get_max_connections();
        let turns = Semaphore::new(usize::try_from(connections).unwrap_or(Semaphore::MAX_PERMITS));
        Self { pool, turns, kept: Mutex::new(Some(Vec::new())) }
    }

    /// Lends a connection. One that is kept here is lent only if it is `usable` at its age.
    ///
    /// # Errors
    ///
    /// What [`Pool::acquire`] answers.
    pub(super) async fn take(
        &self,
        usable: impl Fn(Duration) -> bool,
    ) -> Result<Lease<'_, DB>, sqlx::Error> {
        if let Ok(turn) = self.turns.try_acquire()
            && let Some(lent) = self.take_kept(&usable)
        {
            return Ok(Lease { lent, turn, leases: self });
        }
        let wait = self.pool.options().get_acquire_timeout();
        let taken = tokio::time::timeout(wait, async {
            let turn = self.turns.acquire().await.map_err(|_| sqlx::Error::PoolClosed)?;
            if let Some(lent) = self.take_kept(&usable) {
                return Ok(Lease { lent, turn, leases: self });
            }
            let connection = self.pool.acquire().await?;
            let lent = Kept { connection, since: Instant::now() };
            Ok(Lease { lent, turn, leases: self })
        });
        taken.await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// How many connections are kept here: to the pool they look lent.
    pub(super) fn kept(&self) -> usize {
        self.lock().as_ref().map_or(0, Vec::len)
    }

    /// The pool, to ask for its figures.
    pub(super) fn pool(&self) -> &Pool<DB> {
        &self.pool
    }

    /// Waits for the statements under way, then closes every connection.
    pub(super) async fn close(&self) {
        self.turns.close();
        drop(self.lock().take());
        self.pool.close().await;
    }

    fn take_kept(&self, usable: impl Fn(Duration) -> bool) -> Option<Kept<DB>> {
        let mut kept = self.lock();
        // The last used is the most likely to be in the caches of both sides.
        while let Some(last) = kept.as_mut()?.pop() {
            if usable(last.since.elapsed()) {
                return Some(last);
            }
        }
        None
    }

    fn put(&self, back: Kept<DB>) {
        let mut guard = self.lock();
        let Some(kept) = guard.as_mut() else { return };
        kept.push(back);
        // Any of them may have been kept for long enough, because the first ones wait while traffic is low.
        kept.retain(|kept| kept.since.elapsed() < KEPT_FOR);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Kept<DB>>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<DB: Database> Lease<'_, DB> {
    /// Gives back a connection whose statements have all ended well.
    pub(super) fn keep(self) {
        self.leases.put(self.lent);
        drop(self.turn);
    }
}

impl<DB: Database> Deref for Lease<'_, DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        &self.lent.connection
    }
}

impl<DB: Database> DerefMut for Lease<'_, DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        &mut self.lent.connection
    }
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqlitePoolOptions;

    use super::*;

    fn leases(connections: u32) -> Leases<sqlx::Sqlite> {
        let options = SqlitePoolOptions::new().max_connections(connections);
        let options = options.acquire_timeout(Duration::from_millis(200));
        Leases::new(options.connect_lazy("sqlite::memory:").expect("a pool"))
    }

    #[tokio::test]
    async fn lends_again_what_came_back_well() {
        let leases = leases(2);
        for _ in 0..3 {
            leases.take(|_| true).await.expect("a connection").keep();
            assert_eq!((leases.kept(), leases.pool().size()), (1, 1));
        }
        let (first, second) = (leases.take(|_| true).await, leases.take(|_| true).await);
        assert!(matches!(leases.take(|_| true).await, Err(sqlx::Error::PoolTimedOut)));
        first.expect("a connection").keep();
        leases.take(|_| true).await.expect("the first one").keep();
        drop(second);
        assert_eq!(leases.kept(), 1);
    }

    #[tokio::test]
    async fn gives_to_the_pool_what_did_not_end_well_or_is_not_usable() {
        let leases = leases(1);
        drop(leases.take(|_| true).await.expect("a connection"));
        assert_eq!(leases.kept(), 0);
        leases.take(|_| true).await.expect("the pool's").keep();
        drop(leases.take(|_| false).await.expect("the pool's again"));
        assert_eq!((leases.kept(), leases.pool().size()), (0, 1));
    }

    #[tokio::test]
    async fn closes_what_it_keeps_and_what_comes_back_later() {
        let leases = leases(2);
        let late = leases.take(|_| true).await.expect("a connection");
        let early = leases.take(|_| true).await.expect("a connection");
        early.keep();
        tokio::join!(leases.close(), async { late.keep() });
        assert_eq!((leases.kept(), leases.pool().size()), (0, 0));
        assert!(matches!(leases.take(|_| true).await, Err(sqlx::Error::PoolClosed)));
    }
}
