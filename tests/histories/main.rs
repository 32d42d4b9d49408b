//! Histories of concurrent clients against a sequential model: every answer is one that a service which carries out
//! one request after the other could have given (strict serializability, of which linearizability per task is a part),
//! idempotent repeats have one effect and one answer, and each change has its event, in order.
//!
//! `HISTORY_SEED=…` plays one history again, as far as threads allow; `HISTORIES=…` says how many are played.

#[cfg(test)]
mod checker;
#[cfg(test)]
mod events;
#[cfg(test)]
mod history;
#[cfg(test)]
mod model;
#[cfg(test)]
mod play;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod rejected;
