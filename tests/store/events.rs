//! The outbox: what is written, what a tail tells of it, and what is pruned.

use std::time::Duration;

use rstest::rstest;
use taskmanager::domain::{
    EventKind, EventMark, Precondition, Task, TaskEvent, TaskPatch, TaskRef, Title,
};
use taskmanager::store::{EventFeed, StoreError, Tail};

use crate::fixture::{Fixture, NOW, task};
use testkit::{Backend, WITHIN};

const ANY: Precondition = Precondition { if_match: None, if_none_match: None };

fn retitled(title: &str) -> TaskPatch {
    TaskPatch { title: Some(Title::parse(title).expect("a title")), ..TaskPatch::default() }
}

fn feed(fixture: &Fixture) -> EventFeed {
    fixture.opened.events(&[])
}

/// The next events, as many as are expected.
async fn next(tail: &mut Tail, count: usize) -> Vec<TaskEvent> {
    let mut events = Vec::new();
    let reading = async {
        while events.len() < count {
            let advance = tail.advance().await.expect("an answer");
            assert_eq!(advance.resync, None);
            events.extend(advance.events);
            if events.len() < count {
                tail.wait(advance.next).await;
            }
        }
    };
    tokio::time::timeout(WITHIN, reading).await.expect("the events");
    events
}

async fn rows(fixture: &Fixture) -> i64 {
    fixture.database.connect().await.integer("SELECT count(*) FROM task_events").await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_change_and_its_event_are_one(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let mut tail = feed(&fixture).follow().await.expect("a tail");
    let full = Task {
        description: Some("\ttwo\r\nlines\n".into()),
        assignee: Some("Ana".into()),
        due_date: Some(NOW),
        ..task("Ma tâche 😀 \\ % ' \"")
    };
    let made = fixture.tasks.create(full).await.expect("a task");
    let by_id = TaskRef::Id(made.id);
    let by_number = TaskRef::Number(made.number);
    let same = retitled(&made.title);
    assert_eq!(fixture.tasks.update(by_id, &ANY, &same, NOW).await.expect("as it was"), made);
    let stale = Precondition {
        if_match: Some(taskmanager::domain::TagList::parse("\"x\"")),
        if_none_match: None,
    };
    let refused = fixture.tasks.update(by_id, &stale, &retitled("x"), NOW).await;
    assert!(matches!(refused, Err(StoreError::Conflict)));
    let refused = fixture.tasks.delete(by_id, &stale).await;
    assert!(matches!(refused, Err(StoreError::Conflict)));
    let later = NOW + Duration::from_secs(1);
    let changed = fixture.tasks.update(by_number, &ANY, &retitled("u"), later).await;
    let changed = changed.expect("changed");
    fixture.tasks.delete(by_id, &ANY).await.expect("gone");
    let gone = fixture.tasks.delete(by_id, &ANY).await;
    assert!(matches!(gone, Err(StoreError::NotFound)));

    let told = next(&mut tail, 3).await;
    let expected = [
        (EventKind::Created, made),
        (EventKind::Updated, changed.clone()),
        (EventKind::Deleted, changed),
    ];
    let found = told.iter().map(|event| (event.kind, event.task.clone()));
    assert_eq!(found.collect::<Vec<_>>(), expected);
    assert!(told.is_sorted_by(|a, b| a.id < b.id));
    assert_eq!((rows(&fixture).await, tail.position()), (3, told[2].mark()));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_was_missed_is_told_as_long_as_it_is_known(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let feed = feed(&fixture);
    let all = async || {
        let end = EventMark::from_wire(i64::MAX);
        let events = feed.replay(EventMark::START, end, 100).await.expect("an answer");
        events.expect("nothing is pruned yet")
    };
    let mut marks = vec![EventMark::START];
    let missed = async |marks: &[EventMark], after: usize, upto: i64, limit: u32| {
        let unknown = EventMark::unknown(i64::try_from(after).expect("a number"));
        let after = marks.get(after).copied().unwrap_or(unknown);
        let upto = EventMark::unknown(upto);
        let events = feed.replay(after, upto, limit).await.expect("an answer");
        events.map(|events| events.into_iter().map(|event| event.id).collect::<Vec<_>>())
    };
    assert_eq!(missed(&marks, 0, 0, 10).await, Some(vec![]), "of nothing");
    assert_eq!(missed(&marks, 1, 1, 10).await, None, "never told");
    fixture.store((0..5).map(|at| task(&format!("t{at}")))).await;
    marks.extend(all().await.iter().map(TaskEvent::mark));
    assert_eq!(missed(&marks, 0, 5, 10).await, Some(vec![1, 2, 3, 4, 5]));
    assert_eq!(missed(&marks, 2, 5, 2).await, Some(vec![3, 4]));
    assert_eq!(missed(&marks, 2, 4, 10).await, Some(vec![3, 4]), "no further than is certain");
    assert_eq!(missed(&marks, 5, 5, 10).await, Some(vec![]));
    assert_eq!(missed(&marks, 6, 6, 10).await, None);
    let other = [EventMark::START, EventMark::from_wire(marks[1].to_wire() ^ 1)];
    assert_eq!(missed(&other, 1, 5, 10).await, None, "another event of the same number");
    fixture.execute("DELETE FROM task_events WHERE id <= 2").await;
    for gone in [0, 1, 2] {
        assert_eq!(missed(&marks, gone, 5, 10).await, None, "{gone}");
    }
    assert_eq!(missed(&marks, 3, 5, 10).await, Some(vec![4, 5]));
}
