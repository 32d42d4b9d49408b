//! `taskmanager migrate …`, black-box: every command and every state, on SQLite and on PostgreSQL from the same
//! bodies, with migrations that the tests write.

#[cfg(test)]
mod adopting;
#[cfg(test)]
mod agreement;
#[cfg(test)]
mod asking;
#[cfg(test)]
mod back;
#[cfg(test)]
mod check;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod diff;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod drift;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod files;
#[cfg(test)]
mod fixing;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod forward;
#[cfg(test)]
mod instances;
#[cfg(test)]
mod leftovers;
#[cfg(test)]
mod lint;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod safe;
#[cfg(test)]
mod states;
#[cfg(test)]
mod theirs;
#[cfg(test)]
mod verify;
