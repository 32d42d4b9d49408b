//! What this instance says of itself: `/health` for people, `/health/live` and `/health/ready` for probes, and
//! `/migrations`. What they say was seen by the [`Monitor`](crate::monitor::Monitor).

pub(super) mod answer;
pub(super) mod migrations;

pub(super) use answer::OwnBody;
