//! Statements and their undoing, and which of them may stand in one file.

use crate::diff::{Running, Script, Step};
use schemakeep_files::directives::Compat;

/// How a change may be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// In one transaction with others of the same table.
    Together,
    /// In a transaction of its own.
    Alone,
    /// Without a transaction.
    Outside,
}

/// The smallest thing that is done.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) name: String,
    /// Whose lock it takes; changes of different tables are not kept in one transaction.
    pub(super) table: Option<String>,
    pub(super) manner: Manner,
    pub(super) compat: Compat,
    pub(super) up: Vec<String>,
    pub(super) down: Vec<String>,
    /// How the way back is run.
    pub(super) back: Running,
    pub(super) irreversible: Option<String>,
}

impl Change {
    /// A change that adds, in one transaction with others.
    pub(super) fn new(name: impl Into<String>, up: Vec<String>, down: Vec<String>) -> Self {
        Self {
            name: name.into(),
            table: None,
            manner: Manner::Together,
            compat: Compat::Additive,
            up,
            down,
            back: Running::Transaction,
            irreversible: None,
        }
    }

    pub(super) fn on(mut self, table: &str) -> Self {
        self.table = Some(table.to_owned());
        self
    }

    pub(super) fn alone(mut self) -> Self {
        self.manner = Manner::Alone;
        self
    }

    /// Neither way in a transaction.
    pub(super) fn outside(mut self) -> Self {
        self.manner = Manner::Outside;
        self.back = Running::NoTransaction;
        self
    }

    pub(super) fn breaking(mut self) -> Self {
        self.compat = Compat::Breaking;
        self
    }

    pub(super) fn breaking_if(self, breaking: bool) -> Self {
        if breaking { self.breaking() } else { self }
    }

    fn takes(&self, next: &Self) -> bool {
        let plain = |it: &Self| it.manner == Manner::Together && it.back == Running::Transaction;
        plain(self)
            && plain(next)
            && self.table == next.table
            && self.compat == next.compat
            && self.irreversible.is_none()
            && next.irreversible.is_none()
    }

    fn join(&mut self, next: Self) {
        if !self.name.ends_with(MORE) {
            self.name += MORE;
        }
        self.up.extend(next.up);
        self.down.splice(0..0, next.down);
    }

    fn step(self) -> Step {
        let running = match self.manner {
            Manner::Outside => Running::NoTransaction,
            Manner::Together | Manner::Alone => Running::Transaction,
        };
        Step {
            name: snake_case(&self.name),
            up: Script { running, statements: self.up },
            down: Script { running: self.back, statements: self.down },
            compat: self.compat,
            irreversible: self.irreversible,
        }
    }
}

const MORE: &str = "_and_more";

/// As few migrations as may be.
pub(super) fn steps(changes: Vec<Change>) -> Vec<Step> {
    let mut joined: Vec<Change> = Vec::new();
    for change in changes {
        match joined.last_mut() {
            Some(last) if last.takes(&change) => last.join(change),
            _ => joined.push(change),
        }
    }
    joined.into_iter().map(Change::step).collect()
}

/// What a file's name may hold.
fn snake_case(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let words: String = name.chars().map(plain).collect();
    let mut words: Vec<&str> = words.split('_').filter(|word| !word.is_empty()).collect();
    if words.len() < 2 {
        // A verb is always there; the name of the object may hold nothing that a file's name may.
        words.push("schema");
    }
    words.join("_")
}
