//! SQLite.

mod generator;
mod mutator;
mod round_trips;
mod world;
