//! The statements that make and take away one thing.

use squawk_syntax::quote::quote_quoted_ident;

use crate::schema::postgres::{
    Column, Constraint, ConstraintKind, Counting, Domain, Enum, Index, Sequence, Table, Trigger,
    Value, View,
};
use schemakeep_db::Dialect;

/// A name in SQL, in quotes where it needs them.
pub(super) fn quoted(name: &str) -> String {
    quote_quoted_ident(name)
}

/// A text in SQL.
pub(super) fn literal(text: &str) -> String {
    Dialect::Postgres.quoted(text)
}

pub(super) fn alter(table: &str, action: &str) -> String {
    format!("ALTER TABLE {} {action}", quoted(table))
}

pub(super) fn alter_column(table: &str, column: &str, action: &str) -> String {
    alter(table, &format!("ALTER COLUMN {} {action}", quoted(column)))
}

/// The values of an enumerated type in SQL.
pub(super) fn labels(labels: &[String]) -> String {
    labels.iter().map(|label| literal(label)).collect::<Vec<_>>().join(", ")
}

pub(super) fn create_enum(name: &str, it: &Enum) -> String {
    format!("CREATE TYPE {} AS ENUM ({})", quoted(name), labels(&it.labels))
}

pub(super) fn create_domain(name: &str, it: &Domain) -> String {
    let mut text = format!("CREATE DOMAIN {} AS {}", quoted(name), it.ty);
    if let Some(collation) = &it.collation {
        text.extend([" COLLATE ", collation]);
    }
    if let Some(default) = &it.default {
        text.extend([" DEFAULT ", default]);
    }
    if it.not_null {
        text += " NOT NULL";
    }
    for (check, it) in &it.checks {
        text.extend([" CONSTRAINT ", &quoted(check), " ", &it.definition]);
    }
    text
}

/// How a sequence of this type counts unless something else is said.
pub(super) fn usual(ty: &str) -> Counting {
    let max = match ty {
        "smallint" => i64::from(i16::MAX),
        "integer" => i64::from(i32::MAX),
        _ => i64::MAX,
    };
    let ty = ty.to_owned();
    Counting { ty, start: 1, increment: 1, min: 1, max, cache: 1, cycle: false }
}

/// Everything about how a sequence counts, but its type.
pub(super) fn counting(it: &Counting) -> String {
    format!(
        "INCREMENT BY {} MINVALUE {} MAXVALUE {} START WITH {} CACHE {} {}",
        it.increment,
        it.min,
        it.max,
        it.start,
        it.cache,
        if it.cycle { "CYCLE" } else { "NO CYCLE" }
    )
}

/// The statement that brings a sequence into the part that two ranges have in common, before it gets the second;
/// and what has it begin again where they have none.
pub(super) fn into_range(name: &str, old: &Counting, new: &Counting) -> (Vec<String>, String) {
    let (min, max) = (old.min.max(new.min), old.max.min(new.max));
    if min > max {
        return (Vec::new(), format!(" RESTART WITH {}", new.start));
    }
    if new.min <= old.min && new.max >= old.max {
        return (Vec::new(), String::new());
    }
    let sequence = quoted(name);
    let set = format!(
        "SELECT setval({}, greatest(least(last_value, {max}), {min}), is_called AND last_value BETWEEN {min} AND {max}) FROM {sequence}",
        literal(&sequence)
    );
    (vec![set], String::new())
}

pub(super) fn create_sequence(name: &str, it: &Counting) -> String {
    let ty = if it.ty == "bigint" { String::new() } else { format!(" AS {}", it.ty) };
    let options = if *it == usual(&it.ty) { String::new() } else { format!(" {}", counting(it)) };
    format!("CREATE SEQUENCE {}{ty}{options}", quoted(name))
}

pub(super) fn own_sequence(name: &str, owner: Option<(&str, &str)>) -> String {
    let owner = match owner {
        Some((table, column)) => format!("{}.{}", quoted(table), quoted(column)),
        None => "NONE".to_owned(),
    };
    format!("ALTER SEQUENCE {} OWNED BY {owner}", quoted(name))
}

