//! The schema: what it is, what it should be, and the way from one to the other.
//!
//! A migration happens whole, once and safely, or leaves everything as it was. Files and record table are
//! those of sqlx, so its command line agrees with this program; the runner is our own. `serve` and the command
//! line go through the same [`Migrator`]s. Knows nothing of HTTP or of tasks.

pub mod autogenerate;
pub mod data_checks;
pub mod data_loss;
pub mod doctor;
pub mod drift;
pub mod embedded;
mod error;
mod explain;
pub mod failure;
pub mod gate;
pub mod history;
pub mod inspect;
pub mod instances;
pub mod interrupted;
pub mod lint;
pub mod metrics;
mod migration_file;
mod migrator;
mod observation;
pub mod options;
mod plan;
pub mod preview;
mod progress;
pub mod row_guard;
pub mod run;
mod scaffold;
pub mod shadow;
mod startup;
pub mod state;
pub mod unmanaged;
pub mod verify;

pub use schemakeep_db::{Dialect, scratch};
pub use schemakeep_files::{directives, files};
pub use schemakeep_schema::{
    DesiredSchema, SchemaError, desired, diff, parity, required, schema, seed, snapshot, structure,
};
pub use schemakeep_sql::{change, lexer, nesting, statements};

use schemakeep_db::{cancel, connection, disk, file_users, leftovers, lock, retry};

pub use embedded::{Migration, MigrationSet};
pub use error::{Blocked, InspectError, MigrateError, StepFailed};
pub use explain::refusal;
pub use gate::GateSteps;
pub use inspect::Inspector;
pub use metrics::publish as publish_metrics;
pub use migrator::{Clearance, Done, Gate, GateRequest, Migrator, NoGate, Outcome};
pub use options::{
    BackupBefore, BackupRefused, BeforeMigrate, MigrateMode, MigratorOptions, Safety,
    TABLE_LOCK_WAIT,
};
pub use progress::{Phase, Progress, ProgressSnapshot, Step, Verdict};
pub use scaffold::{NewFile, NewMigration, create, lay_out, migration_name, remove, write};
pub use startup::ensure_schema;
pub use state::{SchemaState, StateReport};
