//! The checkers themselves: histories that have an order, and the same with one fault, which have none.

use std::collections::BTreeMap;

use rstest::rstest;

use crate::checker;
use crate::events;
use crate::history::{Answer, Call, Change, Effect, Operation, Step, Task};
use testkit::Outbox;
use testkit::outbox::{Event, Row};

fn task(version: i64, title: &str, priority: &str) -> Task {
    Task { version, title: title.to_owned(), priority: priority.to_owned() }
}

fn stored(number: i64, task: Task) -> Answer {
    Answer::Done { effects: vec![Effect::Stored { number, task }], replayed: false }
}

fn operation(times: (u64, u64), call: Call, answer: Answer) -> Operation {
    Operation { call, invoked: times.0, answered: Some((times.1, answer)) }
}

fn create(times: (u64, u64), title: &str, number: i64) -> Operation {
    let step = Step::Create { title: title.to_owned() };
    let answer = stored(number, task(1, title, "medium"));
    operation(times, Call::One { step, key: None }, answer)
}

fn patch(if_match: Option<i64>, title: Option<&str>, priority: Option<&'static str>) -> Call {
    let change = Change { title: title.map(ToOwned::to_owned), priority };
    Call::One { step: Step::Patch { number: 1, if_match, change }, key: None }
}

fn list(times: (u64, u64), tasks: &[(i64, Task)]) -> Operation {
    operation(times, Call::List, Answer::Listed(tasks.iter().cloned().collect()))
}

fn get(times: (u64, u64), answer: Answer) -> Operation {
    operation(times, Call::Get { number: 1 }, answer)
}

fn keyed(times: (u64, u64), number: i64, replayed: bool) -> Operation {
    let call =
        Call::One { step: Step::Create { title: "keyed".to_owned() }, key: Some("k".to_owned()) };
    let effects = vec![Effect::Stored { number, task: task(1, "keyed", "medium") }];
    operation(times, call, Answer::Done { effects, replayed })
}

fn numbers() -> BTreeMap<String, i64> {
    [("a", 1), ("b", 2), ("keyed", 3)].map(|(title, number)| (title.to_owned(), number)).into()
}

/// Two changes at the same time, to different fields.
fn two_fields(first: Task, second: Task, end: Task) -> Vec<Operation> {
    vec![
        create((0, 1), "a", 1),
        operation((2, 5), patch(None, Some("x"), None), stored(1, first)),
        operation((3, 4), patch(None, None, Some("high")), stored(1, second)),
        list((6, 7), &[(1, end)]),
    ]
}

/// Two changes at the same time, under the same precondition.
fn two_preconditions(first: Answer, second: Answer, end: Task) -> Vec<Operation> {
    vec![
        create((0, 1), "a", 1),
        operation((2, 5), patch(Some(1), Some("x"), None), first),
        operation((3, 4), patch(Some(1), Some("y"), None), second),
        list((6, 7), &[(1, end)]),
    ]
}

/// A change, a read beside it, and one after that.
fn reads(first: Task, second: Task) -> Vec<Operation> {
    vec![
        create((0, 1), "a", 1),
        operation((2, 7), patch(None, Some("x"), None), stored(1, task(2, "x", "medium"))),
        get((3, 4), Answer::Found(first)),
        get((5, 6), Answer::Found(second)),
    ]
}

/// A bulk request that changes two tasks, and a list beside it.
fn bulk(seen: [Task; 2]) -> Vec<Operation> {
    let step = |number: i64, title: &str| Step::Patch {
        number,
        if_match: None,
        change: Change { title: Some(title.to_owned()), priority: None },
    };
    let effect = |number, title: &str| Effect::Stored { number, task: task(2, title, "medium") };
    let [one, two] = seen;
    vec![
        create((0, 1), "a", 1),
        create((2, 3), "b", 2),
        operation(
            (4, 7),
            Call::Bulk { steps: vec![step(1, "x"), step(2, "y")], key: None },
            Answer::Done { effects: vec![effect(1, "x"), effect(2, "y")], replayed: false },
        ),
        list((5, 6), &[(1, one), (2, two)]),
    ]
}

/// A bulk request that makes a task, which must not stay, and changes one that is not there.
fn bulk_refused(failed: Vec<(usize, u16)>, end: &[(i64, Task)]) -> Vec<Operation> {
    let change = Change { title: Some("x".to_owned()), priority: None };
    let steps = vec![
        Step::Create { title: "b".to_owned() },
        Step::Patch { number: 1, if_match: None, change },
    ];
    vec![
        operation((0, 1), Call::Bulk { steps, key: None }, Answer::Failed(failed)),
        list((2, 3), end),
    ]
}

