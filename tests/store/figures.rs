//! Counts, figures and the census.

use rstest::rstest;
use taskmanager::domain::{DayFigures, DayWindow, Priority, Status, Task, TaskFilter, TaskStats};
use time::Duration;
use time::macros::{date, datetime};

use crate::fixture::{Fixture, NOW, task};
use crate::statements::during;
use testkit::Backend;

const WEEK: Duration = Duration::days(7);
const MOMENT: Duration = Duration::microseconds(1);

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_empty_store_counts_zero(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let all = TaskFilter::default();
    assert_eq!(fixture.tasks.count(&all, NOW).await.expect("a count"), 0);
    assert_eq!(fixture.tasks.stats(&all, NOW).await.expect("figures"), TaskStats::default());
    assert_eq!(fixture.tasks.status_counts().await.expect("a status_counts"), []);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn figures_stand_at_their_bounds(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let due = |at| Task { due_date: Some(at), ..task("due") };
    let done = |at| Task { status: Status::Done, completed_at: Some(at), ..task("done") };
    fixture
        .store([
            due(NOW),
            due(NOW - MOMENT),
            Task { status: Status::InProgress, ..due(NOW - WEEK) },
            Task { due_date: Some(NOW - WEEK), ..done(NOW - WEEK) },
            Task { priority: Priority::High, ..done(NOW - WEEK + MOMENT) },
        ])
        .await;
    let expected = TaskStats {
        total: 5,
        by_status: [2, 1, 2],
        by_priority: [0, 4, 1],
        overdue: 2,
        completed_last_7_days: 1,
    };
    assert_eq!(fixture.tasks.stats(&TaskFilter::default(), NOW).await.expect("figures"), expected);
    let overdue = TaskFilter { overdue: Some(true), ..TaskFilter::default() };
    assert_eq!(fixture.tasks.count(&overdue, NOW).await.expect("a count"), 2);
    // A moment later the first is overdue too.
    assert_eq!(fixture.tasks.count(&overdue, NOW + MOMENT).await.expect("a count"), 3);
    let not = TaskFilter { overdue: Some(false), ..TaskFilter::default() };
    assert_eq!(fixture.tasks.count(&not, NOW).await.expect("a count"), 3);
    let figures = fixture.tasks.stats(&overdue, NOW).await.expect("figures");
    assert_eq!((figures.total, figures.by_status, figures.overdue), (2, [1, 1, 0], 2));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_day_ends_at_midnight_in_utc(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let midnight = datetime!(2026-11-21 00:00 UTC);
    let made = |at| Task { created_at: at, ..task("made") };
    let done = |from, to| Task { status: Status::Done, completed_at: Some(to), ..made(from) };
    fixture
        .store([
            made(midnight),
            made(midnight - MOMENT),
            made(midnight - Duration::days(400)),
            done(midnight - Duration::days(400), midnight - Duration::days(300)),
            done(midnight - MOMENT, midnight),
            done(midnight - Duration::days(3), midnight - MOMENT),
            // By a clock that is ahead.
            made(midnight + Duration::days(2)),
        ])
        .await;
    let window = DayWindow::ending(NOW, 3);
    let (figures, statements) = during(fixture.tasks.daily(&window)).await;
    let day = |date, created, completed, open| DayFigures { date, created, completed, open };
    let expected = [
        day(date!(2026 - 11 - 19), 0, 0, 2),
        day(date!(2026 - 11 - 20), 2, 1, 3),
        day(date!(2026 - 11 - 21), 1, 1, 3),
    ];
    assert_eq!(figures.expect("figures"), expected);
    assert_eq!(statements.len(), 1, "{statements:#?}");
    let one = fixture.tasks.daily(&DayWindow::ending(NOW, 1)).await.expect("figures");
    assert_eq!(one, expected[2..]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_census_lists_what_occurs(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let low = Task { priority: Priority::Low, ..task("low") };
    let done = Task { status: Status::Done, completed_at: Some(NOW), ..task("done") };
    fixture.store([low, done, task("a"), task("b")]).await;
    let status_counts = fixture.tasks.status_counts().await.expect("a status_counts");
    let mut lines: Vec<_> =
        status_counts.iter().map(|line| (line.status, line.priority, line.tasks)).collect();
    lines.sort();
    let expected = [
        (Status::Todo, Priority::Low, 1),
        (Status::Todo, Priority::Medium, 2),
        (Status::Done, Priority::Medium, 1),
    ];
    assert_eq!(lines, expected);
}
