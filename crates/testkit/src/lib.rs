//! What the black-box tests share: a server process, a database of its own for each test, and a
//! client that holds every answer against the rules that always apply.
//!
//! Knows the service only by its binary, its environment and its HTTP contract.
#![expect(clippy::expect_used, reason = "a test ends where its setting cannot be made")]

pub mod app;
pub mod cli;
pub mod client;
pub mod database;
pub mod http;
pub mod lint_table;
pub mod outbox;
pub mod pgbouncer;
pub mod poll;
pub mod postgres;
pub mod proxy;
pub mod rules;
pub mod server;
pub mod sessions;
pub mod sse_client;
pub mod tmpfs;

pub use app::App;
pub use client::{Answer, Api, Call};
pub use database::{Backend, Database};
pub use outbox::Outbox;
pub use pgbouncer::PgBouncer;
pub use poll::{WITHIN, pace, until};
pub use postgres::PostgresServer;
pub use proxy::Proxy;
pub use server::{Server, free_port};
pub use sse_client::{Follower, Recorder, Told, number_of};
pub use tmpfs::Tmpfs;
