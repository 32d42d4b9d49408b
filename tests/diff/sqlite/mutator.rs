//! A schema as statements, in whatever form they may be written; and a schema changed in some places.

use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use super::generator::{
    COLUMNS, Column, Key, Model, Named, Program, TABLES, Table, check, column, index, name_of,
    pick, table,
};

/// The statements that make it.
pub(crate) fn statements(rng: &mut StdRng, model: &Model) -> String {
    let mut all = Vec::new();
    for table in &model.tables {
        all.push(create(rng, table));
    }
    for (table, index) in
        model.tables.iter().flat_map(|table| table.indexes.iter().map(move |index| (table, index)))
    {
        let column = name_of(&index.column);
        let unique = if index.unique { "UNIQUE " } else { "" };
        let predicate =
            if index.predicate { format!(" WHERE {column} IS NOT NULL") } else { String::new() };
        let key = index.shape.replace('#', &column);
        all.push(format!(
            "CREATE {unique}INDEX {} ON {} ({key}){predicate}",
            index.name,
            name_of(&table.name)
        ));
    }
    all.extend(model.searches.iter().map(|search| {
        let tokenize = ["unicode61", "trigram"][search.shape % 2];
        let (column, table) = (name_of(&search.column), &search.table);
        format!("CREATE VIRTUAL TABLE {} USING fts5 ({column}, content = '{table}', content_rowid = 'id', tokenize = '{tokenize}')", search.name)
    }));
    all.extend(model.views.iter().map(view));
    all.extend(model.triggers.iter().map(trigger));
    all.iter().flat_map(|statement| [statement.as_str(), ";\n"]).collect()
}

fn view(view: &Program) -> String {
    let (table, column) = (name_of(&view.table), name_of(&view.column));
    let query = match (&view.other, view.shape) {
        (Some(other), _) => format!(
            "SELECT a.{column}, count(*) AS n FROM {table} a, {} b GROUP BY 1",
            name_of(other)
        ),
        (None, 0) => format!("SELECT {column} FROM {table}"),
        (None, 1) => format!("SELECT * FROM {table} WHERE {column} IS NOT NULL"),
        (None, _) => format!("SELECT coalesce({column}, 'None') AS c FROM {table} ORDER BY 1 DESC"),
    };
    format!("CREATE VIEW {} AS {query}", view.name)
}

fn trigger(trigger: &Program) -> String {
    let (table, column) = (name_of(&trigger.table), name_of(&trigger.column));
    let event = ["AFTER INSERT", "BEFORE DELETE", "AFTER UPDATE", "AFTER INSERT"][trigger.shape];
    let target = trigger.other.as_ref().map_or(table.clone(), |other| name_of(other));
    let row = if event.ends_with("DELETE") { "old" } else { "new" };
    format!(
        "CREATE TRIGGER {} {event} ON {table} WHEN {row}.{column} IS NOT NULL BEGIN\n    DELETE FROM {target} WHERE 1 = 0;\n    SELECT {row}.{column};\nEND",
        trigger.name
    )
}

fn word(rng: &mut StdRng, word: &str) -> String {
    if rng.random_bool(0.3) { word.to_lowercase() } else { word.to_owned() }
}

fn create(rng: &mut StdRng, table: &Table) -> String {
    let mut lines = Vec::new();
    let mut at_table = Vec::new();
    match &table.key {
        Key::Rowid { counted: true } => {
            lines.push("id INTEGER PRIMARY KEY AUTOINCREMENT".to_owned());
        }
        Key::Rowid { counted: false } if rng.random_bool(0.5) => {
            lines.push("id INTEGER NOT NULL".to_owned());
            at_table.push("PRIMARY KEY (id)".to_owned());
        }
        Key::Rowid { counted: false } => {
            lines.push(format!("id INTEGER {}", word(rng, "PRIMARY KEY")));
        }
        Key::Text => lines.push("id TEXT PRIMARY KEY".to_owned()),
        Key::Pair => {
            lines.push("id TEXT DEFAULT ''".to_owned());
            at_table.push("CONSTRAINT pair PRIMARY KEY (id, part DESC)".to_owned());
            lines.push("part INTEGER DEFAULT 0".to_owned());
        }
        Key::None => lines.push("id INTEGER".to_owned()),
    }
    for column in &table.columns {
        let mut line = define(rng, column);
        for one in table.checks.iter().filter(|it| it.columns == [column.name.clone()]) {
            let text = check_text(rng, one);
            if rng.random_bool(0.5) {
                line.extend([" ", &text]);
            } else {
                at_table.push(text);
            }
        }
        lines.push(line);
    }
    for unique in &table.uniques {
        let columns: Vec<_> = unique.columns.iter().map(|it| name_of(it)).collect();
        let name = unique
            .name
            .as_ref()
            .map(|it| format!("CONSTRAINT {} ", name_of(it)))
            .unwrap_or_default();
        at_table.push(format!("{name}{} ({})", word(rng, "UNIQUE"), columns.join(", ")));
    }
    for foreign in &table.foreign {
        let (parent, rest) = (name_of(&foreign.parent), foreign.rest);
        let column = &foreign.column;
        if rng.random_bool(0.5) {
            lines.push(format!("{column} INTEGER REFERENCES {parent}{rest}"));
        } else {
            lines.push(format!("{column} INTEGER"));
            at_table.push(format!("FOREIGN KEY ({column}) REFERENCES {parent} (id){rest}"));
        }
    }
    lines.extend(at_table);
    let options: Vec<_> = [(table.strict, "STRICT"), (table.without_rowid, "WITHOUT ROWID")]
        .into_iter()
        .filter_map(|(is_so, text)| is_so.then_some(text))
        .collect();
    let space = pick(rng, &[",\n    ", ", ", ", -- next\n", " ,\n"]);
    format!("CREATE TABLE {} ({}) {}", name_of(&table.name), lines.join(space), options.join(", "))
}

