//! One task: made, read, changed and removed.

use rstest::rstest;
use taskmanager::domain::{
    Assignee, Change, Clock, Description, Precondition, Priority, Status, StatusChange,
    SystemClock, TagList, Task, TaskPatch, TaskRef, Title,
};
use taskmanager::store::StoreError;
use time::Duration;
use time::macros::datetime;

use crate::fixture::{Fixture, NOW, task};
use testkit::Backend;

const ANY: Precondition = Precondition { if_match: None, if_none_match: None };

/// What a patch should do to a task.
type Edit = fn(&mut Task);

fn if_match(task: &Task) -> Precondition {
    let tag = taskmanager::domain::precondition::entity_tag(task.id, task.version);
    Precondition { if_match: Some(TagList::parse(&tag)), if_none_match: None }
}

fn retitled(title: &str) -> TaskPatch {
    TaskPatch { title: Some(Title::parse(title).expect("a title")), ..TaskPatch::default() }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_created_is_read_back_by_id_and_by_number(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let full = Task {
        title: "Ma tâche 😀 \\ % ' \"".into(),
        description: Some("\ttwo\r\nlines\n".into()),
        status: Status::Done,
        priority: Priority::High,
        assignee: Some("Ana".into()),
        due_date: Some(datetime!(0001-01-01 00:00 UTC)),
        completed_at: Some(datetime!(9999-12-31 23:59:59.999999 UTC)),
        version: 7,
        // Not read: the database gives it.
        number: 4711,
        ..task("x")
    };
    for given in [full, Task { description: Some(String::new()), ..task("bare") }] {
        let made = fixture.tasks.create(given.clone()).await.expect("a task");
        assert_ne!(made.number, given.number);
        assert_eq!(made, Task { number: made.number, ..given });
        for reference in [TaskRef::Id(made.id), TaskRef::Number(made.number)] {
            let read = fixture.tasks.get(reference).await.expect("an answer");
            assert_eq!(read.as_ref(), Some(&made));
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_not_there_is_none_or_not_found(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    fixture.store([task("another")]).await;
    for reference in
        [TaskRef::Id(SystemClock.new_id()), TaskRef::Number(99), TaskRef::Number(i64::MAX)]
    {
        assert_eq!(fixture.tasks.get(reference).await.expect("an answer"), None);
        let changed = fixture.tasks.update(reference, &ANY, &retitled("y"), NOW).await;
        assert!(matches!(changed, Err(StoreError::NotFound)), "{changed:?}");
        let removed = fixture.tasks.delete(reference, &ANY).await;
        assert!(matches!(removed, Err(StoreError::NotFound)), "{removed:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_update_changes_what_the_patch_names_and_nothing_else(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let [made] = fixture.store([task("before")]).await.try_into().expect("one");
    let [other] = fixture.store([task("other")]).await.try_into().expect("one");
    let later = NOW + Duration::microseconds(1);
    let description = Description::parse("a text").expect("a description");
    let assignee = Assignee::parse("Ana").expect("an assignee");
    let patches: [(TaskPatch, Edit); 7] = [
        (retitled("after"), |task| task.title = "after".into()),
        (TaskPatch { description: Change::Set(description), ..TaskPatch::default() }, |task| {
            task.description = Some("a text".into());
        }),
        (TaskPatch { assignee: Change::Set(assignee), ..TaskPatch::default() }, |task| {
            task.assignee = Some("Ana".into());
        }),
        (TaskPatch { due_date: Change::Set(NOW), ..TaskPatch::default() }, |task| {
            task.due_date = Some(NOW);
        }),
        (TaskPatch { priority: Some(Priority::Low), ..TaskPatch::default() }, |task| {
            task.priority = Priority::Low;
        }),
        (TaskPatch { status: StatusChange::Set(Status::Done), ..TaskPatch::default() }, |task| {
            task.status = Status::Done;
            task.completed_at = Some(NOW + Duration::microseconds(1));
        }),
        (
            TaskPatch {
                description: Change::Clear,
                assignee: Change::Clear,
                due_date: Change::Clear,
                status: StatusChange::Reopen,
                ..TaskPatch::default()
            },
            |task| {
                (task.description, task.assignee, task.due_date) = (None, None, None);
                (task.status, task.completed_at) = (Status::Todo, None);
            },
        ),
    ];
    let mut expected = made.clone();
    for (at, (patch, change)) in patches.into_iter().enumerate() {
        change(&mut expected);
        expected.updated_at = later;
        expected.version += 1;
        let reference =
            if at % 2 == 0 { TaskRef::Id(made.id) } else { TaskRef::Number(made.number) };
        let changed = fixture.tasks.update(reference, &ANY, &patch, later).await.expect("a change");
        assert_eq!(changed, expected);
        assert_eq!(fixture.tasks.get(reference).await.expect("an answer"), Some(changed));
    }
    let untouched = fixture.tasks.get(TaskRef::Id(other.id)).await.expect("an answer");
    assert_eq!(untouched, Some(other));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_patch_that_changes_nothing_leaves_version_and_time(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let [made] = fixture.store([task("same")]).await.try_into().expect("one");
    let later = NOW + Duration::days(1);
    for patch in [
        TaskPatch::default(),
        retitled("same"),
        TaskPatch { status: StatusChange::Reopen, ..TaskPatch::default() },
        TaskPatch { description: Change::Clear, ..TaskPatch::default() },
    ] {
        let same = fixture.tasks.update(TaskRef::Id(made.id), &ANY, &patch, later).await;
        assert_eq!(same.expect("no change"), made);
    }
    assert_eq!(fixture.tasks.get(TaskRef::Id(made.id)).await.expect("an answer"), Some(made));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_precondition_that_does_not_hold_is_a_conflict_and_changes_nothing(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let [made] = fixture.store([task("one")]).await.try_into().expect("one");
    let reference = TaskRef::Id(made.id);
    let changed = fixture.tasks.update(reference, &if_match(&made), &retitled("two"), NOW).await;
    let changed = changed.expect("a change");

    let stale = fixture.tasks.update(reference, &if_match(&made), &retitled("three"), NOW).await;
    assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
    // Even where there would be nothing to change.
    let stale = fixture.tasks.update(reference, &if_match(&made), &TaskPatch::default(), NOW).await;
    assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
    let stale = fixture.tasks.delete(reference, &if_match(&made)).await;
    assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
    let none = Precondition { if_match: None, if_none_match: Some(TagList::Any) };
    let exists = fixture.tasks.update(reference, &none, &retitled("four"), NOW).await;
    assert!(matches!(exists, Err(StoreError::Conflict)), "{exists:?}");

    assert_eq!(fixture.tasks.get(reference).await.expect("an answer"), Some(changed.clone()));
    fixture.tasks.delete(reference, &if_match(&changed)).await.expect("a removal");
    assert_eq!(fixture.tasks.get(reference).await.expect("an answer"), None);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_number_is_not_given_again(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let made = fixture.store(["a", "b", "c"].map(task)).await;
    assert!(made.is_sorted_by(|a, b| a.number < b.number), "{made:?}");
    assert!(made[0].number >= 1);
    for task in &made {
        fixture.tasks.delete(TaskRef::Number(task.number), &ANY).await.expect("a removal");
        let gone = fixture.tasks.delete(TaskRef::Number(task.number), &ANY).await;
        assert!(matches!(gone, Err(StoreError::NotFound)), "{gone:?}");
    }
    let [next] = fixture.store([task("d")]).await.try_into().expect("one");
    assert!(next.number > made[2].number, "{} after {}", next.number, made[2].number);
}
