//! SQLite.

mod blind_spots;
mod changes;
mod drift;
mod generator;
mod kept;
mod mutator;
mod round_trips;
mod world;
