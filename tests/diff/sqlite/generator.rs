//! Schemas of SQLite from a seed: with everything in them that a migration can make.

use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

pub(crate) const TABLES: [&str; 9] =
    ["accounts", "labels", "notes", "projects", "teams", "tags", "user data", "order", "Events"];
pub(crate) const COLUMNS: [&str; 11] = [
    "title",
    "body",
    "amount",
    "due",
    "state",
    "first name",
    "kind",
    "score",
    "note",
    "code",
    "group",
];

#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) ty: &'static str,
    pub(crate) not_null: bool,
    pub(crate) default: Option<&'static str>,
    pub(crate) nocase: bool,
    /// Of the key; and whether it is stored.
    pub(crate) generated: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Rowid {
        counted: bool,
    },
    /// Of text.
    Text,
    /// With the first other column.
    Pair,
    None,
}

#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) name: Option<String>,
    /// Columns, or one column and what is asked of it.
    pub(crate) columns: Vec<String>,
    pub(crate) what: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) struct Foreign {
    pub(crate) column: String,
    pub(crate) parent: String,
    pub(crate) rest: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) unique: bool,
    /// With `#` for the column.
    pub(crate) shape: &'static str,
    pub(crate) column: String,
    pub(crate) predicate: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) key: Key,
    pub(crate) columns: Vec<Column>,
    pub(crate) uniques: Vec<Named>,
    pub(crate) checks: Vec<Named>,
    pub(crate) foreign: Vec<Foreign>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) strict: bool,
    pub(crate) without_rowid: bool,
}

/// A view or trigger of a table.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) table: String,
    pub(crate) column: String,
    /// Another table that a trigger writes to.
    pub(crate) other: Option<String>,
    pub(crate) shape: usize,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) tables: Vec<Table>,
    pub(crate) views: Vec<Program>,
    pub(crate) triggers: Vec<Program>,
    /// Full-text tables of a table's column.
    pub(crate) searches: Vec<Program>,
}

pub(crate) fn name_of(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain && !["order", "group"].contains(&name) {
        name.to_owned()
    } else {
        format!("\"{name}\"")
    }
}

pub(crate) fn pick<T: Clone>(rng: &mut StdRng, all: &[T]) -> T {
    all.choose(rng).expect("one to choose").clone()
}

pub(crate) fn column(rng: &mut StdRng, name: &str, strict: bool) -> Column {
    const STRICT: [&str; 5] = ["INTEGER", "TEXT", "REAL", "BLOB", "ANY"];
    const LOOSE: [&str; 8] = [
        "INTEGER",
        "TEXT",
        "VARCHAR(20)",
        "NUMERIC(10, 2)",
        "DATETIME",
        "",
        "REAL",
        "double precision",
    ];
    let ty = if strict { pick(rng, &STRICT) } else { pick(rng, &LOOSE) };
    let textual = ["TEXT", "VARCHAR(20)", "DATETIME", "", "ANY"].contains(&ty);
    let default = match ty {
        "BLOB" => pick(rng, &[None, Some("x'00ff'")]),
        _ if textual => pick(
            rng,
            &[
                None,
                None,
                Some("'new'"),
                Some("'it''s'"),
                Some("(lower('A' || 'B'))"),
                Some("CURRENT_TIMESTAMP"),
                Some("''"),
            ],
        ),
        _ => pick(rng, &[None, None, Some("0"), Some("-1"), Some("(1 + 1)"), Some("+5")]),
    };
    Column {
        name: name.to_owned(),
        ty,
        not_null: if default.is_some() { rng.random_bool(0.5) } else { rng.random_bool(0.03) },
        default,
        nocase: textual && rng.random_bool(0.15),
        generated: None,
    }
}

fn generated(rng: &mut StdRng, strict: bool) -> Column {
    Column {
        name: "twice".to_owned(),
        ty: if strict { "INTEGER" } else { pick(rng, &["INTEGER", "INT"]) },
        not_null: false,
        default: None,
        nocase: false,
        generated: Some(rng.random_bool(0.4)),
    }
}

pub(crate) fn check(rng: &mut StdRng, table: &str, column: &str) -> Named {
    let what = pick(
        rng,
        &["# IS NOT 'bad'", "length(#) < 1000", "# IS NULL OR # <> 13", "# NOT IN ('x', 'Y')"],
    );
    let name = rng.random_bool(0.6).then(|| format!("{table}_{column}_{}", rng.random_range(0..3)));
    Named { name, columns: vec![column.to_owned()], what }
}

pub(crate) fn index(rng: &mut StdRng, table: &str, column: &str) -> Index {
    let shape =
        pick(rng, &["#", "#", "# DESC", "lower(#)", "# COLLATE NOCASE", "coalesce(#, 0) DESC"]);
    Index {
        name: format!(
            "{}_{}_idx{}",
            table.replace(' ', "_"),
            column.replace(' ', "_"),
            rng.random_range(0..3)
        ),
        unique: rng.random_bool(0.15),
        shape,
        column: column.to_owned(),
        predicate: rng.random_bool(0.25),
    }
}

