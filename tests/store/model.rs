//! What the store should answer, worked out in Rust over all tasks, and strategies that invent tasks and questions.

use std::cmp::Ordering;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use taskmanager::domain::fold::{fold, words};
use taskmanager::domain::{
    AssigneeFilter, Direction, Priority, Sort, SortField, SortKey, Status, Task, TaskFilter, Title,
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::fixture::NOW;

/// Whether a filter lets a task through.
pub(crate) fn matches(filter: &TaskFilter, task: &Task, now: OffsetDateTime) -> bool {
    let assignee = |wanted: &AssigneeFilter| match wanted {
        AssigneeFilter::Unassigned => task.assignee.is_none(),
        AssigneeFilter::Is(name) => task.assignee.as_ref() == Some(name),
    };
    (filter.status.is_empty() || filter.status.contains(&task.status))
        && (filter.priority.is_empty() || filter.priority.contains(&task.priority))
        && (filter.assignee.is_empty() || filter.assignee.iter().any(assignee))
        && filter.due_after.is_none_or(|at| task.due_date.is_some_and(|due| due >= at))
        && filter.due_before.is_none_or(|at| task.due_date.is_some_and(|due| due < at))
        && filter.overdue.is_none_or(|wanted| is_overdue(task, now) == wanted)
        && filter.words.iter().all(|word| holds(task, word))
}

pub(crate) fn is_overdue(task: &Task, now: OffsetDateTime) -> bool {
    task.status != Status::Done && task.due_date.is_some_and(|due| due < now)
}

fn holds(task: &Task, word: &str) -> bool {
    let texts = [Some(&task.title), task.description.as_ref(), task.assignee.as_ref()];
    texts.into_iter().flatten().any(|text| fold(text).contains(word))
}

/// The order of a list: nothing sorts last either way, the id breaks ties.
pub(crate) fn order(sort: &Sort, a: &Task, b: &Task) -> Ordering {
    let by_keys = sort.keys().iter().map(|key| by_key(*key, a, b));
    by_keys.fold(Ordering::Equal, Ordering::then).then(a.id.cmp(&b.id))
}

fn by_key(key: SortKey, a: &Task, b: &Task) -> Ordering {
    match key.field {
        SortField::CreatedAt => by(key, Some(a.created_at), Some(b.created_at)),
        SortField::UpdatedAt => by(key, Some(a.updated_at), Some(b.updated_at)),
        SortField::DueDate => by(key, a.due_date, b.due_date),
        SortField::CompletedAt => by(key, a.completed_at, b.completed_at),
        SortField::Priority => by(key, Some(a.priority), Some(b.priority)),
        SortField::Status => by(key, Some(a.status), Some(b.status)),
        SortField::Title => by(key, Some(fold(&a.title)), Some(fold(&b.title))),
        SortField::Number => by(key, Some(a.number), Some(b.number)),
    }
}

fn by<T: Ord>(key: SortKey, a: Option<T>, b: Option<T>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if key.direction == Direction::Descending => b.cmp(&a),
        (Some(a), Some(b)) => a.cmp(&b),
        (a, b) => a.is_none().cmp(&b.is_none()),
    }
}

/// The whole list.
pub(crate) fn list(filter: &TaskFilter, sort: &Sort, tasks: &[Task]) -> Vec<Task> {
    let mut rows: Vec<_> =
        tasks.iter().filter(|task| matches(filter, task, NOW)).cloned().collect();
    rows.sort_by(|a, b| order(sort, a, b));
    rows
}

/// Few moments, so that many tasks share one; two of them the ends of time.
fn moment() -> impl Strategy<Value = OffsetDateTime> {
    let end = |micros: i64| {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).expect("a moment")
    };
    prop_oneof![
        8 => (-3_i64..=3).prop_map(|step| NOW + Duration::microseconds(step)),
        4 => (-9_i64..=9).prop_map(|days| NOW + Duration::days(days)),
        1 => Just(end(-62_135_596_800_000_000)),
        1 => Just(end(253_402_300_799_999_999)),
    ]
}

/// Titles with ties, also between texts that only fold to the same.
pub(crate) fn title() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(vec!["a", "A", "á", "b", "ab", "Straße", "STRASSE", "a\u{301}b", "z", "Z%", "_"])
            .prop_map(str::to_owned),
        2 => text(1..12),
        1 => any::<char>().prop_map(String::from).prop_filter("a title", |c| Title::parse(c).is_ok()),
    ]
}

/// Texts of any script, as a field takes them: no control character, no space at either end.
pub(crate) fn text(length: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        6 => proptest::char::range('a', 'e'),
        2 => select(vec!['%', '_', '\\', '"', '\'', ' ', '*', 'É', 'ß', 'ı', 'İ', 'ﬁ', 'が', '각', '😀', 'Ω', '¨']),
        1 => any::<char>().prop_filter("no control", |c| !c.is_control()),
    ];
    vec(letter, length)
        .prop_map(|letters| letters.into_iter().collect::<String>().trim().to_owned())
        .prop_filter("something to see", |text| Title::parse(text).is_ok())
}

fn assignee() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => select(vec!["ana", "Ana", "bob", "o'neil, \"x\""]).prop_map(str::to_owned),
        1 => text(1..6)
    ]
}

/// A task as some history may have left it.
pub(crate) fn task() -> impl Strategy<Value = Task> {
    let texts = (title(), option::of(text(1..30)), option::of(assignee()));
    let words = (select(&Status::ALL[..]), select(&Priority::ALL[..]), 1_i64..=5);
    let times = (moment(), moment(), moment(), option::of(moment()));
    (any::<u128>(), texts, words, times).prop_map(|(id, texts, words, times)| Task {
        id: Uuid::from_u128(id),
        number: 0,
        title: texts.0,
        description: texts.1,
        status: words.0,
        priority: words.1,
        assignee: texts.2,
        due_date: times.3,
        created_at: times.0,
        updated_at: times.1,
        completed_at: (words.0 == Status::Done).then_some(times.2),
        version: words.2,
    })
}

/// One to three keys, each field once.
pub(crate) fn sort() -> impl Strategy<Value = Sort> {
    (subsequence(&SortField::ALL[..], 1..=3).prop_shuffle(), any::<[bool; 3]>()).prop_map(
        |(fields, descending)| {
            let keys = fields.iter().zip(descending).map(|(field, descending)| {
                format!("{}{}", if descending { "-" } else { "" }, field.as_str())
            });
            Sort::parse(&keys.collect::<Vec<_>>().join(",")).expect("a sort")
        },
    )
}

/// A filter in which each condition is rather absent, so that some rows are left.
pub(crate) fn filter() -> impl Strategy<Value = TaskFilter> {
    let rarely = 0.25;
    let wanted =
        prop_oneof![Just(AssigneeFilter::Unassigned), assignee().prop_map(AssigneeFilter::Is)];
    (
        subsequence(&Status::ALL[..], 0..=2),
        subsequence(&Priority::ALL[..], 0..=2),
        prop_oneof![3 => Just(Vec::new()), 1 => vec(wanted, 1..4)],
        option::weighted(rarely, moment()),
        option::weighted(rarely, moment()),
        option::weighted(rarely, any::<bool>()),
        option::weighted(rarely, text(1..4)),
    )
        .prop_map(|(status, priority, assignee, due_after, due_before, overdue, q)| {
            TaskFilter {
                status,
                priority,
                assignee,
                due_after,
                due_before,
                overdue,
                words: q.map(|q| words(&q)).unwrap_or_default(),
            }
        })
}
