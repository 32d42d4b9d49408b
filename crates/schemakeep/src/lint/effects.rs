//! What a file makes and takes away, whichever the dialect.

/// The kinds of things whose undoing is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Table,
    Column,
    Constraint,
    Index,
    Sequence,
    Trigger,
    Type,
    View,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Column => "column",
            Self::Constraint => "constraint",
            Self::Index => "index",
            Self::Sequence => "sequence",
            Self::Trigger => "trigger",
            Self::Type => "type",
            Self::View => "view",
        }
    }
}

/// Something with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Thing {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// The table it belongs to.
    pub(super) table: Option<String>,
    /// The line that says so, from 1.
    pub(super) line: usize,
}

impl Thing {
    /// Whether both names mean one thing.
    pub(super) fn is(&self, other: &Self) -> bool {
        let same_table = match (&self.table, &other.table) {
            (Some(one), Some(two)) => one.eq_ignore_ascii_case(two),
            _ => true,
        };
        self.kind == other.kind && self.name.eq_ignore_ascii_case(&other.name) && same_table
    }
}

/// The things that a file makes and takes away.
#[derive(Clone, Debug, Default)]
pub(super) struct Effects {
    pub(super) made: Vec<Thing>,
    pub(super) gone: Vec<Thing>,
}

impl Effects {
    pub(super) fn makes(&mut self, kind: Kind, name: String, table: Option<String>, line: usize) {
        self.made.push(Thing { kind, name, table, line });
    }

    pub(super) fn drops(&mut self, kind: Kind, name: String, table: Option<String>, line: usize) {
        self.gone.push(Thing { kind, name, table, line });
    }

    /// Whether the table begins its life here, so that nobody can be using it.
    pub(super) fn makes_table(&self, table: &str) -> bool {
        let is_it =
            |thing: &Thing| thing.kind == Kind::Table && thing.name.eq_ignore_ascii_case(table);
        self.made.iter().any(is_it)
    }

    /// Whether the table or view begins its life here.
    pub(super) fn makes_relation(&self, name: &str) -> bool {
        let is_it =
            |thing: &Thing| thing.kind == Kind::View && thing.name.eq_ignore_ascii_case(name);
        self.makes_table(name) || self.made.iter().any(is_it)
    }

    /// Whether a view of this name is made again, as it was.
    pub(super) fn replaces(&self, thing: &Thing) -> bool {
        thing.kind == Kind::View && self.made.iter().any(|made| made.is(thing))
    }

    /// Whether the thing, or the table or view it belongs to, goes.
    pub(super) fn takes_away(&self, thing: &Thing) -> bool {
        self.gone.iter().any(|gone| {
            let with_table = matches!(gone.kind, Kind::Table | Kind::View)
                && thing.table.as_ref().is_some_and(|table| table.eq_ignore_ascii_case(&gone.name));
            // A column takes its constraints and indexes along; which ones is not known.
            gone.is(thing) || with_table
        })
    }
}
