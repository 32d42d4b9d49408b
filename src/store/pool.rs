//! The connections of one database, owned by the store's tasks and never by a request.
//!
//! A request can be dropped at any await, in the middle of a protocol. So connections are lent to tasks that nobody
//! drops, and a [`Lease`] that is not [released](Lease::release) closes its connection: whatever ended badly is
//! never lent again.

use std::fmt::{self, Debug, Formatter};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{interval, sleep, timeout};

use super::StoreError;
use super::availability::Availability;
use super::backend::{Backend, Open, Role};
use super::limits::{
    CLOSE_TIMEOUT, PAUSE_TIMEOUT, PROOF_TIMEOUT, PROVE_AFTER_IDLE, RECONNECT_PAUSE, SWEEP_INTERVAL,
};

/// At most so many connections, opened when they are needed.
pub(super) struct Pool<B: Backend> {
    backend: Arc<B>,
    role: Role,
    connections_max: u32,
    /// Longest wait for a connection.
    wait: Duration,
    turns: Arc<Semaphore>,
    /// Those that nobody uses, the last used at the end; `None` once closed.
    idle: Mutex<Option<Vec<Idle<B>>>>,
    open: watch::Sender<u32>,
    availability: Arc<Availability>,
}

struct Idle<B: Backend> {
    connection: Open<B>,
    count: OpenCount,
    since: Instant,
}

/// A connection that a task has to itself; dropped, it is closed.
pub(super) struct Lease<B: Backend> {
    // In this order: the connection is gone before the turn is the next one's.
    connection: Open<B>,
    count: OpenCount,
    pool: Arc<Pool<B>>,
    turn: OwnedSemaphorePermit,
}

/// Counts a connection while it is open.
struct OpenCount(watch::Sender<u32>);

impl OpenCount {
    fn new(open: &watch::Sender<u32>) -> Self {
        open.send_modify(|open| *open += 1);
        Self(open.clone())
    }
}

impl Drop for OpenCount {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

impl<B: Backend> Pool<B> {
    pub(super) fn new(
        backend: Arc<B>,
        role: Role,
        connections_max: u32,
        wait: Duration,
        availability: Arc<Availability>,
    ) -> Arc<Self> {
        let turns = usize::try_from(connections_max).unwrap_or(Semaphore::MAX_PERMITS);
        let turns = Arc::new(Semaphore::new(turns));
        let (idle, open) = (Mutex::new(Some(Vec::new())), watch::Sender::new(0));
        Arc::new(Self { backend, role, connections_max, wait, turns, idle, open, availability })
    }

    /// Lends a connection that answers.
    ///
    /// # Errors
    ///
    /// `PoolTimedOut` when none is free in time, `PoolClosed`, or why none can be opened.
    pub(super) async fn take(self: &Arc<Self>) -> Result<Lease<B>, StoreError> {
        self.availability.admit()?;
        if self.backend.has_lost_its_log() {
            let gone = std::io::Error::new(std::io::ErrorKind::NotFound, "the log has gone");
            return Err(StoreError::Unavailable { kind: "io", source: sqlx::Error::Io(gone) });
        }
        let taken = async {
            let turn = Arc::clone(&self.turns).acquire_owned().await;
            let turn = turn.map_err(|_| sqlx::Error::PoolClosed)?;
            let (connection, count) = self.connection().await?;
            Ok(Lease { connection, count, pool: Arc::clone(self), turn })
        };
        let taken = tokio::select! {
            taken = timeout(self.wait, taken) => taken.unwrap_or(Err(sqlx::Error::PoolTimedOut)),
            error = self.availability.until_down() => return Err(error),
        };
        taken.map_err(|error| self.map_error(error))
    }

    pub(super) fn map_error(&self, error: sqlx::Error) -> StoreError {
        self.availability.map_error(error, B::unavailable)
    }

    /// A connection was refused a write: all that are there now are replaced, unless that has been done since it was
    /// opened, or writes are known to be refused.
    pub(super) fn outdate(&self, connection: &Open<B>) {
        let availability = &self.availability;
        if !availability.is_outdated(connection.opened) && !availability.refuses_writes() {
            availability.outdate(Instant::now());
        }
    }

    /// Whether the database is known to take no writes.
    pub(super) fn refuses_writes(&self) -> bool {
        self.availability.refuses_writes()
    }

    /// Connections that are open, of them idle, and how many there may be.
    pub(super) fn usage(&self) -> (u32, u32, u32) {
        let idle = self.idle().as_ref().map_or(0, Vec::len);
        (*self.open.borrow(), u32::try_from(idle).unwrap_or(u32::MAX), self.connections_max)
    }

