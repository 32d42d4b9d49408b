//! The tables that are there before anything pending is applied.

use schemakeep_db::Dialect;
use schemakeep_db::connection::Session;
use schemakeep_sql::change::{Change, TableName, changes, quoted};

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredColumn {
    pub(super) name: String,
    /// As the database writes it.
    pub(super) ty: String,
    pub(super) not_null: bool,
    pub(super) generated: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    /// Empty on SQLite.
    pub(super) schema: String,
    pub(super) name: String,
    /// Whether its name reaches it without the schema's.
    pub(super) visible: bool,
    pub(super) columns: Vec<StoredColumn>,
    /// The columns of the primary key.
    pub(super) key: Vec<String>,
    /// About how many rows it has; `None` where it takes a count to know.
    pub(super) rows: Option<u64>,
    /// SQLite: it has row numbers.
    pub(super) numbered: bool,
    /// Places in [`Tables::all`] of the tables whose foreign keys refer to this one.
    pub(super) referenced_by: Vec<usize>,
}

impl Table {
    /// Its name in SQL, which nothing shadows.
    pub(super) fn sql(&self) -> String {
        let schema = if self.schema.is_empty() { "main" } else { &self.schema };
        format!("{}.{}", quoted(schema), quoted(&self.name))
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tables {
    pub(super) all: Vec<Table>,
    /// The schema in which a table without one is created; empty on SQLite.
    pub(super) schema: String,
    /// Constraints that were added `NOT VALID` and are not checked yet: table, name, and what adding it says.
    pub(super) not_valid: Vec<(usize, String, Change)>,
}

impl Tables {
    pub(super) async fn read(session: &mut Session) -> Result<Self, sqlx::Error> {
        match session.dialect() {
            Dialect::Postgres => postgres(session).await,
            Dialect::Sqlite => sqlite(session).await,
        }
    }

    fn at(&self, schema: &str, name: &str) -> Option<usize> {
        self.all.iter().position(|table| table.schema == schema && table.name == name)
    }

    /// The table with this name, making it where it is new.
    fn entry(&mut self, schema: &str, name: &str) -> usize {
        self.at(schema, name).unwrap_or_else(|| {
            let (schema, name) = (schema.to_owned(), name.to_owned());
            self.all.push(Table { schema, name, ..Table::default() });
            self.all.len() - 1
        })
    }
}

type Row = Vec<Option<String>>;

/// The cells of a row; what is null is empty.
fn cells<const N: usize>(row: Row) -> [String; N] {
    let mut cells = row.into_iter().map(Option::unwrap_or_default);
    std::array::from_fn(|_| cells.next().unwrap_or_default())
}

const OTHER_TABLES: &str =
    "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'";

async fn postgres(session: &mut Session) -> Result<Tables, sqlx::Error> {
    let mut found = Tables {
        schema: session
            .value("SELECT CAST(current_schema() AS text)")
            .await?
            .unwrap_or_else(|| "public".to_owned()),
        ..Tables::default()
    };
    // A table that was never analysed has no number of rows: 60 to a page are rather too many.
    let columns = format!(
        "SELECT CAST(n.nspname AS text), CAST(c.relname AS text), \
         CAST(pg_catalog.pg_table_is_visible(c.oid) AS text), \
         CAST(CAST(CASE WHEN c.reltuples < 0 THEN pg_catalog.pg_relation_size(c.oid) / 8192 * 60 \
         ELSE c.reltuples END AS bigint) AS text), \
         CAST(a.attname AS text), pg_catalog.format_type(a.atttypid, a.atttypmod), \
         CAST(a.attnotnull AS text), CAST(a.attgenerated <> '' AS text), \
         CAST(coalesce(array_position(CAST(i.indkey AS smallint[]), a.attnum), -1) AS text) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary \
         WHERE c.relkind IN ('r', 'p') AND {OTHER_TABLES} ORDER BY c.oid, a.attnum"
    );
    for row in session.rows(columns).await? {
        let [schema, name, visible, rows, column, ty, not_null, generated, key] = cells(row);
        let at = found.entry(&schema, &name);
        let table = &mut found.all[at];
        table.visible = visible == "true";
        table.rows = rows.parse().ok();
        if key != "-1" {
            table.key.push(column.clone());
        }
        table.columns.push(StoredColumn {
            name: column,
            ty,
            not_null: not_null == "true",
            generated: generated == "true",
        });
    }
    let constraints = format!(
        "SELECT CAST(n.nspname AS text), CAST(c.relname AS text), CAST(k.conname AS text), \
         CAST(m.nspname AS text), CAST(t.relname AS text), CAST(k.convalidated AS text), \
         pg_catalog.pg_get_constraintdef(k.oid) \
         FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_catalog.pg_class t ON t.oid = k.confrelid \
         LEFT JOIN pg_catalog.pg_namespace m ON m.oid = t.relnamespace \
         WHERE k.contype IN ('f', 'c') AND {OTHER_TABLES}"
    );
    for row in session.rows(constraints).await? {
        let [schema, name, constraint, to_schema, to, valid, definition] = cells(row);
        let Some(at) = found.at(&schema, &name) else { continue };
        if let Some(target) = found.at(&to_schema, &to) {
            found.all[target].referenced_by.push(at);
        }
        if valid == "false" {
            let sql = format!("ALTER TABLE t ADD CONSTRAINT c {definition}");
            let added = changes(&sql, Dialect::Postgres).into_iter().next();
            found.not_valid.extend(added.map(|added| (at, constraint, added.change)));
        }
    }
    Ok(found)
}

async fn sqlite(session: &mut Session) -> Result<Tables, sqlx::Error> {
    let mut found = Tables::default();
    let columns = "SELECT lower(t.name), CAST(t.wr AS TEXT), lower(c.name), c.type, CAST(c.\"notnull\" AS TEXT), \
         CAST(c.hidden AS TEXT), CAST(c.pk AS TEXT) FROM pragma_table_list AS t \
         JOIN pragma_table_xinfo(t.name, 'main') AS c \
         WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         ORDER BY t.name, c.cid";
    let mut keys: Vec<(usize, usize, String)> = Vec::new();
    for row in session.rows(columns).await? {
        let [name, without_number, column, ty, not_null, hidden, key] = cells(row);
        let at = found.entry("", &name);
        if let Ok(place @ 1..) = key.parse() {
            keys.push((at, place, column.clone()));
        }
        let table = &mut found.all[at];
        table.visible = true;
        table.numbered = without_number == "0";
        table.columns.push(StoredColumn {
            name: column,
            ty,
            not_null: not_null == "1",
            generated: hidden == "2" || hidden == "3",
        });
    }
    keys.sort_unstable();
    for (at, _, column) in keys {
        found.all[at].key.push(column);
    }
    let keys = "SELECT DISTINCT lower(t.name), lower(f.\"table\") FROM pragma_table_list AS t \
         JOIN pragma_foreign_key_list(t.name, 'main') AS f WHERE t.schema = 'main' AND t.type = 'table'";
    for row in session.rows(keys).await? {
        let [name, target] = cells(row);
        if let (Some(at), Some(target)) = (found.at("", &name), found.at("", &target)) {
            found.all[target].referenced_by.push(at);
        }
    }
    Ok(found)
}

/// Whether a name as written means the table in this schema.
pub(super) fn means(name: &TableName, schema: &str, visible: bool) -> bool {
    match &name.schema {
        Some(written) => written == schema,
        None => visible,
    }
}
