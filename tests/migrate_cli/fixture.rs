//! Migrations that the tests write, runs of the program on them, and what a database holds.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sqlx::AssertSqlSafe;
use tempfile::TempDir;

use testkit::cli::{Run, run};
use testkit::database::Side;
use testkit::{Backend, Database};

/// The three versions of [`Files::library`].
pub(crate) const BOOKS: i64 = 20_300_101_000_000;
pub(crate) const AUTHORS: i64 = 20_300_102_000_000;
pub(crate) const TITLES: i64 = 20_300_103_000_000;

/// Records a version that this program does not have, above all others.
pub(crate) const NEWER: &str = "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) \
     SELECT 20990101000000, 'add more', installed_on, success, checksum, execution_time \
     FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)";

const TITLES_UP: &str = "-- compat: additive\nCREATE INDEX books_title_idx ON books (title);\n";

/// A folder of migrations, for both databases.
#[derive(Debug)]
pub(crate) struct Files(TempDir);

impl Files {
    /// A folder without migrations.
    pub(crate) fn none() -> Self {
        let folder = TempDir::new().expect("a temp folder");
        for dialect in ["postgres", "sqlite"] {
            std::fs::create_dir(folder.path().join(dialect)).expect("a folder");
        }
        Self(folder)
    }

    /// A table, a column and an index.
    pub(crate) fn library() -> Self {
        Self::none()
            .with(
                &format!("{BOOKS}_create_books"),
                "-- compat: additive\nCREATE TABLE books (id bigint PRIMARY KEY, title text NOT NULL);\n",
                "DROP TABLE books;\n",
            )
            .with(
                &format!("{AUTHORS}_add_authors"),
                "-- compat: additive\nALTER TABLE books ADD COLUMN author text;\n",
                "ALTER TABLE books DROP COLUMN author;\n",
            )
            .with_one(
                "postgres",
                &format!("{TITLES}_index_titles"),
                &format!("-- allow: require-concurrent-index-creation few books\n{TITLES_UP}"),
                "DROP INDEX books_title_idx;\n",
            )
            .with_one(
                "sqlite",
                &format!("{TITLES}_index_titles"),
                TITLES_UP,
                "DROP INDEX books_title_idx;\n",
            )
    }

    /// And this migration, the same for both databases.
    pub(crate) fn with(self, stem: &str, up: &str, down: &str) -> Self {
        self.with_one("postgres", stem, up, down).with_one("sqlite", stem, up, down)
    }

    /// And this migration, for one of them.
    pub(crate) fn with_one(self, dialect: &str, stem: &str, up: &str, down: &str) -> Self {
        for (way, text) in [("up", up), ("down", down)] {
            let path = self.0.path().join(dialect).join(format!("{stem}.{way}.sql"));
            std::fs::write(path, text).expect("a migration");
        }
        self
    }

    pub(crate) fn path(&self) -> &str {
        self.0.path().to_str().expect("UTF-8")
    }

    /// `taskmanager migrate ARGUMENTS --migrations THESE`.
    pub(crate) fn migrate(&self, database: &Database, arguments: &[&str]) -> Run {
        migrate(database, &[arguments, &["--migrations", self.path()]].concat())
    }

    /// The same, for what needs no database.
    pub(crate) fn alone(&self, arguments: &[&str]) -> Run {
        run(&[&["migrate"], arguments, &["--migrations", self.path()]].concat(), &[])
    }

    /// A database with all of them applied.
    pub(crate) async fn applied(&self, on: Backend) -> Database {
        let database = Database::empty(on).await;
        self.migrate(&database, &["up", "--no-rehearsal"]).expect(0);
        database
    }
}

/// `taskmanager migrate ARGUMENTS`, with the migrations of the program.
pub(crate) fn migrate(database: &Database, arguments: &[&str]) -> Run {
    run(&[&["migrate"], arguments].concat(), &[("DATABASE_URL", &database.url)])
}

/// A database with all migrations of the program.
pub(crate) async fn current(on: Backend) -> Database {
    let database = Database::migrated(on).await;
    migrate(&database, &["up", "--no-rehearsal"]).expect(0);
    database
}

