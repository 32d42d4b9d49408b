//! Invented tasks and questions: the store answers as the model does.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rstest::rstest;
use taskmanager::domain::{
    DayFigures, DayWindow, Priority, Sort, Status, StatusCount, Task, TaskFilter, TaskStats,
};
use taskmanager::store::Start;
use time::{Duration, Time};
use tokio::runtime::Runtime;

use crate::fixture::{Fixture, NOW};
use crate::model;
use testkit::Backend;

/// One store for all cases of a property, emptied before each.
pub(crate) fn check<S: Strategy>(
    backend: Backend,
    cases: u32,
    strategy: &S,
    property: &impl AsyncFn(&Fixture, S::Value) -> Result<(), TestCaseError>,
) {
    let runtime = Runtime::new().expect("a runtime");
    let fixture = runtime.block_on(Fixture::new(backend));
    let config =
        Config { cases, max_shrink_iters: 100, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(strategy, |value| {
        runtime.block_on(async {
            fixture.execute("DELETE FROM tasks").await;
            property(&fixture, value).await
        })
    });
    // Its connections belong to the runtime.
    runtime.block_on(fixture.opened.close());
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[rstest]
fn pages_by_cursor_by_skip_and_in_one_are_the_same(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let question = (vec(model::task(), 0..25), model::sort(), 1_u32..12);
    check(backend, 40, &question, &async |fixture, (tasks, sort, limit)| {
        let stored = fixture.store(tasks).await;
        let all = TaskFilter::default();
        let whole = fixture.page(&all, &sort, 1000, Start::Skip(0)).await;
        prop_assert!(!whole.more);
        prop_assert_eq!(&whole.tasks, &model::list(&all, &sort, &stored));
        prop_assert_eq!(&fixture.walk(&all, &sort, limit).await, &whole.tasks);
        let mut skipped = Vec::new();
        loop {
            let at = i64::try_from(skipped.len()).expect("few");
            let page = fixture.page(&all, &sort, limit, Start::Skip(at)).await;
            skipped.extend(page.tasks);
            if !page.more {
                break;
            }
        }
        prop_assert_eq!(skipped, whole.tasks);
        Ok(())
    });
}

#[rstest]
fn filters_choose_as_the_model_does(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let question = (vec(model::task(), 0..25), vec(model::filter(), 8), model::sort(), 1_u32..9);
    check(backend, 30, &question, &async |fixture, (tasks, filters, sort, limit)| {
        let stored = fixture.store(tasks).await;
        for filter in filters {
            let expected = model::list(&filter, &sort, &stored);
            prop_assert_eq!(&fixture.walk(&filter, &sort, limit).await, &expected, "{:?}", filter);
            let count = fixture.tasks.count(&filter, NOW).await.expect("a count");
            prop_assert_eq!(count, i64::try_from(expected.len()).expect("few"));
            let figures = fixture.tasks.stats(&filter, NOW).await.expect("figures");
            prop_assert_eq!(figures, stats(&expected), "{:?}", filter);
        }
        let mut status_counts = fixture.tasks.status_counts().await.expect("a status_counts");
        status_counts.sort_by_key(|line| (line.status, line.priority));
        prop_assert_eq!(status_counts, lines(&stored));
        Ok(())
    });
}

/// Tasks of some days around now, the bounds of days among their moments; completed after they were made.
fn dated() -> impl Strategy<Value = Task> {
    let moment = || {
        let micros = prop_oneof![select(vec![0_i64, 1, 86_399_999_999]), 0..86_400_000_000_i64,];
        (-9..3_i64, micros).prop_map(|(day, micros)| {
            NOW.replace_time(Time::MIDNIGHT) + Duration::days(day) + Duration::microseconds(micros)
        })
    };
    (model::task(), moment(), option::of(moment())).prop_map(|(task, created_at, completed)| {
        let completed_at = completed.map(|at| at.max(created_at));
        let status = if completed_at.is_some() { Status::Done } else { Status::InProgress };
        Task { created_at, completed_at, status, ..task }
    })
}

#[rstest]
fn days_are_as_counted_one_by_one(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    check(backend, 40, &(vec(dated(), 0..40), 1_u16..12), &async |fixture, (tasks, days)| {
        let made = fixture.tasks.create_many(tasks.clone()).await.expect("tasks");
        let numbers: Vec<_> = made.iter().map(|task| task.number).collect();
        prop_assert!(numbers.is_sorted_by(|a, b| a < b), "{:?}", numbers);
        let expected: Vec<_> = tasks
            .iter()
            .zip(numbers)
            .map(|(task, number)| Task { number, ..task.clone() })
            .collect();
        prop_assert_eq!(&made, &expected);
        let sort = Sort::parse("number").expect("a sort");
        let stored = fixture.page(&TaskFilter::default(), &sort, 1000, Start::Skip(0)).await;
        prop_assert_eq!(stored.tasks, expected);

        let figures = fixture.tasks.daily(&DayWindow::ending(NOW, days)).await.expect("figures");
        prop_assert_eq!(figures, naive_days(&tasks, days));
        Ok(())
    });
}

fn naive_days(tasks: &[Task], days: u16) -> Vec<DayFigures> {
    let day = |before: i64| {
        let date = NOW.date() - Duration::days(before);
        let count = |wanted: &dyn Fn(&Task) -> bool| {
            i64::try_from(tasks.iter().filter(|task| wanted(task)).count()).expect("few")
        };
        let made_by_then = |task: &Task| task.created_at.date() <= date;
        let done_by_then = |task: &Task| task.completed_at.is_some_and(|at| at.date() <= date);
        DayFigures {
            date,
            created: count(&|task| task.created_at.date() == date),
            completed: count(&|task| task.completed_at.is_some_and(|at| at.date() == date)),
            open: count(&|task| made_by_then(task) && !done_by_then(task)),
        }
    };
    (0..i64::from(days)).rev().map(day).collect()
}

fn stats(tasks: &[Task]) -> TaskStats {
    let count = |wanted: &dyn Fn(&Task) -> bool| {
        i64::try_from(tasks.iter().filter(|task| wanted(task)).count()).expect("few")
    };
    let week_ago = NOW - Duration::days(7);
    TaskStats {
        total: count(&|_| true),
        by_status: Status::ALL.map(|status| count(&|task| task.status == status)),
        by_priority: Priority::ALL.map(|priority| count(&|task| task.priority == priority)),
        overdue: count(&|task| model::is_overdue(task, NOW)),
        completed_last_7_days: count(&|task| task.completed_at.is_some_and(|at| at > week_ago)),
    }
}

fn lines(tasks: &[Task]) -> Vec<StatusCount> {
    let kinds = Status::ALL.into_iter().flat_map(|s| Priority::ALL.map(|p| (s, p)));
    let line = |(status, priority)| {
        let same = |task: &&Task| task.status == status && task.priority == priority;
        let tasks = i64::try_from(tasks.iter().filter(same).count()).expect("few");
        StatusCount { status, priority, tasks }
    };
    kinds.map(line).filter(|line| line.tasks > 0).collect()
}
