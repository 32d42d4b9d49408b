//! Words in any script: found exactly where the folded text holds them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use rstest::rstest;
use taskmanager::domain::fold::words;
use taskmanager::domain::{
    Assignee, Change, Description, Precondition, Sort, Task, TaskFilter, TaskPatch, TaskRef, Title,
};

use crate::fixture::{Fixture, NOW, task};
use crate::model;
use crate::properties::check;
use testkit::Backend;

fn searching(q: &str) -> TaskFilter {
    TaskFilter { words: words(q), ..TaskFilter::default() }
}

/// A piece of a task's own text, so that searches find something.
fn piece(tasks: &[Task], which: (Index, Index, usize)) -> String {
    if tasks.is_empty() {
        return String::new();
    }
    let task = which.0.get(tasks);
    let texts = [Some(&task.title), task.description.as_ref(), task.assignee.as_ref()];
    let text: Vec<char> = texts.into_iter().flatten().flat_map(|text| text.chars()).collect();
    let from = which.1.index(text.len());
    text.iter().skip(from).take(which.2).collect()
}

#[rstest]
fn words_are_found_where_the_folded_text_holds_them(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let pieces = vec((any::<Index>(), any::<Index>(), 1_usize..8), 12);
    let question = (vec(model::task(), 1..15), vec(model::text(1..5), 6), pieces);
    check(backend, 40, &question, &async |fixture, (tasks, mut queries, pieces)| {
        let stored = fixture.store(tasks).await;
        queries.extend(pieces.into_iter().map(|which| piece(&stored, which)));
        let sort = Sort::default();
        for q in queries {
            let filter = searching(&q);
            let expected = model::list(&filter, &sort, &stored);
            let found = fixture.walk(&filter, &sort, 1000).await;
            prop_assert_eq!(found, expected, "q={:?}, words {:?}", q, filter.words);
        }
        Ok(())
    });
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_search_follows_every_change(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let described = Task { description: Some("Crème brûlée".into()), ..task("Dessert") };
    let [made, _] = fixture.store([described, task("Soup")]).await.try_into().expect("two");
    let reference = TaskRef::Id(made.id);
    let found = async |q: &str| fixture.tasks.count(&searching(q), NOW).await.expect("a count");
    let change = async |patch: TaskPatch| {
        fixture
            .tasks
            .update(reference, &Precondition::default(), &patch, NOW)
            .await
            .expect("a change");
    };
    assert_eq!(
        (found("BRULEE").await, found("cr br").await, found("dessert soup").await),
        (1, 1, 0)
    );

    let description = Description::parse("cheese").expect("a description");
    change(TaskPatch { description: Change::Set(description), ..TaskPatch::default() }).await;
    assert_eq!((found("brulee").await, found("cheese").await), (0, 1));
    change(TaskPatch {
        title: Some(Title::parse("Last").expect("a title")),
        ..TaskPatch::default()
    })
    .await;
    assert_eq!((found("dessert").await, found("last cheese").await), (0, 1));
    let assignee = Assignee::parse("Łukasz").expect("an assignee");
    change(TaskPatch { assignee: Change::Set(assignee), ..TaskPatch::default() }).await;
    assert_eq!((found("lukasz").await, found("lu").await), (1, 1));
    change(TaskPatch {
        description: Change::Clear,
        assignee: Change::Clear,
        ..TaskPatch::default()
    })
    .await;
    assert_eq!((found("cheese").await, found("lukasz").await, found("last").await), (0, 0, 1));
    fixture.tasks.delete(reference, &Precondition::default()).await.expect("a removal");
    assert_eq!((found("last").await, found("soup").await), (0, 1));
}