/// A free sequence whole, for people.
pub(super) fn show_sequence(name: &str, it: &Sequence) -> String {
    let owner = it.owner.as_ref();
    let owner =
        owner.map(|(table, column)| format!(" OWNED BY {}.{}", quoted(table), quoted(column)));
    format!("{}{}", create_sequence(name, &it.counting), owner.unwrap_or_default())
}

/// `nextval('…'::regclass)`.
pub(super) fn next_of(sequence: &str) -> String {
    format!("nextval({}::regclass)", literal(&quoted(sequence)))
}

/// `GENERATED … AS IDENTITY`.
pub(super) fn identity(always: bool, it: &Counting) -> String {
    let when = if always { "ALWAYS" } else { "BY DEFAULT" };
    let options = if *it == usual(&it.ty) { String::new() } else { format!(" ({})", counting(it)) };
    format!("GENERATED {when} AS IDENTITY{options}")
}

/// The word that makes a column with a sequence of its own, where there is one for it.
fn serial(column: &Column) -> Option<&'static str> {
    let Value::Serial { counting, .. } = &column.value else { return None };
    let word = match column.ty.as_str() {
        "smallint" => "smallserial",
        "integer" => "serial",
        "bigint" => "bigserial",
        _ => return None,
    };
    (column.not_null && *counting == usual(&column.ty)).then_some(word)
}

/// A column's type, with its collation.
pub(super) fn typed(column: &Column) -> String {
    match &column.collation {
        Some(collation) => format!("{} COLLATE {collation}", column.ty),
        None => column.ty.clone(),
    }
}

/// A column as `CREATE TABLE` takes it. A sequence of its own that counts unusually must be there before.
pub(super) fn column(name: &str, it: &Column) -> String {
    let name = quoted(name);
    if let Some(word) = serial(it) {
        return format!("{name} {word}");
    }
    let null = if it.not_null { " NOT NULL" } else { "" };
    let value = match &it.value {
        Value::Nothing => String::new(),
        Value::Default(expression) => format!(" DEFAULT {expression}"),
        Value::Serial { sequence, .. } => format!(" DEFAULT {}", next_of(&sequence.0)),
        Value::Identity { always, counting, .. } => format!(" {}", identity(*always, counting)),
        Value::Generated { expression, stored } => {
            let kind = if *stored { "STORED" } else { "VIRTUAL" };
            format!(" GENERATED ALWAYS AS ({expression}) {kind}")
        }
    };
    format!("{name} {}{null}{value}", typed(it))
}

/// A constraint as `ADD` takes it.
pub(super) fn constraint(name: &str, it: &Constraint) -> String {
    let valid = if it.valid { "" } else { " NOT VALID" };
    format!("CONSTRAINT {} {}{valid}", quoted(name), it.definition)
}

pub(super) fn add_constraint(table: &str, name: &str, it: &Constraint) -> String {
    alter(table, &format!("ADD {}", constraint(name, it)))
}

pub(super) fn drop_constraint(table: &str, name: &str) -> String {
    alter(table, &format!("DROP CONSTRAINT {}", quoted(name)))
}

/// The statements that make a table with everything in it but the foreign keys that are left out and its triggers.
pub(super) fn create_table(
    name: &str,
    table: &Table,
    inline: impl Fn(&Constraint) -> bool,
) -> Vec<String> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (of, it) in table.in_order() {
        if let (Value::Serial { sequence, counting }, None) = (&it.value, serial(it)) {
            before.push(create_sequence(&sequence.0, counting));
            after.push(own_sequence(&sequence.0, Some((name, of))));
        }
    }
    let columns = table.in_order().into_iter().map(|(name, it)| column(name, it));
    let mut constraints: Vec<_> = table.constraints.iter().filter(|(_, it)| inline(it)).collect();
    constraints.sort_by_key(|(name, it)| (it.kind, *name));
    let whole = constraints.iter().filter(|(_, it)| it.valid);
    let lines: Vec<String> = columns.chain(whole.map(|(name, it)| constraint(name, it))).collect();
    let body = if lines.is_empty() {
        "()".to_owned()
    } else {
        format!("(\n    {}\n)", lines.join(",\n    "))
    };
    before.push(format!("CREATE TABLE {} {body}", quoted(name)));
    before.extend(after);
    let late = constraints.iter().filter(|(_, it)| !it.valid);
    before.extend(late.map(|(constraint, it)| add_constraint(name, constraint, it)));
    let indexes = table.indexes.iter();
    before.extend(indexes.map(|(index, it)| create_index(name, index, it, false)));
    before
}

