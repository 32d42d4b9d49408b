//! Waiting for something to become true: the only place in the tests that sleeps.

use std::time::{Duration, Instant};

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
