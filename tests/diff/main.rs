//! Two schemas compared, and the migrations from one to the other, against real databases.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where its setting cannot be made"
)]

mod postgres;
mod sqlite;
