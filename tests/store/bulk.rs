//! Several changes as one: all or none, in order, and never two callers that wait for each other.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use rstest::rstest;
use taskmanager::domain::precondition::entity_tag;
use taskmanager::domain::{
    Clock, Operation, OperationError, OperationErrorKind, Outcome, Precondition, StatusChange,
    SystemClock, TagList, Task, TaskPatch, TaskRef, Title,
};
use taskmanager::store::{Start, StoreError, TaskStore, Work, WriteOutcome};
use time::Duration;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::fixture::{Fixture, NOW, task};
use crate::model;
use crate::properties::check;
use testkit::Backend;

const LATER: time::OffsetDateTime = NOW.saturating_add(Duration::SECOND);

fn retitled(title: &str) -> TaskPatch {
    let title = Some(Title::parse(title).expect("a title"));
    TaskPatch { title, ..TaskPatch::default() }
}

fn update(task: &Task, title: &str) -> Operation {
    let reference = TaskRef::Id(task.id);
    Operation::Update {
        reference,
        precondition: Precondition::default(),
        patch: Box::new(retitled(title)),
    }
}

fn in_version(id: uuid::Uuid, version: i64) -> Precondition {
    let tags = TagList::parse(&entity_tag(id, version));
    Precondition { if_match: Some(tags), if_none_match: None }
}

async fn carry_out(
    tasks: &dyn TaskStore,
    operations: Vec<Operation>,
) -> Result<Vec<Outcome>, StoreError> {
    let work = Work { operations, now: LATER, once: None };
    match tasks.carry_out(work).await? {
        WriteOutcome::Applied(outcomes) => Ok(outcomes),
        WriteOutcome::Replayed(answer) => panic!("there is no key: {answer:?}"),
    }
}

