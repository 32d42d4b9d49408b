//! Looks for an order of all operations that respects time and gives every answer: the search of Wing and Gong ("Testing
//! and Verifying Concurrent Objects", 1993) with Lowe's memory of visited configurations, over the whole state, so that
//! bulk requests and lists count too.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashSet};
use std::hash::{Hash, Hasher};

use crate::history::{Answer, Operation};
use crate::model::{Outcome, State};

/// Configurations after which a search is given up.
const CONFIGURATIONS_MAX: usize = 200_000;

/// A point of the search.
#[derive(Clone, Debug)]
struct Configuration {
    state: State,
    /// Whether each operation is in the order already.
    done: Vec<bool>,
    /// Operations that change the state and may be next, with what they make of it.
    next: Vec<(usize, State)>,
}

/// Demands that there is such an order.
///
/// The error says how far the longest one went, and what comes next in none.
pub(crate) fn check(
    operations: &[Operation],
    numbers: &BTreeMap<String, i64>,
) -> Result<(), String> {
    check_keys_in_use(operations)?;
    let search = Search { operations, numbers };
    let mut visited = HashSet::new();
    let first = search.configuration(State::default(), vec![false; operations.len()]);
    let mut longest = first.clone();
    let mut path = vec![first];
    while let Some(last) = path.last_mut() {
        if search.is_complete(&last.done) {
            return Ok(());
        }
        let Some((operation, state)) = last.next.pop() else {
            path.pop();
            continue;
        };
        let mut done = last.done.clone();
        done[operation] = true;
        let configuration = search.configuration(state, done);
        let mut hasher = DefaultHasher::new();
        (&configuration.done, &configuration.state).hash(&mut hasher);
        if !visited.insert(hasher.finish()) {
            continue;
        }
        if visited.len() > CONFIGURATIONS_MAX {
            return Err(format!("undecided after {CONFIGURATIONS_MAX} configurations"));
        }
        if count(&configuration.done) > count(&longest.done) {
            longest = configuration.clone();
        }
        path.push(configuration);
    }
    Err(search.describe(&longest))
}

struct Search<'a> {
    operations: &'a [Operation],
    numbers: &'a BTreeMap<String, i64>,
}

impl Search<'_> {
    /// Takes every answered operation that changes nothing as early as it can be: that excludes no order. One without an
    /// answer, which may change something later, stays.
    fn configuration(&self, state: State, mut done: Vec<bool>) -> Configuration {
        loop {
            let mut next = Vec::new();
            let mut absorbed = false;
            for at in self.allowed(&done) {
                match state.apply(&self.operations[at], self.numbers) {
                    Outcome::Unchanged if self.operations[at].answered.is_some() => {
                        done[at] = true;
                        absorbed = true;
                    }
                    Outcome::Changed(changed) => next.push((at, *changed)),
                    Outcome::Unchanged | Outcome::Impossible => {}
                }
            }
            if !absorbed {
                // The last is tried first: those that were answered, the earliest before the others.
                next.sort_by_key(|(at, _)| std::cmp::Reverse(self.end(*at)));
                return Configuration { state, done, next };
            }
        }
    }

    /// Operations that are not done, and began before the first of these has ended.
    fn allowed(&self, done: &[bool]) -> Vec<usize> {
        let open = || (0..done.len()).filter(|at| !done[*at]);
        let end = open().map(|at| self.end(at)).min().unwrap_or(u64::MAX);
        open().filter(|at| self.operations[*at].invoked < end).collect()
    }

    fn end(&self, at: usize) -> u64 {
        self.operations[at].answered.as_ref().map_or(u64::MAX, |(time, _)| *time)
    }

    /// An operation without an answer may have had no effect.
    fn is_complete(&self, done: &[bool]) -> bool {
        self.operations
            .iter()
            .zip(done)
            .all(|(operation, done)| *done || operation.answered.is_none())
    }

    fn describe(&self, longest: &Configuration) -> String {
        let open: Vec<_> = self
            .allowed(&longest.done)
            .iter()
            .map(|at| format!("{:?}", self.operations[*at]))
            .collect();
        format!(
            "no order of the operations gives these answers: {} of {} in the longest, after which\n{:#?}\n\
             fits none of\n{}",
            count(&longest.done),
            self.operations.len(),
            longest.state.tasks,
            open.join("\n")
        )
    }
}

fn count(done: &[bool]) -> usize {
    done.iter().filter(|done| **done).count()
}

/// A 409 needs another request with the same key at the same time.
fn check_keys_in_use(operations: &[Operation]) -> Result<(), String> {
    for (at, operation) in operations.iter().enumerate() {
        let Some((end, Answer::InUse)) = &operation.answered else { continue };
        let other = operations.iter().enumerate().any(|(other, beside)| {
            let beside_end = beside.answered.as_ref().map_or(u64::MAX, |(time, _)| *time);
            other != at
                && beside.call.key() == operation.call.key()
                && beside.invoked < *end
                && operation.invoked < beside_end
        });
        if !other {
            return Err(format!("no other request with the key was under way: {operation:?}"));
        }
    }
    Ok(())
}
