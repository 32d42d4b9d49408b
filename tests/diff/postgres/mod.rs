//! PostgreSQL.

mod blind_spots;
mod catalogue;
mod changes;
mod drift;
mod generate;
mod place;
mod round_trip;
mod trip;