fn check_text(rng: &mut StdRng, check: &Named) -> String {
    let name =
        check.name.as_ref().map(|it| format!("CONSTRAINT {} ", name_of(it))).unwrap_or_default();
    let what = check.what.replace('#', &name_of(&check.columns[0]));
    let what = if rng.random_bool(0.2) { format!("({what})") } else { what };
    format!("{name}{} ({what})", word(rng, "CHECK"))
}

fn define(rng: &mut StdRng, column: &Column) -> String {
    let mut parts = vec![name_of(&column.name), word(rng, column.ty)];
    if column.not_null {
        parts.push(word(rng, "NOT NULL"));
    }
    parts.extend(column.default.map(|default| format!("DEFAULT {default}")));
    if column.nocase {
        parts.push(word(rng, "COLLATE NOCASE"));
    }
    parts.extend(
        column
            .generated
            .map(|stored| format!("AS (id * 2) {}", if stored { "STORED" } else { "VIRTUAL" })),
    );
    parts.join(" ")
}

/// Changes it in a few places.
pub(crate) fn mutate(rng: &mut StdRng, model: &Model) -> Model {
    let mut model = model.clone();
    for _ in 0..rng.random_range(1..5) {
        change(rng, &mut model);
        model.tidy();
    }
    model
}

fn change(rng: &mut StdRng, model: &mut Model) {
    let free: Vec<_> = TABLES
        .into_iter()
        .filter(|it| model.tables.iter().all(|table| table.name != *it))
        .collect();
    match rng.random_range(0..14) {
        0 => {
            if let Some(name) = free.choose(rng) {
                let mut new = table(rng, name);
                new.foreign.extend(model.foreign(rng));
                model.tables.push(new);
            }
        }
        1 if model.tables.len() > 1 => {
            drop(model.tables.remove(rng.random_range(0..model.tables.len())));
        }
        2 => {
            let name = pick(rng, &["view_7", "view_8"]);
            model.views.retain(|view| view.name != name);
            model.views.push(model.program(rng, name));
        }
        3 => {
            let name = pick(rng, &["trigger_7", "trigger_8"]);
            model.triggers.retain(|trigger| trigger.name != name);
            model.triggers.push(model.program(rng, name));
        }
        4 if !model.views.is_empty() => drop(model.views.pop()),
        5 if !model.triggers.is_empty() => drop(model.triggers.pop()),
        6 if model.searches.is_empty() => model.searches.push(model.program(rng, "search")),
        7 => model.searches.iter_mut().for_each(|search| search.shape += 1),
        _ => {
            let foreign = model.foreign(rng);
            let at = rng.random_range(0..model.tables.len());
            within(rng, &mut model.tables[at], foreign);
        }
    }
}

fn within(rng: &mut StdRng, table: &mut Table, foreign: Option<super::generator::Foreign>) {
    let at = rng.random_range(0..table.columns.len());
    let (name, strict) = (table.name.clone(), table.strict);
    let own = table.columns[at].name.clone();
    let plain = table.columns[at].generated.is_none();
    match rng.random_range(0..14) {
        0..=2 => {
            let free: Vec<_> = COLUMNS
                .into_iter()
                .filter(|it| table.columns.iter().all(|column| column.name != *it))
                .collect();
            if let Some(name) = free.choose(rng) {
                let mut new = column(rng, name, strict);
                new.not_null &= new.default.is_some();
                table.columns.push(new);
            }
        }
        3 | 4 => drop(table.columns.remove(at)),
        5 if plain => table.columns[at] = column(rng, &own, strict),
        6 => table.checks.push(check(rng, &name, &own)),
        7 => drop(table.checks.pop()),
        8 => table.indexes.push(index(rng, &name, &own)),
        9 => drop(table.indexes.pop()),
        10 => table.foreign.extend(foreign),
        11 => drop(table.foreign.pop()),
        12 => match table.key {
            Key::Rowid { counted } => table.key = Key::Rowid { counted: !counted },
            _ => table.without_rowid = !table.without_rowid && table.key != Key::None,
        },
        _ => match table.uniques.pop() {
            Some(_) => {}
            None => table.uniques.push(Named {
                name: Some(format!("{name}_one")),
                columns: vec![own],
                what: "",
            }),
        },
    }
}
