//! A database that is migrated by the real runner, from files that the real lint has seen.

use std::time::Duration;

use schemakeep::desired;
use schemakeep::diff::Draft;
use schemakeep::files::Direction;
use schemakeep::lint::{Severity, lint};
use schemakeep::schema::{self, Schema};
use schemakeep::scratch::Scratch;
use schemakeep::{
    Dialect, MigrateError, MigrationSet, Migrator, MigratorOptions, Progress, Safety,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection};
use taskmanager::config::{DatabaseUrl, MigrateMode};
use taskmanager::domain::SystemClock;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// The version that makes the schema to begin with.
pub(crate) const BASE: i64 = 20_260_101_000_000;

/// The schema that statements make.
pub(crate) async fn declared(statements: &str) -> Schema {
    let scratch = Scratch::in_file().unwrap();
    let schema = desired::declare(scratch.url(), statements).await;
    scratch.remove().await.unwrap();
    schema.unwrap_or_else(|error| panic!("{error}\n{statements}"))
}

/// A database, and a folder of migrations.
pub(crate) struct World {
    folder: TempDir,
    settings: MigratorOptions,
}

impl World {
    /// Brought up by a first migration.
    pub(crate) async fn of(statements: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        std::fs::create_dir(folder.path().join("sqlite")).unwrap();
        let wait = Duration::from_secs(30);
        let settings = MigratorOptions {
            url: DatabaseUrl::parse(&url).unwrap(),
            mode: MigrateMode::Auto,
            database_wait: wait,
            lock_wait: wait,
            table_lock_wait: wait,
            safety: Safety::none(),
            stop: CancellationToken::new(),
        };
        let world = Self { folder, settings };
        world.write(
            BASE,
            "create_schema",
            &format!("-- compat: additive\n{statements}"),
            "-- irreversible: it is the first\nSELECT 1;\n",
        );
        world.up().await.unwrap();
        world
    }

    fn write(&self, version: i64, name: &str, up: &str, down: &str) {
        let file =
            |way: &str| self.folder.path().join(format!("sqlite/{version}_{name}.{way}.sql"));
        std::fs::write(file("up"), up).unwrap();
        std::fs::write(file("down"), down).unwrap();
    }

    /// Writes the files of a draft.
    pub(crate) fn take(&self, draft: &Draft) {
        for (at, step) in (1..).zip(&draft.steps) {
            self.write(
                BASE + at,
                &step.name,
                &step.text(Direction::Up),
                &step.text(Direction::Down),
            );
        }
    }

    pub(crate) fn set(&self) -> MigrationSet {
        MigrationSet::from_directory(&self.folder.path().join("sqlite")).unwrap()
    }

    /// What the lint finds in the files of the draft, errors and warnings.
    pub(crate) fn findings(&self) -> (Vec<String>, Vec<String>) {
        let found = lint(&self.set(), Dialect::Sqlite, |version| version > BASE);
        let (errors, warnings): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|finding| finding.severity == Severity::Error);
        let shown = |all: Vec<_>| all.into_iter().map(|finding| format!("{finding:?}")).collect();
        (shown(errors), shown(warnings))
    }

    pub(crate) async fn up(&self) -> Result<(), MigrateError> {
        let (set, progress) = (self.set(), Progress::default());
        self.operation(&set, &progress).up(None).await.map(drop)
    }

    /// Back to the first.
    pub(crate) async fn down(&self) -> Result<(), MigrateError> {
        let (set, progress) = (self.set(), Progress::default());
        self.operation(&set, &progress).down(Some(BASE)).await.map(drop)
    }

    fn operation<'a>(&'a self, set: &'a MigrationSet, progress: &'a Progress) -> Migrator<'a> {
        Migrator {
            settings: &self.settings,
            set,
            clock: &SystemClock,
            progress,
            gate: &schemakeep::GateSteps,
        }
    }

    pub(crate) async fn schema(&self) -> Schema {
        schema::read_from(&self.settings.url).await.unwrap().expect("the file is there")
    }

    pub(crate) async fn connect(&self) -> SqliteConnection {
        let path = self.folder.path().join("test.db");
        SqliteConnectOptions::new().filename(path).foreign_keys(true).connect().await.unwrap()
    }

    /// Runs statements by hand.
    pub(crate) async fn run(&self, statements: &str) {
        let mut connection = self.connect().await;
        let ran = sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await;
        ran.unwrap_or_else(|error| panic!("{error}\n{statements}"));
        connection.close().await.unwrap();
    }

    /// What a query returns, a line for each row.
    pub(crate) async fn lines(&self, query: &str) -> Vec<String> {
        let mut connection = self.connect().await;
        let rows = sqlx::raw_sql(AssertSqlSafe(query)).fetch_all(&mut connection).await;
        let rows = rows.unwrap_or_else(|error| panic!("{error}\n{query}"));
        let lines = rows.iter().map(|row| row.get::<String, _>(0)).collect();
        connection.close().await.unwrap();
        lines
    }
}
