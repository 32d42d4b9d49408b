//! What the writes of this process came to of late: why readiness must prove that the database takes writes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::StoreError;
use super::error::{DENIED, READ_ONLY};

/// Kinds of [`StoreError::Unavailable`] after which a write that succeeds must be seen before the database counts as
/// writable again.
const DOUBTFUL_KINDS: [&str; 5] = ["full", READ_ONLY, "corrupt", "io", DENIED];

/// When a write last succeeded, and when one last failed for a reason that lasts.
#[derive(Debug, Default)]
pub struct WriteHistory(Mutex<Last>);

#[derive(Clone, Copy, Debug, Default)]
struct Last {
    succeeded: Option<Instant>,
    /// The failure that no proof of the opposite has followed.
    failed: Option<&'static str>,
    corrupt: Option<Instant>,
}

impl WriteHistory {
    /// Takes down how an operation of the store ended.
    pub(super) fn record<T>(&self, writes: bool, result: &Result<T, StoreError>) {
        match result {
            // Not a proof: it may have changed nothing, or found room for so little.
            Ok(_) if writes => self.lock().succeeded = Some(Instant::now()),
            Ok(_) => {}
            Err(error) => {
                let Some(kind) = error.kind().filter(|kind| DOUBTFUL_KINDS.contains(kind)) else {
                    return;
                };
                let mut last = self.lock();
                if kind == "corrupt" {
                    last.corrupt = Some(Instant::now());
                }
                if writes {
                    last.failed = Some(kind);
                }
            }
        }
    }

    /// A probe has proven that writes are taken.
    pub(super) fn proven(&self) {
        let mut last = self.lock();
        (last.succeeded, last.failed) = (Some(Instant::now()), None);
    }

    /// The kind of the last failed write, unless it has been proven since that writes are taken.
    #[must_use]
    pub fn doubt(&self) -> Option<&'static str> {
        self.lock().failed
    }

    /// When a write last succeeded.
    #[must_use]
    pub fn last_success(&self) -> Option<Instant> {
        self.lock().succeeded
    }

    /// When an operation last met damage.
    #[must_use]
    pub fn last_corruption(&self) -> Option<Instant> {
        self.lock().corrupt
    }

    fn lock(&self) -> MutexGuard<'_, Last> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(kind: &'static str) -> Result<(), StoreError> {
        Err(StoreError::Unavailable { kind, source: sqlx::Error::PoolClosed })
    }

    #[test]
    fn a_proof_ends_the_doubt() {
        let history = WriteHistory::default();
        for kind in DOUBTFUL_KINDS {
            history.record(true, &failure(kind));
            assert_eq!(history.doubt(), Some(kind));
            for writes in [false, true] {
                history.record(writes, &Ok(()));
                assert_eq!(history.doubt(), Some(kind), "proves nothing");
            }
            history.proven();
            assert_eq!(history.doubt(), None);
        }
        assert!(history.last_success().is_some() && history.last_corruption().is_some());
    }

    #[test]
    fn what_passes_by_itself_is_no_doubt() {
        let history = WriteHistory::default();
        for kind in ["timeout", "busy", "connection", "away", "resources"] {
            history.record(true, &failure(kind));
        }
        history.record(true, &Err::<(), _>(StoreError::NotFound));
        history.record(false, &failure("full"));
        assert_eq!(history.doubt(), None);
    }
}
