//! `taskmanager restore`, black-box: the same bodies on SQLite and on PostgreSQL, with real processes that are
//! killed, stopped and kept waiting, and services that go on meanwhile.

#[cfg(test)]
mod asking;
#[cfg(test)]
mod choosing;
#[cfg(test)]
mod elsewhere;
#[cfg(test)]
mod events;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod sqlite;
#[cfg(test)]
mod waiting;
#[cfg(test)]
mod whole;
