//! The migration runner against real databases, each behaviour on both from one body.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where its setting cannot be made"
)]

mod adoption;
mod autogenerate;
mod concurrency;
mod files;
mod generate;
mod guard;
mod locks;
mod operations;
mod preflight;
mod processes;
mod rebuild;
mod refusals;
mod rehearsal;
mod rehearsal_places;
mod rehearsal_sqlite;
mod running;
mod safe_start;
mod scan;
mod state;
mod steps;
mod stopping;
mod support;
mod waiting;
