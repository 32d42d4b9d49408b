//! Seeded faults under load: processes that are killed and frozen, connections that are cut, held up and delayed, disks that
//! are full and clients that hang up. After each series, whatever was acknowledged is there once, the event stream
//! has no hole, and the statistics are those of the rows.
//!
//! `make chaos` plays `CHAOS_FAULTS=1000` on each database, for `CHAOS_SECONDS=600` at most; `CHAOS_SEED=…` chooses the
//! same faults again. PostgreSQL runs with `fsync = on`. A process that is killed leaves what it wrote to the operating
//! system, so this shows crash recovery, not the loss of power.

#[cfg(test)]
mod clients;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod series;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod verify;
