//! Hostile clients against the real process: whatever one of them does, others are answered within a second, it costs
//! no more than 128 MB, and it is hung up on in time.

#[cfg(test)]
mod bodies;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod http2;
#[cfg(test)]
mod readers;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod watcher;
