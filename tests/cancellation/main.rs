//! Clients that hang up in the middle of a request, beside clients that stay: whatever was acknowledged is there, once,
//! with its event, and no connection to the database is left inside a transaction. HTTP/1.1 and HTTP/2, SQLite and
//! PostgreSQL, with a network that takes its time and behind PgBouncer.

#[cfg(test)]
mod clients;
#[cfg(test)]
mod hang_up;
#[cfg(test)]
mod stage;
