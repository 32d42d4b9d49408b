//! Requests that have their effect once, however often they are sent.
//!
//! A key is a row that the writing transaction inserts before it does the work, and completes with the answer
//! before it commits. So work and answer are there together or not at all, whatever dies in between, and no lease
//! has to run out: a process that dies takes its claim with it, since the database rolls back what it had begun. Its
//! unique key lets no second transaction through, in whichever process.
//!
//! Nobody waits for a first request that has not ended: [`InFlight`] knows those of this process, and PostgreSQL
//! those of others, by a lock that is tried and not waited for.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};
use sqlx::FromRow;

use super::StoreError;
use super::backend::{Backend, Open};
use super::transaction::Stopped;
use crate::domain::Outcome;

/// Makes the answer that is kept from what came of the operations.
pub type MakeResponse = Arc<dyn Fn(&[Outcome]) -> StoredResponse + Send + Sync>;

/// Says that a request is to have its effect once.
#[derive(Clone)]
pub struct IdempotencyKey {
    /// What the client calls the request, 1 to 255 characters.
    pub key: String,
    /// What two requests have in common only if they are the same.
    pub fingerprint: [u8; 32],
    /// Makes the answer that is kept.
    pub answer: MakeResponse,
}

impl std::fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Once").field("key", &self.key).finish_non_exhaustive()
    }
}

/// What was answered to a request, as far as it is the same whenever it is asked again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredResponse {
    pub status: u16,
    /// Where the made thing is.
    pub location: Option<String>,
    /// The tag of the made thing.
    pub entity_tag: Option<String>,
    /// The body, a JSON text.
    pub body: String,
}

/// A key that was claimed before.
#[derive(Debug, FromRow)]
pub(super) struct KeyRow {
    fingerprint: Vec<u8>,
    status: Option<i64>,
    location: Option<String>,
    entity_tag: Option<String>,
    body: Option<String>,
}

/// Claims the key for this transaction, or finds the answer of the one that did.
pub(super) async fn claim<B: Backend>(
    backend: &B,
    open: &mut Open<B>,
    once: &IdempotencyKey,
) -> Result<Option<StoredResponse>, Stopped> {
    if backend.claim_key(open, once).await? {
        return Ok(None);
    }
    let Some(row) = backend.find_key(open, &once.key).await? else {
        return Err(StoreError::KeyInUse.into());
    };
    if row.fingerprint != once.fingerprint {
        return Err(StoreError::KeyReused.into());
    }
    Ok(Some(row.into_answer()?))
}

impl KeyRow {
    fn into_answer(self) -> Result<StoredResponse, StoreError> {
        let status = self.status.and_then(|status| u16::try_from(status).ok());
        let (Some(status), Some(body)) = (status, self.body) else {
            return Err(StoreError::Inconsistent("an idempotency key without its answer".into()));
        };
        Ok(StoredResponse { status, location: self.location, entity_tag: self.entity_tag, body })
    }
}

/// The number of the lock under which PostgreSQL knows a key that is in use. Two keys that share one by chance
/// only send a client away for a second.
pub(super) fn lock_number(key: &str) -> i64 {
    let digest = Sha256::new_with_prefix("taskmanager idempotency key ").chain_update(key);
    let digest = digest.finalize();
    digest.iter().take(8).fold(0, |number, byte| (number << 8) | i64::from(*byte))
}

/// The keys of the requests that this process has not ended yet.
#[derive(Debug, Default)]
pub(super) struct InFlight(Mutex<HashSet<String>>);

/// A key in flight, until this is dropped: with the job, and not with the request, which may go away before.
#[derive(Debug)]
pub(super) struct KeyInFlight {
    in_flight: Arc<InFlight>,
    key: String,
}

impl InFlight {
    /// Begins, unless a request with the same key has not ended.
    pub(super) fn begin(self: &Arc<Self>, key: &str) -> Result<KeyInFlight, StoreError> {
        let new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned());
        let begun = || KeyInFlight { in_flight: Arc::clone(self), key: key.to_owned() };
        new.then(begun).ok_or(StoreError::KeyInUse)
    }
}

impl Drop for KeyInFlight {
    fn drop(&mut self) {
        self.in_flight.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_worked_on_by_one_at_a_time() {
        let running = Arc::<InFlight>::default();
        let turn = running.begin("a").expect("the first");
        assert!(matches!(running.begin("a"), Err(StoreError::KeyInUse)));
        drop(running.begin("b").expect("another key"));
        drop(turn);
        drop(running.begin("a").expect("the next"));
    }

    #[test]
    fn locks_of_keys_differ() {
        assert_eq!(lock_number("a"), lock_number("a"));
        assert_ne!(lock_number("a"), lock_number("b"));
    }
}
