//! Waiting for something to become true, and a client's own pace. No test waits for a time and hopes that something has
//! happened by then.

use std::time::{Duration, Instant};

use tokio::time::{Interval, MissedTickBehavior, interval};

/// How long a test waits for what should happen at once, on a machine that is busy with other tests.
pub const WITHIN: Duration = Duration::from_secs(30);

const INTERVAL: Duration = Duration::from_millis(20);

/// Probes until there is a value, and returns it.
///
/// # Panics
///
/// When `within` has passed; the message says what was waited for.
pub async fn until<T>(
    what: &str,
    within: Duration,
    mut probe: impl AsyncFnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(value) = probe().await {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {within:?} in vain for {what}");
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Ticks at the pace of a client that does something again and again; the first tick comes at once.
#[must_use]
pub fn pace(every: Duration) -> Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
