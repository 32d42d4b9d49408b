//! Reads a schema: the catalogue's answers put together.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::canonical::{canonical, without_storage};
use super::{
    Aside, Column, Constraint, ConstraintKind, Counting, Domain, Enum, Function, Index, Schema,
    Sequence, Table, Target, Trigger, Value, View, query,
};
use schemakeep_db::connection::Session;

/// What the server writes must not depend on the session's settings.
const SETTINGS: &str = "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; \
     SET LOCAL bytea_output = 'hex'; SET LOCAL quote_all_identifiers = off; SET LOCAL standard_conforming_strings = on; \
     SET LOCAL extra_float_digits = 1";

/// Reads the current schema, in a transaction of its own.
pub async fn read(session: &mut Session) -> Result<Schema, sqlx::Error> {
    session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let schema = read_in_transaction(session).await;
    session.execute("ROLLBACK").await?;
    schema
}

/// Reads the current schema in the transaction that is open, whose settings it changes.
pub async fn read_in_transaction(session: &mut Session) -> Result<Schema, sqlx::Error> {
    session.execute(SETTINGS).await?;
    whole(session).await
}

#[derive(Deserialize)]
struct Named<T> {
    name: String,
    #[serde(flatten)]
    thing: T,
}

#[derive(Deserialize)]
struct TableRow {
    name: String,
    special: Option<String>,
}

#[derive(Deserialize)]
struct ColumnRow {
    table: String,
    name: String,
    place: i32,
    ty: String,
    collation: Option<String>,
    not_null: bool,
    expression: Option<String>,
    identity: String,
    generated: String,
    sequence: Option<String>,
    counting: Option<Counting>,
}

#[derive(Deserialize)]
struct ConstraintRow {
    table: String,
    name: String,
    kind: ConstraintKind,
    definition: String,
    valid: bool,
    columns: BTreeSet<String>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct IndexRow {
    table: String,
    name: String,
    unique: bool,
    valid: bool,
    storage: Option<String>,
    definition: String,
    columns: BTreeSet<String>,
}

#[derive(Deserialize)]
struct ViewRow {
    name: String,
    materialised: bool,
    definition: String,
    options: BTreeSet<String>,
    columns: Vec<(String, String)>,
    uses: BTreeSet<(String, Option<String>)>,
}

#[derive(Deserialize)]
struct TriggerRow {
    table: String,
    name: String,
    #[serde(flatten)]
    trigger: Trigger,
}

async fn rows<T: DeserializeOwned>(
    session: &mut Session,
    query: String,
) -> Result<Vec<T>, sqlx::Error> {
    let answers = session.rows(query).await?;
    let texts = answers.into_iter().flatten().flatten();
    let read = |text: String| serde_json::from_str(&text);
    texts.map(read).collect::<Result<_, _>>().map_err(|error| sqlx::Error::Decode(error.into()))
}

async fn named<T: DeserializeOwned>(
    session: &mut Session,
    query: String,
) -> Result<BTreeMap<String, T>, sqlx::Error> {
    let rows: Vec<Named<T>> = rows(session, query).await?;
    Ok(rows.into_iter().map(|row| (row.name, row.thing)).collect())
}

async fn whole(session: &mut Session) -> Result<Schema, sqlx::Error> {
    let mut schema = Schema {
        enums: named::<Enum>(session, query::enums()).await?,
        domains: named::<Domain>(session, query::domains()).await?,
        sequences: named::<Sequence>(session, query::sequences()).await?,
        functions: named::<Function>(session, query::functions()).await?,
        ..Schema::default()
    };
    for function in schema.functions.values_mut() {
        function.definition.truncate(function.definition.trim_end().len());
    }
    for domain in schema.domains.values_mut() {
        for check in domain.checks.values_mut() {
            check.definition = canonical(&check.definition);
        }
    }
    for TableRow { name, special } in rows(session, query::tables()).await? {
        schema.tables.insert(name, Table { special, ..Table::default() });
    }
    for row in rows::<ColumnRow>(session, query::columns()).await? {
        if let Some(sequence) = &row.sequence {
            schema.sequences.remove(sequence);
        }
        if let Some(table) = schema.tables.get_mut(&row.table) {
            table.columns.insert(row.name.clone(), column(row));
        }
    }
    for row in rows::<ConstraintRow>(session, query::constraints()).await? {
        let ConstraintRow { table, name, kind, definition, valid, columns, target } = row;
        if let Some(table) = schema.tables.get_mut(&table) {
            let definition = canonical(&definition);
            table.constraints.insert(name, Constraint { kind, definition, valid, columns, target });
        }
    }
    for row in rows::<ViewRow>(session, query::views()).await? {
        schema.views.insert(
            row.name,
            View {
                materialised: row.materialised,
                definition: canonical(row.definition.trim()),
                options: row.options,
                columns: row.columns,
                uses: Aside(row.uses),
                indexes: BTreeMap::new(),
                triggers: BTreeMap::new(),
            },
        );
    }
    for row in rows::<IndexRow>(session, query::indexes()).await? {
        let definition = canonical(&without_storage(&row.definition, row.storage.as_deref()));
        let (unique, valid, columns) = (row.unique, row.valid, row.columns);
        let index = Index { unique, definition, valid, columns };
        if let Some(table) = schema.tables.get_mut(&row.table) {
            table.indexes.insert(row.name, index);
        } else if let Some(view) = schema.views.get_mut(&row.table) {
            view.indexes.insert(row.name, index);
        }
    }
    for row in rows::<TriggerRow>(session, query::triggers()).await? {
        if let Some(table) = schema.tables.get_mut(&row.table) {
            table.triggers.insert(row.name, row.trigger);
        } else if let Some(view) = schema.views.get_mut(&row.table) {
            view.triggers.insert(row.name, row.trigger);
        }
    }
    Ok(schema)
}

fn column(row: ColumnRow) -> Column {
    let expression = row.expression.map(|expression| canonical(&expression));
    let value = match (row.sequence, row.counting, expression) {
        (Some(sequence), Some(counting), _) if !row.identity.is_empty() => {
            let always = row.identity == "a";
            Value::Identity { always, sequence: Aside(sequence), counting }
        }
        (Some(sequence), Some(counting), _) => {
            Value::Serial { sequence: Aside(sequence), counting }
        }
        (_, _, Some(expression)) if !row.generated.is_empty() => {
            Value::Generated { expression, stored: row.generated == "s" }
        }
        (_, _, Some(expression)) => Value::Default(expression),
        _ => Value::Nothing,
    };
    Column {
        place: Aside(row.place),
        ty: row.ty,
        collation: row.collation,
        not_null: row.not_null,
        value,
    }
}
