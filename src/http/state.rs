//! What handlers share.

use std::sync::Arc;

use crate::domain::Clock;
use crate::store::TaskStore;

/// Cheap to clone; made once by the application.
#[derive(Clone, Debug)]
pub struct AppState {
    /// The tasks.
    pub tasks: Arc<dyn TaskStore>,
    /// The time and new identifiers.
    pub clock: Arc<dyn Clock>,
}
