//! What PostgreSQL does with types and functions, as far as a migration's cost depends on it.

pub mod types;
pub mod volatility;
