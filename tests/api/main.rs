//! The HTTP contract, black-box: the real binary, on SQLite and on PostgreSQL, from the same test bodies.

#[cfg(test)]
mod always;
#[cfg(test)]
mod bulk;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod cursors;
#[cfg(test)]
mod daily;
#[cfg(test)]
mod equivalence;
#[cfg(test)]
mod export;
#[cfg(test)]
mod filters;
#[cfg(test)]
mod health;
#[cfg(test)]
mod hosts;
#[cfg(test)]
mod idempotency;
#[cfg(test)]
mod import;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod preconditions;
#[cfg(test)]
mod problems;
#[cfg(test)]
mod readiness;
#[cfg(test)]
mod search;
#[cfg(test)]
mod stats;
#[cfg(test)]
mod tasks_create;
#[cfg(test)]
mod tasks_delete;
#[cfg(test)]
mod tasks_read;
#[cfg(test)]
mod tasks_update;
#[cfg(test)]
mod violations;
