//! Many callers at once.

use std::sync::Arc;

use rstest::rstest;
use taskmanager::domain::precondition::entity_tag;
use taskmanager::domain::{
    Assignee, Change, Description, Precondition, Priority, Status, StatusChange, TagList, Task,
    TaskPatch, TaskRef, Title,
};
use taskmanager::store::StoreError;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::fixture::{Fixture, NOW, task};
use testkit::Backend;

const ANY: Precondition = Precondition { if_match: None, if_none_match: None };

fn titled(title: &str) -> TaskPatch {
    TaskPatch { title: Some(Title::parse(title).expect("a title")), ..TaskPatch::default() }
}

/// Applies all patches at once, and returns what each came to.
async fn at_once(
    fixture: &Fixture,
    task: &Task,
    precondition: &Precondition,
    patches: Vec<TaskPatch>,
) -> Vec<Result<Task, StoreError>> {
    let barrier = Arc::new(Barrier::new(patches.len()));
    let mut callers = JoinSet::new();
    for patch in patches {
        let (tasks, barrier) = (Arc::clone(&fixture.tasks), Arc::clone(&barrier));
        let (reference, precondition) = (TaskRef::Id(task.id), precondition.clone());
        callers.spawn(async move {
            barrier.wait().await;
            tasks.update(reference, &precondition, &patch, NOW).await
        });
    }
    callers.join_all().await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_writers_with_one_precondition_exactly_one_wins(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let [mut present] = fixture.store([task("start")]).await.try_into().expect("one");
    for round in 0..10 {
        let tag = TagList::parse(&entity_tag(present.id, present.version));
        let precondition = Precondition { if_match: Some(tag), if_none_match: None };
        let patches: Vec<_> = (0..8).map(|n| titled(&format!("{round} by {n}"))).collect();
        let mut outcomes = at_once(&fixture, &present, &precondition, patches).await;
        outcomes.sort_by_key(Result::is_err);
        let (winner, losers) = outcomes.split_first().expect("outcomes");
        let winner = winner.as_ref().expect("a winner");
        for loser in losers {
            assert!(matches!(loser, Err(StoreError::Conflict)), "{loser:?}");
        }
        assert_eq!(winner.version, present.version + 1);
        let stored = fixture.tasks.get(TaskRef::Id(present.id)).await.expect("an answer");
        assert_eq!(stored.as_ref(), Some(winner));
        present = winner.clone();
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn patches_to_different_fields_lose_nothing(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    for _ in 0..5 {
        let [made] = fixture.store([task("start")]).await.try_into().expect("one");
        let description = Description::parse("described").expect("a description");
        let assignee = Assignee::parse("Ana").expect("an assignee");
        let patches = [
            titled("titled"),
            TaskPatch { description: Change::Set(description), ..TaskPatch::default() },
            TaskPatch { assignee: Change::Set(assignee), ..TaskPatch::default() },
            TaskPatch { due_date: Change::Set(NOW), ..TaskPatch::default() },
            TaskPatch { priority: Some(Priority::High), ..TaskPatch::default() },
            TaskPatch { status: StatusChange::Set(Status::Done), ..TaskPatch::default() },
        ];
        for outcome in at_once(&fixture, &made, &ANY, patches.into()).await {
            outcome.expect("a change");
        }
        let expected = Task {
            title: "titled".into(),
            description: Some("described".into()),
            assignee: Some("Ana".into()),
            due_date: Some(NOW),
            priority: Priority::High,
            status: Status::Done,
            completed_at: Some(NOW),
            version: 7,
            ..made
        };
        let stored = fixture.tasks.get(TaskRef::Id(made.id)).await.expect("an answer");
        assert_eq!(stored, Some(expected));
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn numbers_are_unique_and_rise(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let barrier = Arc::new(Barrier::new(50));
    let mut callers = JoinSet::new();
    for caller in 0..50 {
        let (tasks, barrier) = (Arc::clone(&fixture.tasks), Arc::clone(&barrier));
        callers.spawn(async move {
            barrier.wait().await;
            let first = tasks.create(task(&format!("{caller}, first"))).await.expect("a task");
            let second = tasks.create(task(&format!("{caller}, second"))).await.expect("a task");
            // What is begun after the other has ended is numbered after it.
            assert!(second.number > first.number, "{} then {}", first.number, second.number);
            [first.number, second.number]
        });
    }
    let mut numbers = callers.join_all().await.concat();
    numbers.sort_unstable();
    assert_eq!(numbers.len(), 100);
    assert!(numbers.is_sorted_by(|a, b| a < b), "one twice: {numbers:?}");
    assert!(numbers[0] >= 1);
    let [last] = fixture.store([task("last")]).await.try_into().expect("one");
    assert!(last.number > numbers[99]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_task_is_removed_once(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let fixture = Fixture::new(backend).await;
    let [made] = fixture.store([task("start")]).await.try_into().expect("one");
    let barrier = Arc::new(Barrier::new(8));
    let mut callers = JoinSet::new();
    for _ in 0..8 {
        let (tasks, barrier) = (Arc::clone(&fixture.tasks), Arc::clone(&barrier));
        callers.spawn(async move {
            barrier.wait().await;
            tasks.delete(TaskRef::Number(made.number), &ANY).await
        });
    }
    let outcomes = callers.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for outcome in outcomes.iter().filter(|outcome| outcome.is_err()) {
        assert!(matches!(outcome, Err(StoreError::NotFound)), "{outcome:?}");
    }
}
