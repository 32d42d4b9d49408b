//! The schema: what it is, what it should be, and the way from one to the other.
//!
//! A migration happens whole, once and safely, or leaves everything as it was. Files and record table are
//! those of sqlx, so its command line agrees with this program; the runner is our own. `serve` and the command
//! line go through the same [`Operation`]s. Knows nothing of HTTP or of tasks.

mod acts;
pub mod autogenerate;
mod create;
pub mod doctor;
pub mod drift;
pub mod embedded;
mod error;
pub mod failure;
pub mod foreign;
pub mod gate;
pub mod halfway;
pub mod history;
pub mod inspect;
pub mod instances;
pub mod journal;
pub mod lint;
pub mod loss;
pub mod metrics;
mod operation;
pub mod options;
pub mod plan;
pub mod preflight;
mod progress;
mod reading;
pub mod record;
mod refusal;
pub mod rehearse;
pub mod row_guard;
pub mod run;
mod script;
mod start;
pub mod state;
pub mod verify;

pub use schemakeep_db::{Dialect, scratch};
pub use schemakeep_files::{directives, files};
pub use schemakeep_schema::{
    DesiredSchema, SchemaError, desired, diff, parity, required, schema, seed, snapshot, structure,
};
pub use schemakeep_sql::{change, lexer, nesting, statements};

use schemakeep_db::{cancel, connection, disk, file_users, leftovers, lock, retry};

pub use create::{NewFile, NewMigration, create, lay_out, migration_name, remove, write};
pub use embedded::{Migration, MigrationSet};
pub use error::{Blocked, InspectError, MigrateError, StepFailed};
pub use gate::GateSteps;
pub use inspect::Inspector;
pub use metrics::publish as publish_metrics;
pub use operation::{Clearance, Done, Gate, GateRequest, NoGate, Operation, Outcome};
pub use options::{
    BackupBefore, BackupRefused, BeforeMigrate, MigrateMode, Safety, StartSettings, TABLE_LOCK_WAIT,
};
pub use progress::{Phase, Progress, ProgressSnapshot, Step, Verdict};
pub use refusal::refusal;
pub use start::prepare;
pub use state::{SchemaState, StateReport};
