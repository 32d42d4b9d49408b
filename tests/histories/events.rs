//! The events of a history: each change that was acknowledged once, and in the order of time.

use std::collections::BTreeMap;

use crate::history::{Effect, Operation, Step};
use testkit::Outbox;
use testkit::outbox::Event;

/// Demands that the outbox and the answers tell the same story.
pub(crate) fn check(operations: &[Operation], outbox: &Outbox) -> Result<(), String> {
    let mut faults = outbox.faults();
    let mut by_change: BTreeMap<(i64, i64, bool), &Event> = BTreeMap::new();
    for event in &outbox.events {
        by_change.insert((event.number, event.version, event.kind == "deleted"), event);
    }
    // The times of each operation that changed something, and the events that it wrote.
    let mut written: Vec<(u64, u64, i64, i64)> = Vec::new();
    for operation in operations {
        let Some((answered, _)) = operation.answered else { continue };
        let mut ids = Vec::new();
        for (step, effect) in operation.call.steps().iter().zip(operation.effects()) {
            match find(step, effect, &outbox.events, &by_change) {
                // A change of the priority alone may be none: the event is then an earlier request's.
                Ok(event) if always_changes(step) => ids.push(event.id),
                Ok(_) => {}
                Err(what) => faults.push(format!("no event of {what}, which {operation:?} did")),
            }
        }
        if let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) {
            written.push((operation.invoked, answered, *first, *last));
        }
    }
    for (_, ended, _, last) in &written {
        for (begun, _, first, _) in &written {
            if ended < begun && last >= first {
                faults.push(format!("event {first} is of a later request than event {last}"));
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// Titles are sent once, so that a step with one always changes something.
fn always_changes(step: &Step) -> bool {
    !matches!(step, Step::Patch { change, .. } if change.title.is_none())
}

fn find<'a>(
    step: &Step,
    effect: &Effect,
    events: &'a [Event],
    by_change: &BTreeMap<(i64, i64, bool), &'a Event>,
) -> Result<&'a Event, String> {
    match (step, effect) {
        (_, Effect::Stored { number, task }) => {
            let event = by_change.get(&(*number, task.version, false)).copied();
            let same =
                |event: &&Event| (&event.title, &event.priority) == (&task.title, &task.priority);
            event.filter(same).ok_or_else(|| format!("{number} {task:?}"))
        }
        (Step::Delete { number, .. }, Effect::Deleted) => {
            let deleted = |event: &&Event| event.number == *number && event.kind == "deleted";
            events.iter().find(deleted).ok_or_else(|| format!("the deletion of {number}"))
        }
        _ => Err(format!("{step:?} with {effect:?}")),
    }
}
