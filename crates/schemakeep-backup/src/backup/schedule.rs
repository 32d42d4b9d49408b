//! Backups on a schedule, for as long as the process lives.

use std::time::Duration;

use time::OffsetDateTime;

use super::error::BackupError;
use super::{BackupSettings, Reason, create, metrics, repository};
use schemakeep_db::Clock;

/// The first and the longest pause after a failure; it doubles in between.
const RETRY_INTERVAL_RANGE: (Duration, Duration) =
    (Duration::from_secs(5), Duration::from_mins(30));
/// How often an empty database is looked at: its schema comes with the first start of the service.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Makes a backup at once, unless the newest is younger than `interval`, and then one every `interval`, until a
/// stop is asked for. A failure is logged and tried again, sooner; what has no tables yet is waited for.
pub async fn every(interval: Duration, settings: &BackupSettings, clock: &dyn Clock) {
    let mut failures = 0;
    let mut waiting = false;
    loop {
        metrics::publish_newest(&settings.folder, &settings.url);
        let newest = repository::newest(&settings.folder, &settings.url);
        let newest = newest.map(|manifest| manifest.created_at);
        let wait = until_due(newest, interval, clock.now());
        if !wait.is_zero() {
            tracing::info!(in_s = wait.as_secs(), "next backup");
        }
        if !go_on_after(wait, settings).await {
            return;
        }
        let pause = match create(settings, Reason::Scheduled, clock).await {
            Ok(_) => {
                (failures, waiting) = (0, false);
                continue;
            }
            Err(BackupError::Stopped) => return,
            Err(BackupError::Nothing { .. }) => {
                if !std::mem::replace(&mut waiting, true) {
                    tracing::info!(database = %settings.url, "waiting for the schema, which is not there yet");
                }
                LOOK_EVERY
            }
            Err(error) => {
                failures += 1;
                let pause = pause_after(failures, interval);
                tracing::error!(%error, failures, again_in_s = pause.as_secs(), "no backup was made; it is tried again");
                pause
            }
        };
        if !go_on_after(pause, settings).await {
            return;
        }
    }
}

/// Waits; false when a stop came.
async fn go_on_after(pause: Duration, settings: &BackupSettings) -> bool {
    tokio::select! {
        biased;
        () = settings.stop.cancelled() => false,
        () = tokio::time::sleep(pause) => true,
    }
}

fn until_due(newest: Option<OffsetDateTime>, interval: Duration, now: OffsetDateTime) -> Duration {
    let Some(newest) = newest else { return Duration::ZERO };
    // One from the future, made by a clock that was wrong, must not keep others from being made.
    Duration::try_from(now - newest).map_or(Duration::ZERO, |age| interval.saturating_sub(age))
}

fn pause_after(failures: u32, interval: Duration) -> Duration {
    let (first, longest) = RETRY_INTERVAL_RANGE;
    let doubled = first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
    doubled.min(longest).min(interval)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use time::macros::datetime;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    #[rstest]
    #[case(None, 0)]
    #[case(Some(datetime!(2026-11-21 11:50 UTC)), 50 * 60)]
    #[case(Some(datetime!(2026-11-21 11:00 UTC)), 0)]
    #[case(Some(datetime!(2026-11-20 12:00 UTC)), 0)]
    #[case(Some(datetime!(2026-11-21 13:00 UTC)), 0)]
    fn due_an_interval_after_the_newest(#[case] newest: Option<OffsetDateTime>, #[case] s: u64) {
        let now = datetime!(2026-11-21 12:00 UTC);
        assert_eq!(until_due(newest, HOUR, now), Duration::from_secs(s));
    }

    #[rstest]
    #[case(1, 5)]
    #[case(2, 10)]
    #[case(10, 1800)]
    #[case(u32::MAX, 1800)]
    fn failures_wait_longer_and_longer(#[case] failures: u32, #[case] s: u64) {
        assert_eq!(pause_after(failures, 24 * HOUR), Duration::from_secs(s));
        assert!(pause_after(failures, Duration::from_mins(1)) <= Duration::from_mins(1));
    }
}
