//! Everything that needs a database and no parser: where it is, one connection to it, the migration lock, scratch
//! databases, retry and cancellation.

pub mod cancel;
pub mod clock;
pub mod connection;
mod dialect;
pub mod disk;
pub mod error;
pub mod file_users;
pub mod leftovers;
pub mod lock;
pub mod program;
pub mod retry;
pub mod scratch;
pub mod serialize;
mod text;
pub mod url;

pub use clock::{Clock, SystemClock};
pub use dialect::Dialect;
pub use error::{DbError, cause, words};
pub use program::Program;
pub use text::plural;
pub use url::{DatabaseTarget, DatabaseUrl, SqliteMode, SqliteTarget};
