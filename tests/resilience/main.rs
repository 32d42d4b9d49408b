//! Faults, with real processes: databases that go away, freeze, fill up or lock, processes that start
//! together, are killed or told to stop, and clients that misbehave. On both databases where it applies.

#[cfg(test)]
mod clients;
#[cfg(test)]
mod concurrency;
#[cfg(test)]
mod files;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod load;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod pooler;
#[cfg(test)]
mod repeated;
#[cfg(test)]
mod rights;
#[cfg(test)]
mod shutdown;
#[cfg(test)]
mod unreachable;
#[cfg(test)]
mod wire;
