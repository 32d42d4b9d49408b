//! Invented tasks and questions: the store answers as the model does.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rstest::rstest;
use taskmanager::domain::{CensusLine, Priority, Status, Task, TaskFilter, TaskStats};
use taskmanager::store::Start;
use time::Duration;
use tokio::runtime::Runtime;

use crate::fixture::{Fixture, NOW};
use crate::model;
use crate::support::Backend;

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
        let mut census = fixture.tasks.census().await.expect("a census");
        census.sort_by_key(|line| (line.status, line.priority));
        prop_assert_eq!(census, lines(&stored));
        Ok(())
    });
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

fn lines(tasks: &[Task]) -> Vec<CensusLine> {
    let kinds = Status::ALL.into_iter().flat_map(|s| Priority::ALL.map(|p| (s, p)));
    let line = |(status, priority)| {
        let same = |task: &&Task| task.status == status && task.priority == priority;
        let tasks = i64::try_from(tasks.iter().filter(same).count()).expect("few");
        CensusLine { status, priority, tasks }
    };
    kinds.map(line).filter(|line| line.tasks > 0).collect()
}
