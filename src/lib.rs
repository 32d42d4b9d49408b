//! A task service whose database schema cannot be out of step with its code.
//!
//! docs/ARCHITECTURE.md has the picture; `tests/architecture.rs` keeps it true.

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod monitor;
pub mod program;
pub mod shutdown;
pub mod store;
pub mod telemetry;
pub mod web;
