//! The contract of [`taskmanager::store::TaskStore`], on SQLite and on PostgreSQL from the same test bodies, and the
//! rules of the schema that it stands on.
//!
//! Knows the store by its public face only; the schema comes from the embedded migrations.

#[cfg(test)]
mod bulk;
#[cfg(test)]
mod concurrency;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod events;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod idempotency;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod model;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod search;
#[cfg(test)]
mod statements;
#[cfg(test)]
mod status_counts;
#[cfg(test)]
mod tasks;
