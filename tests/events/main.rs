//! `GET /tasks/events`, black-box: what is told, in which order, to whom, and what happens to that when processes,
//! databases and clients fail. On both databases where it applies.

#[cfg(test)]
mod changes;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod gaps;
#[cfg(test)]
mod missed;
#[cfg(test)]
mod polls;
#[cfg(test)]
mod replicas;
#[cfg(test)]
mod standby;
#[cfg(test)]
mod stream;
#[cfg(test)]
mod writers;
