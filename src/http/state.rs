//! What handlers share.

use std::sync::Arc;

use super::Events;
use crate::domain::Clock;
use crate::store::TaskStore;

/// Cheap to clone; made once by the application.
#[derive(Clone, Debug)]
pub struct AppState {
    /// The tasks.
    pub tasks: Arc<dyn TaskStore>,
    /// What happens to them.
    pub events: Events,
    /// The time and new identifiers.
    pub clock: Arc<dyn Clock>,
}