pub(crate) fn table(rng: &mut StdRng, name: &str) -> Table {
    let strict = rng.random_bool(0.5);
    let key = match rng.random_range(0..10) {
        0..=2 => Key::Rowid { counted: true },
        3..=6 => Key::Rowid { counted: false },
        7 => Key::Text,
        8 => Key::Pair,
        _ => Key::None,
    };
    let without_rowid = matches!(key, Key::Text | Key::Pair) && rng.random_bool(0.4);
    let mut columns = Vec::new();
    for name in COLUMNS {
        if rng.random_bool(0.4) {
            columns.push(column(rng, name, strict));
        }
    }
    if columns.is_empty() {
        columns.push(column(rng, "title", strict));
    }
    if matches!(key, Key::Rowid { .. }) && rng.random_bool(0.2) {
        columns.push(generated(rng, strict));
    }
    let mut table = Table {
        name: name.to_owned(),
        key,
        columns,
        uniques: Vec::new(),
        checks: Vec::new(),
        foreign: Vec::new(),
        indexes: Vec::new(),
        strict,
        without_rowid,
    };
    let names: Vec<_> = table.columns.iter().map(|column| column.name.clone()).collect();
    if rng.random_bool(0.3) {
        let columns: Vec<_> = names.iter().take(rng.random_range(1..3)).cloned().collect();
        let name = rng.random_bool(0.5).then(|| format!("{name}_key"));
        table.uniques.push(Named { name, columns, what: "" });
    }
    for column in &names {
        if rng.random_bool(0.15) {
            table.checks.push(check(rng, name, column));
        }
        if rng.random_bool(0.2) {
            table.indexes.push(index(rng, name, column));
        }
    }
    table
}

impl Model {
    pub(crate) fn new(rng: &mut StdRng, names: &[&str]) -> Self {
        let mut model = Self::default();
        for name in names {
            model.tables.push(table(rng, name));
        }
        for at in 0..model.tables.len() {
            if rng.random_bool(0.4) {
                let foreign = model.foreign(rng);
                model.tables[at].foreign.extend(foreign);
            }
        }
        for number in 0..rng.random_range(0..3) {
            let view = model.program(rng, &format!("view_{number}"));
            model.views.push(view);
        }
        for number in 0..rng.random_range(0..3) {
            let trigger = model.program(rng, &format!("trigger_{number}"));
            model.triggers.push(trigger);
        }
        if rng.random_bool(0.2) {
            let search = model.program(rng, "search");
            model.searches.push(search);
        }
        model.tidy();
        model
    }

    pub(crate) fn foreign(&self, rng: &mut StdRng) -> Option<Foreign> {
        let parents: Vec<_> =
            self.tables.iter().filter(|table| matches!(table.key, Key::Rowid { .. })).collect();
        let parent = parents.choose(rng)?.name.clone();
        let rest = pick(
            rng,
            &[
                "",
                " ON DELETE CASCADE",
                " ON DELETE SET NULL ON UPDATE CASCADE",
                " DEFERRABLE INITIALLY DEFERRED",
                " ON DELETE RESTRICT",
                " ON UPDATE NO ACTION",
            ],
        );
        Some(Foreign { column: format!("{}_id", parent.replace(' ', "_")), parent, rest })
    }

    pub(crate) fn program(&self, rng: &mut StdRng, name: &str) -> Program {
        let table = pick(rng, &self.tables);
        let other = rng.random_bool(0.5).then(|| pick(rng, &self.tables).name);
        Program {
            name: name.to_owned(),
            column: pick(rng, &table.columns).name,
            table: table.name,
            other,
            shape: rng.random_range(0..4),
        }
    }

    /// Takes away what has lost what it stands on.
    pub(crate) fn tidy(&mut self) {
        let parents: Vec<_> = self
            .tables
            .iter()
            .filter(|table| matches!(table.key, Key::Rowid { .. }))
            .map(|table| table.name.clone())
            .collect();
        let mut indexes = Vec::new();
        for table in &mut self.tables {
            let names: Vec<_> = table.columns.iter().map(|column| column.name.clone()).collect();
            table.uniques.retain(|it| it.columns.iter().all(|column| names.contains(column)));
            table.checks.retain(|it| it.columns.iter().all(|column| names.contains(column)));
            table.indexes.retain(|it| {
                let fresh = !indexes.contains(&it.name);
                indexes.push(it.name.clone());
                fresh && names.contains(&it.column)
            });
            table.foreign.retain(|it| parents.contains(&it.parent));
            let mut columns = Vec::new();
            table.foreign.retain(|it| {
                let fresh = !columns.contains(&it.column);
                columns.push(it.column.clone());
                fresh
            });
            if !matches!(table.key, Key::Rowid { .. }) {
                table.columns.retain(|column| column.generated.is_none());
            }
            if table.columns.is_empty() {
                let ty = "TEXT";
                table.columns.push(Column {
                    name: "rest".to_owned(),
                    ty,
                    not_null: false,
                    default: None,
                    nocase: false,
                    generated: None,
                });
            }
        }
        let tables = self.tables.clone();
        let stands = |program: &Program, key: bool| {
            let table = tables.iter().find(|table| table.name == program.table);
            let other = program.other.as_ref();
            table.is_some_and(|table| {
                table.columns.iter().any(|column| column.name == program.column)
                    && (!key || matches!(table.key, Key::Rowid { .. }))
            }) && other.is_none_or(|other| tables.iter().any(|table| table.name == *other))
        };
        self.views.retain(|view| stands(view, false));
        self.triggers.retain(|trigger| stands(trigger, false));
        self.searches.retain(|search| stands(search, true));
    }
}