async fn all(fixture: &Fixture) -> Vec<Task> {
    let (filter, sort) = Default::default();
    fixture.page(&filter, &sort, 1000, Start::Skip(0)).await.tasks
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn operations_happen_in_their_order_and_see_each_other(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let [one, two] = fixture.store(["one", "two"].map(task)).await.try_into().expect("two");
    let operations = vec![
        update(&one, "once"),
        Operation::Create(Box::new(task("three"))),
        Operation::Update {
            reference: TaskRef::Number(one.number),
            precondition: in_version(one.id, 2),
            patch: Box::new(retitled("twice")),
        },
        Operation::Delete {
            reference: TaskRef::Number(two.number),
            precondition: in_version(two.id, 1),
        },
        Operation::Delete { reference: TaskRef::Id(one.id), precondition: in_version(one.id, 3) },
    ];
    let outcomes = carry_out(&*fixture.tasks, operations).await.expect("outcomes");
    let [once, made, twice, gone, last] = outcomes.try_into().expect("five");
    let changed = |title: &str, version| Task {
        title: title.into(),
        version,
        updated_at: LATER,
        ..one.clone()
    };
    assert_eq!(once, Outcome::Updated(changed("once", 2)));
    assert_eq!(twice, Outcome::Updated(changed("twice", 3)));
    assert_eq!(gone, Outcome::Deleted(two));
    assert_eq!(last, Outcome::Deleted(changed("twice", 3)));
    assert_eq!(all(&fixture).await, [made.task().clone()]);
    assert!(matches!(made, Outcome::Created(task) if task.title == "three"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn if_one_fails_nothing_is_changed_and_each_that_failed_is_named(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let [one, two] = fixture.store(["one", "two"].map(task)).await.try_into().expect("two");
    let before = all(&fixture).await;
    let none = Precondition::default();
    let unknown = TaskRef::Id(SystemClock.new_id());
    let operations = vec![
        update(&one, "once"),
        // Not in this version any more: the operation before has changed it.
        Operation::Delete { reference: TaskRef::Id(one.id), precondition: in_version(one.id, 1) },
        Operation::Create(Box::new(task("three"))),
        Operation::Update {
            reference: unknown,
            precondition: none.clone(),
            patch: Box::new(retitled("x")),
        },
        Operation::Delete { reference: TaskRef::Id(two.id), precondition: none.clone() },
        Operation::Delete { reference: TaskRef::Number(two.number), precondition: none },
    ];
    let refused = carry_out(&*fixture.tasks, operations).await;
    let expected = [
        (1, OperationErrorKind::Conflict),
        (3, OperationErrorKind::NotFound),
        (5, OperationErrorKind::NotFound),
    ]
    .map(|(operation, reason)| OperationError { operation, reason });
    assert!(
        matches!(&refused, Err(StoreError::Refused(found)) if *found == expected),
        "{refused:?}"
    );
    assert_eq!(all(&fixture).await, before);
}

/// What is done to which task: an index into those that there were, so that some are there no longer.
#[derive(Clone, Debug)]
enum Step {
    Create(Task),
    Update(Index, bool, Option<i64>, Box<TaskPatch>),
    Delete(Index, bool, Option<i64>),
}

fn step() -> impl Strategy<Value = Step> {
    // Mostly one that holds, so that whole requests succeed.
    let version = prop_oneof![6 => Just(None), 2 => Just(Some(0)), 1 => Just(Some(1))];
    let patch = (proptest::option::of(model::title()), 0..3_usize).prop_map(|(title, status)| {
        let title = title.map(|title| Title::parse(&title).expect("a title"));
        let status = taskmanager::domain::Status::ALL[status];
        Box::new(TaskPatch { title, status: StatusChange::Set(status), ..TaskPatch::default() })
    });
    let named = (any::<Index>(), any::<bool>(), version);
    prop_oneof![
        2 => model::task().prop_map(Step::Create),
        5 => (named.clone(), patch).prop_map(|((at, by, version), patch)| {
            Step::Update(at, by, version, patch)
        }),
        1 => named.prop_map(|(at, by, version)| Step::Delete(at, by, version)),
    ]
}

/// The operation, asking for the version that the task has in the model, or has not by `off`.
fn operation(step: &Step, stored: &[Task], present: &[Task]) -> Operation {
    let named = |at: &Index, by_number: bool, off: &Option<i64>| {
        let task = at.get(stored);
        let version = present.iter().find(|t| t.id == task.id).map_or(1, |t| t.version);
        let precondition = off.map(|off| in_version(task.id, version + off)).unwrap_or_default();
        let reference = if by_number { TaskRef::Number(task.number) } else { TaskRef::Id(task.id) };
        (reference, precondition)
    };
    match step {
        Step::Create(task) => Operation::Create(Box::new(task.clone())),
        Step::Update(at, by_number, off, patch) => {
            let (reference, precondition) = named(at, *by_number, off);
            Operation::Update { reference, precondition, patch: patch.clone() }
        }
        Step::Delete(at, by_number, off) => {
            let (reference, precondition) = named(at, *by_number, off);
            Operation::Delete { reference, precondition }
        }
    }
}

/// What an operation does to tasks that are held in memory.
fn apply(operation: &Operation, tasks: &mut Vec<Task>) -> Result<Outcome, OperationErrorKind> {
    let find = |tasks: &[Task], reference: TaskRef, precondition: &Precondition| {
        let is = |task: &Task| match reference {
            TaskRef::Id(id) => task.id == id,
            TaskRef::Number(number) => task.number == number,
        };
        let at = tasks.iter().position(is).ok_or(OperationErrorKind::NotFound)?;
        precondition.holds(&tasks[at]).then_some(at).ok_or(OperationErrorKind::Conflict)
    };
    match operation {
        Operation::Create(task) => {
            tasks.push(task.as_ref().clone());
            Ok(Outcome::Created(task.as_ref().clone()))
        }
        Operation::Update { reference, precondition, patch } => {
            let at = find(tasks, *reference, precondition)?;
            if let Some(next) = tasks[at].patched(patch, LATER) {
                tasks[at] = next;
            }
            Ok(Outcome::Updated(tasks[at].clone()))
        }
        Operation::Delete { reference, precondition } => {
            let at = find(tasks, *reference, precondition)?;
            Ok(Outcome::Deleted(tasks.remove(at)))
        }
    }
}

/// Without what the database chooses.
fn unnumbered(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Created(task) => Outcome::Created(Task { number: 0, ..task }),
        other => other,
    }
}

#[rstest]
fn together_is_as_one_by_one_or_not_at_all(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let history = (vec(model::task(), 1..5), vec(step(), 1..12));
    check(backend, 120, &history, &async |fixture, (tasks, steps)| {
        let stored = fixture.store(tasks).await;
        let mut present = stored.clone();
        let (mut operations, mut outcomes, mut refusals) = (Vec::new(), Vec::new(), Vec::new());
        for (at, step) in steps.iter().enumerate() {
            let operation = operation(step, &stored, &present);
            match apply(&operation, &mut present) {
                Ok(outcome) => outcomes.push(outcome),
                Err(reason) => refusals.push(OperationError { operation: at, reason }),
            }
            operations.push(operation);
        }
        let by_id = |mut tasks: Vec<Task>| {
            tasks.sort_by_key(|task| task.id);
            tasks
        };
        match carry_out(&*fixture.tasks, operations).await {
            Ok(found) => {
                prop_assert_eq!(refusals, []);
                let found: Vec<_> = found.into_iter().map(unnumbered).collect();
                prop_assert_eq!(found, outcomes);
                let known: Vec<_> = stored.iter().map(|task| task.number).collect();
                let mut kept = by_id(all(fixture).await);
                for task in &mut kept {
                    if !known.contains(&task.number) {
                        task.number = 0;
                    }
                }
                prop_assert_eq!(kept, by_id(present));
            }
            Err(StoreError::Refused(found)) => {
                prop_assert_eq!(found, refusals);
                prop_assert_eq!(by_id(all(fixture).await), by_id(stored));
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
        Ok(())
    });
}

/// Half of the callers name the tasks from the first to the last, half the other way round.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn opposite_orders_do_not_stand_in_each_others_way(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let tasks = fixture.store((0..20).map(|n| task(&n.to_string()))).await;
    let barrier = Arc::new(Barrier::new(8));
    let mut callers = JoinSet::new();
    for caller in 0..8 {
        let (store, barrier) = (Arc::clone(&fixture.tasks), Arc::clone(&barrier));
        let mut tasks = tasks.clone();
        if caller % 2 == 1 {
            tasks.reverse();
        }
        callers.spawn(async move {
            barrier.wait().await;
            for round in 0..10 {
                let title = format!("{round} by {caller}");
                let operations = tasks.iter().map(|task| update(task, &title)).collect();
                carry_out(&*store, operations).await.expect("no caller is turned away");
            }
        });
    }
    let start = std::time::Instant::now();
    callers.join_all().await;
    // PostgreSQL looks for deadlocks after a second: there was none to be found and tried again.
    assert!(start.elapsed() < Duration::seconds(20), "{:?}", start.elapsed());
    for task in all(&fixture).await {
        assert_eq!(task.version, 81, "{task:?}");
    }
}
