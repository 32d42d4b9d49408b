//! The commands `migrate`, `backup` and `restore`, for any program that is built on the engine.

pub mod backup;
mod confirm;
mod host;
pub mod migrate;
pub mod output;
pub mod restore;

pub use backup::Backup;
pub use host::Host;
pub use migrate::Migrate;
