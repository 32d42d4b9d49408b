//! Tasks made, completed and left open, day by day: from counts of what changed, backwards from now.

use time::{Date, Duration, OffsetDateTime, Time};

/// Longest series, in days.
pub const DAYS_MAX: u16 = 366;

/// The tasks of one UTC day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayFigures {
    pub date: Date,
    /// How many were made on it.
    pub created: i64,
    /// How many became done on it, and still are.
    pub completed: i64,
    /// How many were made by its end and not completed by then.
    pub open: i64,
}

/// Days in a row, the last of which is today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayWindow {
    first: Date,
    days: u16,
}

impl DayWindow {
    /// The `days` UTC days up to that of `now`; fewer where the calendar begins.
    #[must_use]
    pub fn ending(now: OffsetDateTime, days: u16) -> Self {
        let last = now.to_utc().date();
        let before = Duration::days(i64::from(days.saturating_sub(1)));
        Self { first: last.checked_sub(before).unwrap_or(Date::MIN), days }
    }

    /// The first moment of the first day.
    #[must_use]
    pub fn start(&self) -> OffsetDateTime {
        OffsetDateTime::new_utc(self.first, Time::MIDNIGHT)
    }
}

/// A count that a store took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayCount {
    /// Tasks that are not done now.
    Open(i64),
    /// Tasks made on the day that is so many days after the first one; it may lie in the future.
    Created(i64, i64),
    /// Tasks completed on such a day.
    Completed(i64, i64),
}

/// The figures of every day of the window, the first day first.
///
/// The end of a day had the tasks that are open now, without those made after it, and with those
/// completed after it. So the past costs nothing, however long it is.
#[must_use]
pub fn figures(window: &DayWindow, counts: &[DayCount]) -> Vec<DayFigures> {
    let days = i64::from(window.days);
    let mut open = 0;
    let mut series: Vec<DayFigures> = (0..days)
        .map_while(|day| window.first.checked_add(Duration::days(day)))
        .map(|date| DayFigures { date, created: 0, completed: 0, open: 0 })
        .collect();
    let mut of = |day: i64, created: i64, completed: i64| {
        match usize::try_from(day).ok().and_then(|day| series.get_mut(day)) {
            Some(figures) => {
                figures.created += created;
                figures.completed += completed;
            }
            // After today, by another machine's clock.
            None => open += completed - created,
        }
    };
    let mut now_open = 0;
    for count in counts {
        match *count {
            DayCount::Open(tasks) => now_open += tasks,
            DayCount::Created(day, tasks) => of(day, tasks, 0),
            DayCount::Completed(day, tasks) => of(day, 0, tasks),
        }
    }
    open += now_open;
    for figures in series.iter_mut().rev() {
        // Below zero only where a task was completed on a day before it was made, by two clocks.
        figures.open = open.max(0);
        open += figures.completed - figures.created;
    }
    series
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::DayCount::{Completed, Created, Open};
    use super::*;

    #[test]
    fn a_window_ends_today_in_utc() {
        let window = DayWindow::ending(datetime!(2026-03-01 00:30 +02:00), 2);
        assert_eq!(window.start(), datetime!(2026-02-27 00:00 UTC));
        assert_eq!(
            DayWindow::ending(datetime!(2026-03-01 23:59:59.999999 UTC), 1).start(),
            datetime!(2026-03-01 00:00 UTC)
        );
    }

    #[test]
    fn walks_back_from_what_is_open_now() {
        let window = DayWindow::ending(datetime!(2026-03-01 09:00 UTC), 3);
        let counts = [
            Open(10),
            Created(0, 4),
            Created(2, 3),
            Completed(1, 2),
            Completed(2, 5),
            Created(3, 1),
        ];
        let day = |date, created, completed, open| DayFigures { date, created, completed, open };
        let expected = [
            day(date!(2026 - 02 - 27), 4, 0, 13),
            day(date!(2026 - 02 - 28), 0, 2, 11),
            day(date!(2026 - 03 - 01), 3, 5, 9),
        ];
        assert_eq!(figures(&window, &counts), expected);
        assert!(figures(&window, &[]).iter().all(|day| day.open == 0));
    }

    /// A machine whose clock is late completed it on the day before that of which another says it was made.
    #[test]
    fn no_day_has_fewer_than_none_open() {
        let window = DayWindow::ending(datetime!(2026-03-01 09:00 UTC), 2);
        let series = figures(&window, &[Open(0), Completed(0, 1), Created(1, 1)]);
        let open: Vec<_> =
            series.iter().map(|day| (day.created, day.completed, day.open)).collect();
        assert_eq!(open, [(0, 1, 0), (1, 0, 0)]);
    }
}