fn without_answer(mut operation: Operation) -> Operation {
    operation.answered = None;
    operation
}

#[rstest]
#[case::both_fields(two_fields(
    task(2, "x", "medium"),
    task(3, "x", "high"),
    task(3, "x", "high")
))]
#[case::other_order(two_fields(task(3, "x", "high"), task(2, "a", "high"), task(3, "x", "high")))]
#[case::one_winner(two_preconditions(
    stored(1, task(2, "x", "medium")),
    Answer::Failed(vec![(0, 412)]),
    task(2, "x", "medium"),
))]
#[case::old_then_new(reads(task(1, "a", "medium"), task(2, "x", "medium")))]
#[case::new_and_new(reads(task(2, "x", "medium"), task(2, "x", "medium")))]
#[case::bulk_unseen(bulk([task(1, "a", "medium"), task(1, "b", "medium")]))]
#[case::bulk_seen(bulk([task(2, "x", "medium"), task(2, "y", "medium")]))]
#[case::bulk_refused(bulk_refused(vec![(1, 404)], &[]))]
#[case::repeated(vec![keyed((0, 1), 3, false), keyed((2, 3), 3, true)])]
#[case::repeated_before(vec![keyed((0, 3), 3, true), keyed((1, 2), 3, false)])]
#[case::repeated_without_answer(vec![
    without_answer(keyed((0, 1), 3, false)),
    keyed((2, 3), 3, true),
])]
#[case::never_arrived(vec![without_answer(create((0, 1), "a", 1)), list((2, 3), &[])])]
#[case::arrived_late(vec![
    without_answer(create((0, 1), "a", 1)),
    list((2, 3), &[]),
    list((4, 5), &[(1, task(1, "a", "medium"))]),
])]
#[case::in_use(vec![
    keyed((0, 3), 3, false),
    Operation { answered: Some((2, Answer::InUse)), ..keyed((1, 2), 3, false) },
])]
fn has_an_order(#[case] operations: Vec<Operation>) {
    checker::check(&operations, &numbers()).expect("an order");
}

#[rstest]
#[case::lost_update(two_fields(
    task(2, "x", "medium"),
    task(2, "a", "high"),
    task(2, "x", "medium")
))]
#[case::lost_after_both(two_fields(
    task(2, "x", "medium"),
    task(3, "x", "high"),
    task(2, "x", "medium")
))]
#[case::undone_by_the_other(two_fields(
    task(2, "x", "medium"),
    task(3, "a", "high"),
    task(3, "a", "high")
))]
#[case::version_left_out(two_fields(
    task(2, "x", "medium"),
    task(4, "x", "high"),
    task(4, "x", "high")
))]
#[case::two_winners(two_preconditions(
    stored(1, task(2, "x", "medium")),
    stored(1, task(3, "y", "medium")),
    task(3, "y", "medium"),
))]
#[case::no_winner(two_preconditions(
    Answer::Failed(vec![(0, 412)]),
    Answer::Failed(vec![(0, 412)]),
    task(1, "a", "medium"),
))]
#[case::new_then_old(reads(task(2, "x", "medium"), task(1, "a", "medium")))]
#[case::read_of_nothing(reads(task(2, "y", "medium"), task(2, "x", "medium")))]
#[case::bulk_in_part(bulk([task(2, "x", "medium"), task(1, "b", "medium")]))]
#[case::refused_and_done(bulk_refused(vec![(1, 404)], &[(2, task(1, "b", "medium"))]))]
#[case::refused_otherwise(bulk_refused(vec![(1, 412)], &[]))]
#[case::made_twice(vec![keyed((0, 1), 3, false), keyed((2, 3), 4, false)])]
#[case::repeat_unmarked(vec![keyed((0, 1), 3, false), keyed((2, 3), 3, false)])]
#[case::replay_of_nothing(vec![keyed((0, 1), 3, true)])]
#[case::acknowledged_and_lost(vec![create((0, 1), "a", 1), list((2, 3), &[])])]
#[case::found_after_delete(vec![
    create((0, 1), "a", 1),
    operation(
        (2, 3),
        Call::One { step: Step::Delete { number: 1, if_match: None }, key: None },
        Answer::Done { effects: vec![Effect::Deleted], replayed: false },
    ),
    get((4, 5), Answer::Found(task(1, "a", "medium"))),
])]
#[case::not_found_though_there(vec![
    create((0, 1), "a", 1),
    get((2, 3), Answer::Failed(vec![(0, 404)])),
])]
#[case::gone_again(vec![
    without_answer(create((0, 1), "a", 1)),
    list((2, 3), &[(1, task(1, "a", "medium"))]),
    list((4, 5), &[]),
])]
#[case::in_use_by_nobody(vec![
    keyed((0, 1), 3, false),
    Operation { answered: Some((3, Answer::InUse)), ..keyed((2, 3), 3, false) },
])]
fn has_none(#[case] operations: Vec<Operation>) {
    assert!(checker::check(&operations, &numbers()).is_err());
}

