//! Two databases for each test, used again by the next one, in this process or another: making one takes longer than most
//! tests.

use std::collections::BTreeSet;
use std::time::Duration;

use schemakeep::desired::declare;
use schemakeep::diff::Draft;
use schemakeep::schema::{Schema, read_from};
use schemakeep::{MigrationSet, Migrator, MigratorOptions, Progress, Safety};
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection, Row as _};
use taskmanager::config::{DatabaseTarget, DatabaseUrl, MigrateMode};
use taskmanager::domain::SystemClock;
use testkit::database::{admin_url, with_database};
use tokio::sync::Mutex as Shared;
use tokio_util::sync::CancellationToken;

use super::catalogue::everything;

const WAIT: Duration = Duration::from_secs(30);

/// The advisory lock of the first pair of databases; those of the others follow.
const FIRST_LOCK: i64 = 7_253_104_500_000;

/// A database to change, and one beside it that shows how it should be.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) live: DatabaseUrl,
    pub(super) model: DatabaseUrl,
    /// One for each, kept: a connection takes as long as a dozen statements.
    of_live: Shared<PgConnection>,
    of_model: Shared<PgConnection>,
    /// Has the lock of this pair.
    keeper: PgConnection,
    slot: i64,
}

impl Place {
    pub(super) async fn take() -> Self {
        let mut keeper = connect(&DatabaseUrl::parse(&admin_url()).unwrap()).await;
        let mut slot = 0;
        let lock = |slot| format!("SELECT pg_try_advisory_lock({})::text", FIRST_LOCK + slot);
        while text(&mut keeper, &lock(slot)).await != "true" {
            slot += 1;
        }
        let live = database(&mut keeper, &format!("test_diff_{slot}_live")).await;
        let model = database(&mut keeper, &format!("test_diff_{slot}_model")).await;
        let of_live = Shared::new(connect(&live).await);
        let of_model = Shared::new(connect(&model).await);
        Self { live, model, of_live, of_model, keeper, slot }
    }

    /// For the next test. What a test that failed has left is made anew.
    pub(super) async fn give_back(mut self) {
        let slot = self.slot;
        let clean = format!(
            "COMMENT ON DATABASE test_diff_{slot}_live IS 'clean'; COMMENT ON DATABASE test_diff_{slot}_model IS 'clean'; \
             SELECT pg_advisory_unlock_all()"
        );
        run(&mut self.keeper, &clean).await;
    }

    /// Declares a schema on the database that shows how it should be, and on nothing else.
    pub(super) async fn declared(&self, sql: &str) -> Schema {
        empty(&self.of_model).await;
        made_on(&self.model, sql).await
    }

    /// Declares a schema on the database that is changed, and on nothing else.
    pub(super) async fn begun(&self, sql: &str) -> Schema {
        empty(&self.of_live).await;
        made_on(&self.live, sql).await
    }

    /// The schema that the changed database has now.
    pub(super) async fn now(&self) -> Schema {
        read_from(&self.live).await.unwrap().expect("a server")
    }

    /// Everything in the catalogue of the changed database.
    pub(super) async fn everything(&self) -> BTreeSet<String> {
        everything(&mut *self.of_live.lock().await).await
    }

    /// Everything in the catalogue of the one that shows how it should be.
    pub(super) async fn wanted(&self) -> BTreeSet<String> {
        everything(&mut *self.of_model.lock().await).await
    }

    /// A connection to the changed database.
    pub(super) async fn connect(&self) -> PgConnection {
        connect(&self.live).await
    }
}

/// A database of this name, as it was given back or new; in use from now on.
async fn database(keeper: &mut PgConnection, name: &str) -> DatabaseUrl {
    let state = format!(
        "SELECT coalesce((SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{name}'), '')"
    );
    if text(keeper, &state).await == "clean" {
        run(keeper, &format!("COMMENT ON DATABASE {name} IS NULL")).await;
    } else {
        run(keeper, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        run(keeper, &format!("CREATE DATABASE {name} TEMPLATE template0")).await;
    }
    DatabaseUrl::parse(&with_database(&admin_url(), name)).unwrap()
}

async fn made_on(url: &DatabaseUrl, sql: &str) -> Schema {
    declare(url, sql).await.unwrap_or_else(|error| panic!("{error}\n{sql}"))
}

pub(super) async fn connect(url: &DatabaseUrl) -> PgConnection {
    let DatabaseTarget::Postgres(options) = url.target() else {
        panic!("not a server");
    };
    options.connect().await.unwrap()
}

async fn empty(connection: &Shared<PgConnection>) {
    let connection = &mut *connection.lock().await;
    run(connection, "DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
}

/// Runs statements.
pub(super) async fn run(connection: &mut PgConnection, sql: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await;
    done.unwrap_or_else(|error| panic!("{error}\n{sql}"));
}

/// The one text that a query answers.
pub(super) async fn text(connection: &mut PgConnection, sql: &str) -> String {
    // Without a plan that is kept: the tables change below it.
    let answer = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_one(connection).await;
    answer.unwrap_or_else(|error| panic!("{error}\n{sql}")).get(0)
}

/// The real runner on a database.
#[derive(Debug)]
pub(super) struct Runner<'a> {
    pub(super) url: &'a DatabaseUrl,
    pub(super) set: &'a MigrationSet,
}

impl Runner<'_> {
    pub(super) async fn up(&self, to: Option<i64>) -> Result<(), String> {
        let (settings, progress) = (settings(self.url), Progress::default());
        let done = self.operation(&settings, &progress).up(to).await;
        done.map(drop).map_err(|error| error.to_string())
    }

    pub(super) async fn down(&self, to: i64) -> Result<(), String> {
        let (settings, progress) = (settings(self.url), Progress::default());
        let done = self.operation(&settings, &progress).down(Some(to)).await;
        done.map(drop).map_err(|error| error.to_string())
    }

    pub(super) async fn stamp(&self, version: i64) {
        let (settings, progress) = (settings(self.url), Progress::default());
        self.operation(&settings, &progress).stamp(version).await.unwrap();
    }

    fn operation<'a>(
        &'a self,
        settings: &'a MigratorOptions,
        progress: &'a Progress,
    ) -> Migrator<'a> {
        Migrator {
            settings,
            set: self.set,
            clock: &SystemClock,
            progress,
            gate: &schemakeep::GateSteps,
        }
    }
}

fn settings(url: &DatabaseUrl) -> MigratorOptions {
    MigratorOptions {
        url: url.clone(),
        mode: MigrateMode::Auto,
        database_wait: WAIT,
        lock_wait: WAIT,
        table_lock_wait: WAIT,
        safety: Safety::none(),
        stop: CancellationToken::new(),
    }
}

/// A draft's steps and warnings as text.
pub(super) fn shown(draft: &Draft) -> String {
    use schemakeep::files::Direction;
    use std::fmt::Write as _;

    let mut text = String::new();
    for (at, step) in draft.steps.iter().enumerate() {
        for way in [Direction::Up, Direction::Down] {
            let (number, name) = (at + 1, &step.name);
            let _ = writeln!(text, "==== {number}_{name}.{}.sql\n{}", way.as_str(), step.text(way));
        }
    }
    for warning in &draft.warnings {
        let _ = writeln!(text, "==== warning\n{warning}\n");
    }
    text
}
