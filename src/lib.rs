//! A task service whose database schema cannot be out of step with its code.
//!
//! Layers, each knowing only what stands below or left of it (checked by `tests/layering.rs`):
//!
//! ```text
//!   main → cli → app → http → monitor → store, migrate → domain
//!                        http → web (the page's files)
//!                  (config, telemetry, shutdown and program: leaves, known to all but the domain)
//! ```

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod migrate;
pub mod monitor;
pub mod program;
pub mod shutdown;
pub mod store;
pub mod telemetry;
pub mod web;
