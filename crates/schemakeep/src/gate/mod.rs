//! What is asked of pending migrations before they are applied: instances, lint, preflight, rehearsal, disk, a backup.
//!
//! A start and `migrate up` take the same way; a start leaves the rehearsal out.

mod disk;
mod findings;
mod steps;

pub use steps::GateSteps;