fn event(id: i64, kind: &str, version: i64, title: &str, priority: &str) -> Event {
    Event {
        id,
        kind: kind.to_owned(),
        number: 1,
        version,
        title: title.to_owned(),
        priority: priority.to_owned(),
    }
}

/// A task that is made, given another title, and then another priority.
fn three_changes() -> (Vec<Operation>, Outbox) {
    let operations = vec![
        create((0, 1), "a", 1),
        operation((2, 3), patch(None, Some("x"), None), stored(1, task(2, "x", "medium"))),
        operation((4, 5), patch(None, Some("y"), Some("high")), stored(1, task(3, "y", "high"))),
    ];
    let events = vec![
        event(10, "created", 1, "a", "medium"),
        event(11, "updated", 2, "x", "medium"),
        event(13, "updated", 3, "y", "high"),
    ];
    let (title, priority) = ("y".to_owned(), "high".to_owned());
    let row = Row { number: 1, version: 3, title, priority };
    (operations, Outbox { events, rows: [(1, row)].into() })
}

#[test]
fn events_match() {
    let (operations, outbox) = three_changes();
    events::check(&operations, &outbox).expect("the events of these changes");
}

#[rstest]
#[case::left_out(|outbox: &mut Outbox| { outbox.events.remove(1); })]
#[case::last_left_out(|outbox: &mut Outbox| { outbox.events.pop(); })]
#[case::twice(|outbox: &mut Outbox| outbox.events.push(event(14, "updated", 3, "y", "high")))]
#[case::in_another_order(|outbox: &mut Outbox| outbox.events.swap(1, 2))]
#[case::other_content(|outbox: &mut Outbox| outbox.events[1].title = "z".to_owned())]
#[case::deletion_that_was_none(|outbox: &mut Outbox| outbox.events.push(event(14, "deleted", 3, "y", "high")))]
#[case::row_without_its_last_change(|outbox: &mut Outbox| {
    outbox.rows.get_mut(&1).expect("a row").version = 2;
})]
#[case::no_row(|outbox: &mut Outbox| outbox.rows.clear())]
fn events_do_not_match(#[case] spoil: fn(&mut Outbox)) {
    let (operations, mut outbox) = three_changes();
    spoil(&mut outbox);
    assert!(events::check(&operations, &outbox).is_err(), "{outbox:?}");
}

/// Of two tasks: the later request has the earlier event.
#[test]
fn events_out_of_time() {
    let operations = vec![create((0, 1), "a", 1), create((2, 3), "b", 2)];
    let mut second = event(9, "created", 1, "b", "medium");
    second.number = 2;
    let events = vec![second, event(10, "created", 1, "a", "medium")];
    let row = |number, title: &str| {
        let (title, priority) = (title.to_owned(), "medium".to_owned());
        (number, Row { number, version: 1, title, priority })
    };
    let outbox = Outbox { events, rows: [row(1, "a"), row(2, "b")].into() };
    assert_eq!(outbox.faults(), Vec::<String>::new());
    assert!(events::check(&operations, &outbox).is_err());
}

/// A request that was hung up on may be carried out when it changes something, and not when it changes nothing.
#[test]
fn what_has_no_answer_may_take_effect_later() {
    let hung_up = Operation { call: patch(None, None, Some("medium")), invoked: 2, answered: None };
    let history = [
        create((0, 1), "a", 1),
        hung_up,
        operation((3, 4), patch(None, None, Some("low")), stored(1, task(2, "a", "low"))),
        get((5, 6), Answer::Found(task(3, "a", "medium"))),
    ];
    checker::check(&history, &numbers()).expect("an order");
}
