//! A database for each test, and folders of migrations.

use std::path::Path;
use std::time::Duration;

use schemakeep::{
    Dialect, MigrateError, MigrationSet, Migrator, MigratorOptions, Outcome, Progress, Safety,
    StateReport, ensure_schema,
};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row, SqliteConnection};
use taskmanager::config::{DatabaseUrl, MigrateMode};
use taskmanager::domain::{Clock as _, SystemClock};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub(crate) const WAIT: Duration = Duration::from_secs(30);

/// An empty database of this test's own.
pub(crate) struct TestDatabase {
    pub(crate) url: DatabaseUrl,
    pub(crate) text: String,
    pub(crate) folder: TempDir,
    dialect: Dialect,
}

impl TestDatabase {
    pub(crate) async fn new(dialect: Dialect) -> Self {
        taskmanager::program::PROGRAM.install();
        let folder = tempfile::tempdir().unwrap();
        let text = match dialect {
            Dialect::Sqlite => format!("sqlite:{}", folder.path().join("test.db").display()),
            Dialect::Postgres => {
                let server = std::env::var("TEST_POSTGRES_URL")
                    .expect("TEST_POSTGRES_URL is not set: run `make test`, which starts a server");
                let name = format!("migrate_{}", SystemClock.new_id().simple());
                let options: PgConnectOptions = server.parse().unwrap();
                let mut admin = options.connect().await.unwrap();
                run_on(&mut admin, format!("CREATE DATABASE {name}")).await;
                let mut url = url::Url::parse(&server).unwrap();
                url.set_path(&name);
                url.to_string()
            }
        };
        Self { url: DatabaseUrl::parse(&text).unwrap(), text, folder, dialect }
    }

    pub(crate) fn settings(&self) -> MigratorOptions {
        settings_for(&self.text)
    }

    pub(crate) async fn prepare(&self, set: &MigrationSet) -> Result<StateReport, MigrateError> {
        start(&self.settings(), set).await
    }

    pub(crate) async fn prepare_as(
        &self,
        mode: MigrateMode,
        set: &MigrationSet,
    ) -> Result<StateReport, MigrateError> {
        start(&MigratorOptions { mode, ..self.settings() }, set).await
    }

    pub(crate) async fn up(
        &self,
        set: &MigrationSet,
        to: Option<i64>,
    ) -> Result<Outcome, MigrateError> {
        let (settings, progress) = (self.settings(), Progress::default());
        operation(&settings, set, &progress).up(to).await
    }

    pub(crate) async fn down(
        &self,
        set: &MigrationSet,
        to: Option<i64>,
    ) -> Result<Outcome, MigrateError> {
        let (settings, progress) = (self.settings(), Progress::default());
        operation(&settings, set, &progress).down(to).await
    }

    pub(crate) async fn stamp(
        &self,
        set: &MigrationSet,
        version: i64,
    ) -> Result<Outcome, MigrateError> {
        let (settings, progress) = (self.settings(), Progress::default());
        operation(&settings, set, &progress).stamp(version).await
    }

    pub(crate) async fn repair(
        &self,
        set: &MigrationSet,
        version: i64,
        reason: &str,
    ) -> Result<Outcome, MigrateError> {
        let (settings, progress) = (self.settings(), Progress::default());
        operation(&settings, set, &progress).repair(version, reason).await
    }

    /// Everything in the catalogue but the record, as text.
    pub(crate) async fn schema(&self) -> String {
        let query = match self.dialect {
            Dialect::Sqlite => {
                "SELECT coalesce(group_concat(line, char(10)), '') FROM (SELECT type || ' ' || coalesce(sql, name) AS line \
                 FROM sqlite_schema WHERE tbl_name NOT IN ('_sqlx_migrations', '_migrate_log', 'sqlite_sequence') ORDER BY line)"
            }
            Dialect::Postgres => {
                "SELECT coalesce(string_agg(line, E'\\n' ORDER BY line), '') FROM ( \
                 SELECT format('%s.%s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), \
                 a.attnotnull, pg_get_expr(d.adbin, d.adrelid)) AS line FROM pg_class c \
                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
                 LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
                 WHERE c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE '\\_%' \
                 UNION ALL SELECT pg_get_indexdef(indexrelid) || ' ' || indisvalid FROM pg_index i \
                 JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE '\\_%' \
                 UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
                 WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE '\\_%') lines"
            }
        };
        self.text(query).await
    }

    pub(crate) async fn text(&self, query: &str) -> String {
        match self.connect().await {
            Connected::Postgres(mut c) => {
                sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut c).await.unwrap()
            }
            Connected::Sqlite(mut c) => {
                sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut c).await.unwrap()
            }
        }
    }

    /// The log, a line for each row: `version kind step outcome`.
    pub(crate) async fn log(&self) -> Vec<String> {
        let query = match self.dialect {
            Dialect::Postgres => {
                "SELECT coalesce(string_agg(concat_ws(' ', version, event, step, outcome), ',' ORDER BY id), '') FROM _migrate_log"
            }
            Dialect::Sqlite => {
                "SELECT coalesce(group_concat(concat_ws(' ', version, event, step, outcome), ',' ORDER BY id), '') FROM _migrate_log"
            }
        };
        let text = self.text(query).await;
        text.split(',').filter(|line| !line.is_empty()).map(ToOwned::to_owned).collect()
    }

    pub(crate) fn embedded(&self) -> MigrationSet {
        taskmanager::program::migrations(self.dialect).unwrap()
    }

    pub(crate) async fn connect(&self) -> Connected {
        match self.dialect {
            Dialect::Postgres => Connected::Postgres(self.postgres().await),
            Dialect::Sqlite => Connected::Sqlite(self.sqlite().await),
        }
    }

    pub(crate) async fn postgres(&self) -> PgConnection {
        let options: PgConnectOptions = self.text.parse().unwrap();
        options.application_name("a-test-session").connect().await.unwrap()
    }

    pub(crate) async fn sqlite(&self) -> SqliteConnection {
        let options: SqliteConnectOptions = self.text.parse().unwrap();
        options.create_if_missing(true).connect().await.unwrap()
    }

    pub(crate) async fn run(&self, sql: &str) {
        self.connect().await.run(sql).await;
    }

    pub(crate) async fn count(&self, query: &str) -> i64 {
        match self.connect().await {
            Connected::Postgres(mut c) => {
                let row = sqlx::query(AssertSqlSafe(query)).fetch_one(&mut c).await.unwrap();
                row.get(0)
            }
            Connected::Sqlite(mut c) => {
                let row = sqlx::query(AssertSqlSafe(query)).fetch_one(&mut c).await.unwrap();
                row.get(0)
            }
        }
    }
}

