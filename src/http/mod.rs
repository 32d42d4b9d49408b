//! The service's public face: routes, layers, handlers, and the server that runs them.
//!
//! Knows the store by its contract and the schema by its state; runs no SQL.

mod body_buffer;
mod byte_budget;
mod docs;
mod edge_responses;
mod error;
pub mod events;
mod extract;
pub mod health;
mod idempotency;
mod json;
pub mod limits;
mod media_type;
mod metrics;
mod middleware;
pub mod openapi;
pub mod problem;
mod query_string;
mod router;
pub mod server;
mod state;
mod tasks;

pub use events::Events;
pub use middleware::Layers;
pub use router::{document, job_router, ops_router, public_router};
pub use state::AppState;