/// An empty database that is there, also where it is a file.
pub(crate) async fn bare(on: Backend) -> Database {
    let database = Database::empty(on).await;
    if let Some(folder) = database.folder() {
        std::fs::write(folder.join("tasks.db"), "").expect("an empty file");
    }
    database
}

/// Standard output as one JSON document, whatever the log says beside it.
#[track_caller]
pub(crate) fn document(run: &Run) -> Value {
    let read = serde_json::from_str(&run.stdout);
    read.unwrap_or_else(|error| panic!("no single document ({error}): {run:#?}"))
}

/// The program's own migration folder of a database's kind.
pub(crate) fn own_folder(on: Backend) -> PathBuf {
    let dialect = if on == Backend::Sqlite { "sqlite" } else { "postgres" };
    Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(dialect)
}

/// The program's own versions with the texts of their up files, lowest first.
pub(crate) fn own(on: Backend) -> Vec<(i64, String)> {
    let entries = std::fs::read_dir(own_folder(on)).expect("the migrations");
    let mut found: Vec<_> = entries
        .filter_map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name()?.to_str()?.strip_suffix(".up.sql")?.to_owned();
            let version = name.split('_').next()?.parse().ok()?;
            Some((version, std::fs::read_to_string(path).expect("a migration")))
        })
        .collect();
    found.sort();
    found
}

/// The program's newest version.
pub(crate) fn newest() -> i64 {
    own(Backend::Sqlite).last().expect("a migration").0
}

/// The texts that a query answers, one a row.
pub(crate) async fn texts(side: &mut Side, query: &str) -> Vec<String> {
    let query = AssertSqlSafe(query.to_owned());
    match side {
        Side::Sqlite(connection) => sqlx::query_scalar(query).fetch_all(connection).await,
        Side::Postgres(connection) => sqlx::query_scalar(query).fetch_all(connection).await,
    }
    .expect("texts")
}

/// The statements run on a database, through a connection of their own.
pub(crate) async fn execute(database: &Database, sql: &str) {
    let mut side = database.connect().await;
    side.execute(sql).await;
    side.close().await;
}

pub(crate) async fn integer(database: &Database, query: &str) -> i64 {
    let mut side = database.connect().await;
    let found = side.integer(query).await;
    side.close().await;
    found
}

/// The versions of the record.
pub(crate) async fn recorded(database: &Database) -> Vec<String> {
    let mut side = database.connect().await;
    let query = "SELECT CAST(version AS text) FROM _sqlx_migrations ORDER BY version";
    let found = texts(&mut side, query).await;
    side.close().await;
    found
}

/// The schema as the database describes it, the record's tables left out.
pub(crate) async fn dump(database: &Database) -> Vec<String> {
    const OWN: &str = "('_sqlx_migrations', '_migrate_log')";
    let queries = match database.backend() {
        Backend::Sqlite => vec![format!(
            "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema \
             WHERE tbl_name NOT IN {OWN} AND name NOT LIKE 'sqlite_sequence' ORDER BY 1"
        )],
        Backend::Postgres => vec![
            format!(
                "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable \
                 || coalesce(' ' || column_default, '') || coalesce(' ' || identity_generation, '') \
                 FROM information_schema.columns WHERE table_schema = 'public' \
                 AND table_name NOT IN {OWN} ORDER BY 1"
            ),
            format!(
                "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' \
                 AND tablename NOT IN {OWN} ORDER BY 1"
            ),
            format!(
                "SELECT conname || ' ' || pg_get_constraintdef(c.oid) FROM pg_constraint c \
                 JOIN pg_class t ON t.oid = conrelid WHERE relnamespace = 'public'::regnamespace \
                 AND relname NOT IN {OWN} ORDER BY 1"
            ),
        ],
    };
    let mut side = database.connect().await;
    let mut lines = Vec::new();
    for query in queries {
        lines.extend(texts(&mut side, &query).await);
    }
    side.close().await;
    lines
}