    /// Waits for the statements under way, then closes every connection.
    pub(super) async fn close(&self) {
        self.turns.close();
        let idle = self.idle().take().unwrap_or_default();
        for idle in idle {
            idle.say_goodbye().await;
        }
        // The sender is this value's own, so the wait ends with the count.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    /// Lends no connection until what is returned is dropped; `None` where those that are lent do not come back in time.
    pub(super) async fn hold(&self) -> Option<OwnedSemaphorePermit> {
        let all = Arc::clone(&self.turns).acquire_many_owned(self.connections_max);
        timeout(PAUSE_TIMEOUT, all).await.ok()?.ok()
    }

    /// Has a connection that nobody uses, if there is one, save what only it and its like can.
    pub(super) async fn save_log(&self) -> Result<(), sqlx::Error> {
        let mut idle = self.pop();
        let saving = self.backend.save_log(idle.as_mut().map(|idle| &mut idle.connection));
        let saved = timeout(PROOF_TIMEOUT, saving).await;
        if let Some(idle) = idle {
            idle.say_goodbye().await;
        }
        saved.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// Closes the connections that nobody uses.
    pub(super) async fn close_idle(&self) {
        let idle = self.idle().as_mut().map(std::mem::take).unwrap_or_default();
        for idle in idle {
            idle.say_goodbye().await;
        }
    }

    /// Closes connections that are too old, or idle for too long, until the pool is gone.
    pub(super) fn sweep(self: &Arc<Self>) {
        let pool = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut ticks = interval(SWEEP_INTERVAL);
            loop {
                ticks.tick().await;
                let Some(pool) = pool.upgrade() else { return };
                if pool.turns.is_closed() {
                    return;
                }
                for idle in pool.take_expired() {
                    idle.say_goodbye().await;
                }
            }
        });
    }

    fn take_expired(&self) -> Vec<Idle<B>> {
        let mut guard = self.idle();
        let Some(idle) = guard.as_mut() else { return Vec::new() };
        let (kept, expired) = std::mem::take(idle).into_iter().partition(|idle| {
            let (lifetime, idle_time) = B::lifetimes(self.role);
            !self.availability.is_outdated(idle.connection.opened)
                && lifetime.is_none_or(|most| idle.connection.opened.elapsed() < most)
                && idle_time.is_none_or(|most| idle.since.elapsed() < most)
        });
        *idle = kept;
        expired
    }

    async fn connection(&self) -> Result<(Open<B>, OpenCount), sqlx::Error> {
        while let Some(idle) = self.pop() {
            if let Some(proven) = self.prove(idle).await {
                return Ok(proven);
            }
        }
        let mut pause = RECONNECT_PAUSE.0;
        loop {
            match self.backend.open(self.role).await {
                Ok(connection) => return Ok((connection, OpenCount::new(&self.open))),
                // A server that is just starting: the wait for a connection bounds this.
                Err(error) if may_pass(&error) => sleep(pause).await,
                Err(error) => return Err(error),
            }
            pause = (pause * 2).min(RECONNECT_PAUSE.1);
        }
    }

    fn pop(&self) -> Option<Idle<B>> {
        // The last used is the most likely to be in the caches of both sides.
        self.idle().as_mut()?.pop()
    }

    /// A connection that was idle, if it can be used.
    async fn prove(&self, idle: Idle<B>) -> Option<(Open<B>, OpenCount)> {
        let Idle { mut connection, count, since } = idle;
        if !self.is_current(&connection) {
            return None;
        }
        if since.elapsed() > PROVE_AFTER_IDLE || self.availability.suspects(connection.proven) {
            let asked = Instant::now();
            let proof = timeout(PROOF_TIMEOUT, self.backend.prove_idle(&mut connection)).await;
            if !matches!(proof, Ok(Ok(()))) {
                return None;
            }
            connection.proven = asked;
        }
        Some((connection, count))
    }

    fn is_current(&self, connection: &Open<B>) -> bool {
        self.backend.fits(connection.opened) && !self.availability.is_outdated(connection.opened)
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Idle<B>>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a server that refuses a connection may take one in a moment.
fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        sqlx::Error::Database(error) => error.is_transient_in_connect_phase(),
        _ => false,
    }
}

impl<B: Backend> Idle<B> {
    /// Closes the connection in good order, as far as the server takes part.
    async fn say_goodbye(self) {
        let _ = timeout(CLOSE_TIMEOUT, self.connection.raw.close()).await;
        drop(self.count);
    }
}

impl<B: Backend> Lease<B> {
    /// Gives back a connection whose statements have all ended, and that is in no transaction.
    pub(super) async fn release(self) {
        let Self { connection, count, pool, turn } = self;
        let idle = Idle { connection, count, since: Instant::now() };
        let is_current = !pool.availability.is_outdated(idle.connection.opened);
        let closed = match pool.idle().as_mut() {
            Some(kept) if is_current => {
                kept.push(idle);
                None
            }
            _ => Some(idle),
        };
        if let Some(idle) = closed {
            idle.say_goodbye().await;
        }
        drop(turn);
    }
}

impl<B: Backend> Deref for Lease<B> {
    type Target = Open<B>;

    fn deref(&self) -> &Open<B> {
        &self.connection
    }
}

impl<B: Backend> DerefMut for Lease<B> {
    fn deref_mut(&mut self) -> &mut Open<B> {
        &mut self.connection
    }
}

impl<B: Backend> Debug for Pool<B> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("role", &self.role)
            .field("usage", &self.usage())
            .finish_non_exhaustive()
    }
}

impl<B: Backend> Debug for Lease<B> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}
