//! What is asked of the data before a pending statement runs.

use super::simulated_table::Relation;

/// A place in the pending files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) version: i64,
    pub(super) file: String,
    pub(super) line: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) place: Place,
    /// The table, as the file calls it.
    pub(super) table: String,
    /// What must not be there, such as `rows with NULL in tasks.assignee`.
    pub(super) what: String,
    /// What fixes it: a statement, or words.
    pub(super) fix: String,
    pub(super) ask: Ask,
    /// Why nothing found does not mean that nothing will be.
    pub(super) caveat: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// It cannot be, and why.
    Not(String),
    /// How many rows fulfil a condition.
    Rows {
        of: Box<Relation>,
        /// The condition; the table stands under its own name.
        condition: String,
        /// The table that the condition must not find a row in, and how it is joined.
        without: Option<(Box<Relation>, String)>,
        /// Why a row found is not certain to break anything.
        doubt: Option<String>,
    },
    /// How many rows share their key with another one.
    Shared {
        of: Box<Relation>,
        /// The key, as SQL.
        key: Vec<String>,
        condition: String,
    },
}
