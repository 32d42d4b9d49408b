//! What the service tells anyone who runs it: log lines and metrics.
//!
//! Nothing here decides what is worth telling; no other module knows how it is written.

pub mod disk;
mod log_buffer;
pub mod logging;
pub mod metrics;
