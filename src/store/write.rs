//! Requests that change something.

use super::idempotency::{IdempotencyKey, StoredResponse};
use crate::domain::{Operation, Outcome};
use time::OffsetDateTime;

/// Changes that are made together or not at all.
#[derive(Clone, Debug)]
pub struct Work {
    /// In this order, each seeing what those before it did.
    pub operations: Vec<Operation>,
    /// When they happen.
    pub now: OffsetDateTime,
    /// Under which key, if this is to happen once.
    pub once: Option<IdempotencyKey>,
}

impl Work {
    /// The word for the metric's label.
    pub(super) fn name(&self) -> &'static str {
        if matches!(self.operations.as_slice(), [Operation::Create(_)]) { "create" } else { "bulk" }
    }
}

/// What came of all changes.
#[derive(Debug, PartialEq, Eq)]
pub enum WriteOutcome {
    /// They were made now: what came of each, in order.
    Applied(Vec<Outcome>),
    /// They were made before, under the same key: what was answered then.
    Replayed(StoredResponse),
}
