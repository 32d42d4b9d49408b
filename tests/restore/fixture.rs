//! A database with tasks, a folder for backups, and what is in the database.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sqlx::AssertSqlSafe;
use tempfile::TempDir;

use testkit::cli::{Run, run};
use testkit::database::Side;
use testkit::{Backend, Database};

/// A database and its backups.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) database: Database,
    pub(crate) folder: TempDir,
}

impl Case {
    /// A database with all migrations and so many tasks.
    pub(crate) async fn with(on: Backend, tasks: i64) -> Self {
        let case = Self::on(Database::migrated(on).await);
        case.run(&["migrate", "up"]).expect(0);
        case.add(tasks).await;
        case
    }

    /// Any database.
    pub(crate) fn on(database: Database) -> Self {
        Self { database, folder: TempDir::new().expect("a temp folder") }
    }

    /// Where the backups are.
    pub(crate) fn backups(&self) -> &str {
        self.folder.path().to_str().expect("UTF-8")
    }

    /// `taskmanager ARGUMENTS`.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        run(arguments, &[("DATABASE_URL", &self.database.url), ("BACKUP_DIR", self.backups())])
    }

    /// `taskmanager restore ARGUMENTS --yes`.
    pub(crate) fn restore(&self, arguments: &[&str]) -> Run {
        self.run(&[&["restore"], arguments, &["--yes"]].concat())
    }

    /// Makes a backup and returns its path.
    pub(crate) fn backup(&self) -> PathBuf {
        let made = self.run(&["backup", "create", "--quick", "--json"]).expect(0);
        let made: Value = serde_json::from_str(&made.stdout).expect("a document");
        PathBuf::from(made["path"].as_str().expect("a path"))
    }

    /// Adds tasks, whose titles begin with `task`.
    pub(crate) async fn add(&self, tasks: i64) {
        let columns = "id, title, status, priority, created_at, updated_at, version, search_text";
        let sql = match self.database.backend() {
            Backend::Sqlite => format!(
                "INSERT INTO tasks ({columns}) WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL \
                 SELECT x + 1 FROM n WHERE x < {tasks}) SELECT randomblob(16), 'task ' || x, 'todo', \
                 'low', x, x, 1, 'task ' || x || char(10) FROM n WHERE x <= {tasks}"
            ),
            Backend::Postgres => format!(
                "INSERT INTO tasks ({columns}) SELECT gen_random_uuid(), E'task \\\\ \\t ' || x, 'todo', \
                 'low', now(), now(), 1, 'task ' || x || E'\\n' FROM generate_series(1, {tasks}) x"
            ),
        };
        self.execute(&sql).await;
    }

    /// Another state than before: fewer of the old tasks, new ones, and a table that no migration has.
    pub(crate) async fn change(&self) {
        self.execute("DELETE FROM tasks WHERE number % 3 = 0").await;
        self.add(7).await;
        self.execute("CREATE TABLE extra (a bigint)").await;
        self.execute("INSERT INTO extra VALUES (1)").await;
    }

    pub(crate) async fn execute(&self, sql: &str) {
        let mut side = self.database.connect().await;
        side.execute(sql).await;
        side.close().await;
    }

    pub(crate) async fn integer(&self, sql: &str) -> i64 {
        let mut side = self.database.connect().await;
        let found = side.integer(sql).await;
        side.close().await;
        found
    }

    pub(crate) async fn content(&self) -> Vec<String> {
        content(&self.database).await
    }

    /// The program's versions, lowest first.
    pub(crate) fn versions() -> Vec<i64> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
        let names = std::fs::read_dir(folder).expect("the migrations");
        let mut versions: Vec<i64> = names
            .filter_map(|entry| {
                let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
                name.strip_suffix(".up.sql")?.split('_').next()?.parse().ok()
            })
            .collect();
        versions.sort_unstable();
        versions
    }
}

/// Schema, record and tasks of a database, a line for each thing.
pub(crate) async fn content(database: &Database) -> Vec<String> {
    let queries: &[&str] = match database.backend() {
        Backend::Sqlite => &[
            "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema \
             WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1",
            "SELECT concat_ws('|', number, hex(id), title, status, created_at, search_text) \
             FROM tasks ORDER BY number",
            "SELECT concat_ws('|', version, hex(checksum), success) FROM _sqlx_migrations ORDER BY 1",
            "SELECT concat_ws('|', id, recorded_at, version, event) FROM _migrate_log ORDER BY id",
        ],
        Backend::Postgres => &[
            "SELECT concat_ws(' ', relkind, relname) FROM pg_class \
             WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
            "SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
             WHERE connamespace = 'public'::regnamespace ORDER BY 1",
            "SELECT concat_ws(' ', attrelid::regclass, attname, format_type(atttypid, atttypmod), \
             attnotnull, attidentity, pg_get_expr(adbin, adrelid)) FROM pg_attribute a \
             JOIN pg_class c ON c.oid = attrelid \
             LEFT JOIN pg_attrdef d ON adrelid = attrelid AND adnum = attnum \
             WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 \
             AND NOT attisdropped ORDER BY 1",
            "SELECT t::text FROM tasks t ORDER BY number",
            "SELECT m::text FROM _sqlx_migrations m ORDER BY version",
            "SELECT l::text FROM _migrate_log l ORDER BY id",
            "SELECT sequencename || ' ' || coalesce(last_value::text, '') FROM pg_sequences ORDER BY 1",
        ],
    };
    let mut side = database.connect().await;
    let mut lines = Vec::new();
    for query in queries {
        lines.extend(texts(&mut side, query).await);
    }
    side.close().await;
    lines
}

async fn texts(side: &mut Side, query: &str) -> Vec<String> {
    let query = AssertSqlSafe(query.to_owned());
    match side {
        Side::Sqlite(connection) => sqlx::query_scalar(query).fetch_all(connection).await,
        Side::Postgres(connection) => sqlx::query_scalar(query).fetch_all(connection).await,
    }
    .expect("texts")
}

/// The one JSON document of standard output.
#[track_caller]
pub(crate) fn document(run: &Run) -> Value {
    let read = serde_json::from_str(&run.stdout);
    read.unwrap_or_else(|error| panic!("no single document ({error}): {run:#?}"))
}

/// Turns one bit of a file over, in its middle.
pub(crate) fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).expect("a backup");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).expect("a damaged backup");
}

/// The path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
