//! Events for clients that follow along (server-sent events, HTML Living Standard section 9.2).
//!
//! A process follows the outbox once, while anybody listens, however many do: each event is written once and
//! handed to all. A client has a queue; one that does not empty it is hung up on, and comes back with the number
//! of the last event that it had.

mod broadcaster;
mod frame;
mod poll;
mod replay_buffer;
mod slots;
mod stream;

pub use broadcaster::Events;
pub(super) use broadcaster::NoPlace;
pub(super) use frame::MEDIA_TYPE;
