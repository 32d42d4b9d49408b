//! The migration runner against real databases, each behaviour on both from one body.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where its setting cannot be made"
)]

mod concurrency;
mod files;
mod refusals;
mod running;
mod scan;
mod state;
mod support;
mod waiting;
