//! `taskmanager backup …`, black-box: on SQLite and on PostgreSQL from the same bodies, with writers, with damage,
//! with full disks and with processes that are killed.

#[cfg(test)]
mod commands;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod keeping;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod schedule;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod tools;
#[cfg(test)]
mod writers;
