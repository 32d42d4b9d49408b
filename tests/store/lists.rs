//! Lists by hand: every order, and pages of a list that changes under the reader.

use std::collections::HashSet;

use rstest::rstest;
use taskmanager::domain::{
    Precondition, Priority, Sort, SortField, Status, Task, TaskFilter, TaskRef,
};
use taskmanager::store::Start;
use time::Duration;
use uuid::Uuid;

use crate::fixture::{Fixture, NOW, after, task};
use crate::model;
use testkit::Backend;

const ANY: Precondition = Precondition { if_match: None, if_none_match: None };

/// Tasks with ties and gaps in every field, their ids in no relation to the rest.
fn assorted() -> Vec<Task> {
    let titles = ["b", "B", "á", "a", "Zoë", "straße", "STRASSE"];
    (0..23_u8)
        .map(|n| {
            let step = |every: u8| Duration::hours(i64::from(n % every));
            let status = Status::ALL[usize::from(n % 3)];
            Task {
                id: Uuid::from_u128(
                    u128::from(n).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835),
                ),
                priority: Priority::ALL[usize::from(n / 2 % 3)],
                created_at: NOW - step(4),
                updated_at: NOW + step(3),
                due_date: (n % 4 > 0).then(|| NOW + step(5)),
                completed_at: (status == Status::Done).then(|| NOW - step(6)),
                status,
                ..task(titles[usize::from(n) % titles.len()])
            }
        })
        .collect()
}

/// `a`, `-a`, `a,b`, `a,-b` … for every field, and every pair of fields.
fn every_sort() -> Vec<Sort> {
    let keys =
        || SortField::ALL.iter().flat_map(|field| ["", "-"].map(|sign| (sign, field.as_str())));
    let mut texts: Vec<String> = keys().map(|(sign, name)| format!("{sign}{name}")).collect();
    for (sign, name) in keys() {
        let others = keys().filter(|(_, other)| *other != name);
        texts.extend(others.map(|(other_sign, other)| format!("{sign}{name},{other_sign}{other}")));
    }
    texts.iter().map(|text| Sort::parse(text).expect("a sort")).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_order_is_the_same_page_by_page(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let stored = fixture.store(assorted()).await;
    let all = TaskFilter::default();
    let sorts = every_sort();
    assert_eq!(sorts.len(), 16 + 16 * 14);
    for sort in sorts {
        let expected = model::list(&all, &sort, &stored);
        let limits: &[u32] = if sort.keys().len() == 1 { &[1, 5, 22, 23, 24] } else { &[5] };
        for limit in limits {
            let walked = fixture.walk(&all, &sort, *limit).await;
            assert_eq!(walked, expected, "sort={} limit={limit}", sort.to_text());
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn more_says_whether_a_row_follows(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let all = TaskFilter::default();
    let sort = Sort::parse("number").expect("a sort");
    assert!(!fixture.page(&all, &sort, 3, Start::Skip(0)).await.more);
    fixture.store((0..5).map(|n| task(&format!("{n}")))).await;
    for (skip, limit, rows, more) in [
        (0, 1000, 5, false),
        (0, 5, 5, false),
        (0, 4, 4, true),
        (3, 1, 1, true),
        (3, 2, 2, false),
        (5, 1, 0, false),
        (i64::MAX, 1000, 0, false),
    ] {
        let page = fixture.page(&all, &sort, limit, Start::Skip(skip)).await;
        assert_eq!((page.tasks.len(), page.more), (rows, more), "skip={skip} limit={limit}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn rows_that_come_and_go_between_pages_repeat_and_hide_no_other(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[values("-created_at", "due_date", "-due_date", "title", "-priority,completed_at")]
    order: &str,
) {
    let fixture = Fixture::new(backend).await;
    let sort = Sort::parse(order).expect("a sort");
    let all = TaskFilter::default();
    let mut stays: HashSet<Uuid> = fixture.store(assorted()).await.iter().map(|t| t.id).collect();
    let mut seen = Vec::new();
    let mut start = Start::Skip(0);
    for turn in 0_u8..100 {
        let page = fixture.page(&all, &sort, 4, start).await;
        seen.extend(page.tasks.iter().map(|task| task.id));
        let Some(last) = page.tasks.last().filter(|_| page.more) else { break };
        start = after(last, &sort, &all);

        // A newcomer at either end and one beside the cursor; the cursor's own row goes, and one before it.
        let newcomers = (turn < 5).then(|| {
            let first = Task { created_at: NOW + Duration::days(turn.into()), ..task("0") };
            let beside = Task {
                id: Uuid::from_u128(u128::MAX - u128::from(turn)),
                number: 0,
                ..last.clone()
            };
            let end = Task { created_at: NOW - Duration::days(i64::from(turn) + 9), ..task("zzz") };
            [first, beside, end]
        });
        fixture.store(newcomers.into_iter().flatten()).await;
        for gone in [last.id, page.tasks[0].id] {
            fixture.tasks.delete(TaskRef::Id(gone), &ANY).await.expect("a removal");
            stays.remove(&gone);
        }
    }
    let distinct: HashSet<Uuid> = seen.iter().copied().collect();
    assert_eq!(distinct.len(), seen.len(), "a row came twice");
    let missed: Vec<_> = stays.difference(&distinct).collect();
    assert!(missed.is_empty(), "{missed:?} of {} never came", stays.len());
}