/// Patient settings that apply what is pending.
pub(crate) fn settings_for(url: &str) -> MigratorOptions {
    MigratorOptions {
        url: DatabaseUrl::parse(url).unwrap(),
        mode: MigrateMode::Auto,
        database_wait: WAIT,
        lock_wait: WAIT,
        table_lock_wait: WAIT,
        safety: Safety::none(),
        stop: CancellationToken::new(),
    }
}

/// Starts, as the service does.
pub(crate) async fn start(
    settings: &MigratorOptions,
    set: &MigrationSet,
) -> Result<StateReport, MigrateError> {
    let report = ensure_schema(settings, set, &SystemClock, &Progress::default()).await?;
    Ok(report.expect("a report"))
}

fn operation<'a>(
    settings: &'a MigratorOptions,
    set: &'a MigrationSet,
    progress: &'a Progress,
) -> Migrator<'a> {
    Migrator { settings, set, clock: &SystemClock, progress, gate: &schemakeep::GateSteps }
}

pub(crate) enum Connected {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

impl Connected {
    pub(crate) async fn run(&mut self, sql: &str) {
        match self {
            Self::Postgres(c) => run_on(c, sql.to_owned()).await,
            Self::Sqlite(c) => {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(c).await.map(drop).unwrap();
            }
        }
    }

    pub(crate) async fn close(self) {
        match self {
            Self::Postgres(c) => c.close().await.unwrap(),
            Self::Sqlite(c) => c.close().await.unwrap(),
        }
    }
}

pub(crate) async fn run_on(connection: &mut PgConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(drop).unwrap();
}

/// Writes pairs of files: `(stem, up)`; each goes back with a statement that does nothing.
pub(crate) fn write(folder: &Path, files: &[(&str, &str)]) -> MigrationSet {
    for (stem, up) in files {
        std::fs::write(folder.join(format!("{stem}.up.sql")), up).unwrap();
        std::fs::write(folder.join(format!("{stem}.down.sql")), "SELECT 1;\n").unwrap();
    }
    MigrationSet::from_directory(folder).unwrap()
}

/// A set of files with their ways back: `(stem, up, down)`.
pub(crate) fn pairs(files: &[(&str, &str, &str)]) -> MigrationSet {
    let folder = tempfile::tempdir().unwrap();
    write_pairs(folder.path(), files)
}

/// Writes files with their ways back.
pub(crate) fn write_pairs(folder: &Path, files: &[(&str, &str, &str)]) -> MigrationSet {
    for (stem, up, down) in files {
        std::fs::write(folder.join(format!("{stem}.up.sql")), up).unwrap();
        std::fs::write(folder.join(format!("{stem}.down.sql")), down).unwrap();
    }
    MigrationSet::from_directory(folder).unwrap()
}

/// A set of its own folder.
pub(crate) fn set(files: &[(&str, &str)]) -> MigrationSet {
    write(tempfile::tempdir().unwrap().path(), files)
}

pub(crate) const ONE: (&str, &str) =
    ("20260101000000_create_one", "-- compat: additive\nCREATE TABLE one (id bigint);\n");
pub(crate) const TWO: (&str, &str) =
    ("20260102000000_create_two", "-- compat: additive\nCREATE TABLE two (id bigint);\n");
pub(crate) const THREE: (&str, &str) =
    ("20260103000000_create_three", "CREATE TABLE three (id bigint);\n");
