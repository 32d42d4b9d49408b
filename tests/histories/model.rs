//! The service as a program that carries out one request after the other.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{Answer, Call, Effect, Operation, Step, Task};

/// In place of a status: the number of a new task was given to another one before, which no answer allows.
const GIVEN: u16 = 0;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) tasks: BTreeMap<i64, Task>,
    /// Numbers that were given before: none comes back.
    given: BTreeSet<i64>,
    /// The effects of the requests that had a key.
    keys: BTreeMap<String, Vec<Effect>>,
}

/// What an operation would do to a state.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The answer is not the one that this state gives.
    Impossible,
    /// The answer is right, and nothing changes.
    Unchanged,
    Changed(Box<State>),
}

impl State {
    /// Carries out an operation. `numbers` has the numbers of created tasks by title: the service may give any that is
    /// new, so the model takes the one that it gave.
    pub(crate) fn apply(&self, operation: &Operation, numbers: &BTreeMap<String, i64>) -> Outcome {
        let answer = operation.answered.as_ref().map(|(_, answer)| answer);
        let right = |right: bool| if right { Outcome::Unchanged } else { Outcome::Impossible };
        match (&operation.call, answer) {
            (Call::Get { number }, Some(Answer::Found(task))) => {
                right(self.tasks.get(number) == Some(task))
            }
            (Call::Get { number }, Some(Answer::Failed(failed))) => {
                right(!self.tasks.contains_key(number) && *failed == [(0, 404)])
            }
            (Call::List, Some(Answer::Listed(tasks))) => right(self.tasks == *tasks),
            // Allowed whenever another request with the key is under way, which the checker sees to.
            (call, Some(Answer::InUse)) => right(call.key().is_some()),
            (call @ (Call::One { .. } | Call::Bulk { .. }), answer) => {
                self.write(call, answer, numbers)
            }
            _ => Outcome::Impossible,
        }
    }

    fn write(
        &self,
        call: &Call,
        answer: Option<&Answer>,
        numbers: &BTreeMap<String, i64>,
    ) -> Outcome {
        if let Some(before) = call.key().and_then(|key| self.keys.get(key)) {
            return match answer {
                Some(Answer::Done { effects, replayed: true }) if effects == before => {
                    Outcome::Unchanged
                }
                None => Outcome::Unchanged,
                _ => Outcome::Impossible,
            };
        }
        let mut next = self.clone();
        let (mut effects, mut failed) = (Vec::new(), Vec::new());
        let known = |step: &Step| match step {
            Step::Create { title } => numbers.contains_key(title),
            _ => true,
        };
        for (place, step) in call.steps().iter().enumerate() {
            match next.step(step, numbers) {
                Ok(effect) => effects.push(effect),
                Err(status) => failed.push((place, status)),
            }
        }
        let expected = if failed.is_empty() {
            if !call.steps().iter().all(known) {
                return Outcome::Impossible;
            }
            if let Some(key) = call.key() {
                next.keys.insert(key.to_owned(), effects.clone());
            }
            Answer::Done { effects, replayed: false }
        } else {
            next = self.clone();
            Answer::Failed(failed)
        };
        if answer.is_some_and(|answer| *answer != expected) {
            Outcome::Impossible
        } else if next == *self {
            Outcome::Unchanged
        } else {
            Outcome::Changed(Box::new(next))
        }
    }

    /// Carries out one step; the error is the status that it gets.
    fn step(&mut self, step: &Step, numbers: &BTreeMap<String, i64>) -> Result<Effect, u16> {
        match step {
            Step::Create { title } => {
                // A task that has no number was never stored: the other steps of its request failed.
                let number = numbers.get(title).copied().unwrap_or_default();
                let task = Task { version: 1, title: title.clone(), priority: "medium".to_owned() };
                if number != 0 && !self.given.insert(number) {
                    return Err(GIVEN);
                }
                self.tasks.insert(number, task.clone());
                Ok(Effect::Stored { number, task })
            }
            Step::Patch { number, if_match, change } => {
                let task = self.matching(*number, *if_match)?;
                let mut changed = task.clone();
                if let Some(title) = &change.title {
                    changed.title.clone_from(title);
                }
                if let Some(priority) = change.priority {
                    priority.clone_into(&mut changed.priority);
                }
                if changed != *task {
                    changed.version += 1;
                    task.clone_from(&changed);
                }
                Ok(Effect::Stored { number: *number, task: changed })
            }
            Step::Delete { number, if_match } => {
                self.matching(*number, *if_match)?;
                self.tasks.remove(number);
                Ok(Effect::Deleted)
            }
        }
    }

    fn matching(&mut self, number: i64, if_match: Option<i64>) -> Result<&mut Task, u16> {
        let task = self.tasks.get_mut(&number).ok_or(404_u16)?;
        match if_match {
            Some(version) if version != task.version => Err(412),
            _ => Ok(task),
        }
    }
}