pub(super) fn create_index(table: &str, name: &str, it: &Index, concurrently: bool) -> String {
    format!(
        "CREATE {}INDEX {}{} ON {} {}",
        if it.unique { "UNIQUE " } else { "" },
        if concurrently { "CONCURRENTLY " } else { "" },
        quoted(name),
        quoted(table),
        it.definition.strip_prefix("USING btree ").unwrap_or(&it.definition)
    )
}

pub(super) fn drop_index(name: &str, concurrently: bool) -> String {
    format!("DROP INDEX {}{}", if concurrently { "CONCURRENTLY " } else { "" }, quoted(name))
}

/// The index that is built before a key takes it over.
pub(super) fn index_of_key(it: &Constraint) -> Index {
    let definition = it.definition.split(" DEFERRABLE").next().unwrap_or_default();
    let rest = definition.trim_start_matches("PRIMARY KEY").trim_start_matches("UNIQUE").trim();
    // The one word order of `CREATE INDEX`: columns, INCLUDE, NULLS NOT DISTINCT.
    let definition = match rest.strip_prefix("NULLS NOT DISTINCT ") {
        Some(columns) => format!("USING btree {columns} NULLS NOT DISTINCT"),
        None => format!("USING btree {rest}"),
    };
    Index { unique: true, definition, valid: true, columns: it.columns.clone() }
}

/// `ADD CONSTRAINT … USING INDEX …`.
pub(super) fn add_key(table: &str, name: &str, it: &Constraint, index: &str) -> String {
    let kind = if it.kind == ConstraintKind::PrimaryKey { "PRIMARY KEY" } else { "UNIQUE" };
    let when = it.definition.find(" DEFERRABLE").map_or("", |at| &it.definition[at..]);
    let (name, index) = (quoted(name), quoted(index));
    alter(table, &format!("ADD CONSTRAINT {name} {kind} USING INDEX {index}{when}"))
}

/// The statements that make a trigger fire when it should.
pub(super) fn create_trigger(table: &str, name: &str, it: &Trigger) -> Vec<String> {
    let mut statements = vec![it.definition.clone()];
    let state = match it.fires.as_str() {
        "D" => "DISABLE",
        "R" => "ENABLE REPLICA",
        "A" => "ENABLE ALWAYS",
        _ => return statements,
    };
    statements.push(alter(table, &format!("{state} TRIGGER {}", quoted(name))));
    statements
}

pub(super) fn drop_trigger(table: &str, name: &str) -> String {
    format!("DROP TRIGGER {} ON {}", quoted(name), quoted(table))
}

fn view_kind(it: &View) -> &'static str {
    if it.materialised { "MATERIALIZED VIEW" } else { "VIEW" }
}

/// `CREATE VIEW …` alone.
pub(super) fn define_view(name: &str, it: &View, create: &str) -> String {
    let options: Vec<&str> = it.options.iter().map(String::as_str).collect();
    let options = if options.is_empty() || it.materialised {
        String::new()
    } else {
        format!(" WITH ({})", options.join(", "))
    };
    format!("{create} {} {}{options} AS\n{}", view_kind(it), quoted(name), it.definition)
}

/// The statements that make a view with its indexes and triggers.
pub(super) fn create_view(name: &str, it: &View) -> Vec<String> {
    let mut statements = vec![define_view(name, it, "CREATE")];
    statements.extend(it.indexes.iter().map(|(index, it)| create_index(name, index, it, false)));
    let triggers = it.triggers.iter();
    statements.extend(triggers.flat_map(|(trigger, it)| create_trigger(name, trigger, it)));
    statements
}

pub(super) fn drop_view(name: &str, it: &View) -> String {
    format!("DROP {} {}", view_kind(it), quoted(name))
}
