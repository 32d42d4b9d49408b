//! `taskmanager migrate status` on databases in every state: says it in words and in JSON, exits with the state's
//! code, and writes nothing.

use std::path::Path;
use std::time::Duration;

use rstest::rstest;
use schemakeep::{Dialect, MigrationSet, MigratorOptions, Progress, Safety, ensure_schema};
use serde_json::{Value, json};
use taskmanager::config::{DatabaseUrl, MigrateMode};
use taskmanager::domain::SystemClock;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use testkit::cli::run;
use testkit::{Backend, Database, free_port};

/// What is done to a database that is empty at first.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Nothing,
    /// All migrations.
    All,
    /// All but the newest.
    Fewer,
    /// All, and one that only adds.
    MoreAdditive,
    /// All, and one that says nothing of what it breaks.
    MoreUndeclared,
    /// All, the first from an edited file.
    Edited,
    /// All, then the table is dropped by hand.
    Dropped,
    /// All, then the last is marked as stopped partway.
    Stopped,
}

/// The embedded migrations' files, changed as `deed` says.
fn files(backend: Backend, deed: Deed) -> MigrationSet {
    let dialect = if backend == Backend::Sqlite { "sqlite" } else { "postgres" };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(dialect);
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("the migrations")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    names.sort();
    if matches!(deed, Deed::Fewer) {
        names.truncate(names.len() - 2);
    }
    let copy = TempDir::new().expect("a temp folder");
    let write = |name: &str, text: &str| {
        std::fs::write(copy.path().join(name), text).expect("a file");
    };
    for (at, path) in names.iter().enumerate() {
        let text = std::fs::read_to_string(path).expect("a migration");
        let edit = matches!(deed, Deed::Edited) && at < 2;
        let name = path.file_name().expect("a name").to_string_lossy();
        write(&name, &if edit { format!("{text}\n-- edited\n") } else { text });
    }
    let compat = match deed {
        Deed::MoreAdditive => Some("-- compat: additive\n"),
        Deed::MoreUndeclared => Some(""),
        _ => None,
    };
    if let Some(compat) = compat {
        write(
            "29991231235959_create_more.up.sql",
            &format!("{compat}CREATE TABLE more (id bigint);\n"),
        );
        write("29991231235959_create_more.down.sql", "DROP TABLE more;\n");
    }
    MigrationSet::from_directory(copy.path()).expect("a set")
}

async fn database(backend: Backend, deed: Deed) -> Database {
    let database = Database::empty(backend).await;
    if matches!(deed, Deed::Nothing) {
        return database;
    }
    let settings = MigratorOptions {
        url: DatabaseUrl::parse(&database.url).expect("a URL"),
        mode: MigrateMode::Auto,
        database_wait: Duration::from_secs(30),
        lock_wait: Duration::from_secs(30),
        table_lock_wait: Duration::from_secs(30),
        safety: Safety::none(),
        stop: CancellationToken::new(),
    };
    let set = files(backend, deed);
    ensure_schema(&settings, &set, &SystemClock, &Progress::default()).await.expect("a schema");
    let mut side = database.connect().await;
    match deed {
        Deed::Dropped => side.execute("DROP TABLE tasks").await,
        Deed::Stopped => {
            let sql = "UPDATE _sqlx_migrations SET success = false \
                       WHERE version = (SELECT max(version) FROM _sqlx_migrations)";
            side.execute(sql).await;
        }
        _ => {}
    }
    side.close().await;
    database
}

/// Everything that a command could have written: the files with their bytes, or the tables with their row counts. A
/// reader of SQLite's write-ahead log leaves an empty one behind, and the index of it.
async fn contents(database: &Database) -> Vec<String> {
    if let Some(folder) = database.folder() {
        let entries = std::fs::read_dir(folder).expect("the folder");
        let mut files: Vec<_> = entries
            .filter_map(|entry| {
                let path = entry.expect("an entry").path();
                let bytes = std::fs::read(&path).expect("a file");
                let name = path.to_string_lossy();
                let log = (name.ends_with("-wal") && bytes.is_empty()) || name.ends_with("-shm");
                (!log).then(|| format!("{name} {:x}", crc32fast::hash(&bytes)))
            })
            .collect();
        files.sort();
        return files;
    }
    let mut side = database.connect().await;
    let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    let writes = "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_user_tables";
    let recorded = "SELECT count(*) FROM pg_class WHERE relname = '_sqlx_migrations'";
    let mut figures = Vec::new();
    for query in [tables, writes, recorded] {
        figures.push(format!("{query} {}", side.integer(query).await));
    }
    figures
}

/// The line of the text form that begins with `name`.
fn line<'a>(text: &'a str, name: &str) -> &'a str {
    let found = text.lines().find_map(|line| line.strip_prefix(name));
    found.unwrap_or_else(|| panic!("no {name} in\n{text}")).trim()
}

#[rstest]
#[case(Deed::Nothing, "behind", 3)]
#[case(Deed::All, "current", 0)]
#[case(Deed::Fewer, "behind", 3)]
#[case(Deed::MoreAdditive, "ahead_compatible", 4)]
#[case(Deed::MoreUndeclared, "ahead_incompatible", 5)]
#[case(Deed::Edited, "diverged", 6)]
#[case(Deed::Dropped, "drifted", 7)]
#[case(Deed::Stopped, "failed", 8)]
#[tokio::test(flavor = "multi_thread")]
async fn every_state_has_its_words_and_its_code(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[case] deed: Deed,
    #[case] state: &str,
    #[case] code: i32,
) {
    let database = database(backend, deed).await;
    let url = DatabaseUrl::parse(&database.url).expect("a URL");
    let before = contents(&database).await;
    let variables = [("DATABASE_URL", database.url.as_str())];

    let text = run(&["migrate", "status"], &variables).expect(code);
    assert_eq!(text.stderr, "");
    assert_eq!(line(&text.stdout, "state"), state);
    assert_eq!(line(&text.stdout, "database"), url.to_string());

    let document = run(&["migrate", "status", "--json"], &variables).expect(code).json();
    assert_eq!(document["schema_state"], state);
    let members = document.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    let mut expected = [
        "database",
        "schema_state",
        "schema_version",
        "target_version",
        "pending_migrations",
        "concerns",
        "missing",
        "last_migration_at",
        "message",
    ];
    expected.sort_unstable();
    assert_eq!(members, expected);
    check_document(deed, &document);
    let shown = |value: &Value| if value.is_null() { "none".into() } else { value.to_string() };
    assert_eq!(line(&text.stdout, "head"), shown(&document["schema_version"]));
    assert_eq!(line(&text.stdout, "target"), shown(&document["target_version"]));
    if let Some(message) = document["message"].as_str() {
        assert!(text.stdout.ends_with(&format!("\n{message}\n")), "{}", text.stdout);
    }

    assert_eq!(contents(&database).await, before, "something was written");
    assert!(text.left.is_empty(), "{:?}", text.left);
}

fn check_document(deed: Deed, document: &Value) {
    let set = taskmanager::program::migrations(Dialect::Sqlite).expect("the migrations");
    let versions: Vec<_> = set.migrations().iter().map(|migration| migration.version).collect();
    let newest = versions[versions.len() - 1];
    assert_eq!(document["target_version"], newest);
    let pending = document["pending_migrations"].as_array().expect("a list");
    let expected: &[i64] = match deed {
        Deed::Nothing => &versions,
        Deed::Fewer => &versions[versions.len() - 1..],
        _ => &[],
    };
    let pending: Vec<_> = pending.iter().filter_map(|p| p["version"].as_i64()).collect();
    assert_eq!(pending, expected);
    let head = match deed {
        Deed::Nothing => Value::Null,
        Deed::Fewer => versions[versions.len() - 2].into(),
        Deed::MoreAdditive | Deed::MoreUndeclared => json!(29_991_231_235_959_i64),
        _ => newest.into(),
    };
    assert_eq!(document["schema_version"], head);
    let concerned = document["concerns"].as_array().expect("a list");
    let concerned: Vec<_> = concerned.iter().filter_map(|c| c["version"].as_i64()).collect();
    let expected = match deed {
        Deed::MoreAdditive | Deed::MoreUndeclared => vec![29_991_231_235_959],
        Deed::Edited => vec![versions[0]],
        Deed::Stopped => vec![newest],
        _ => vec![],
    };
    assert_eq!(concerned, expected);
    let missing = document["missing"].as_array().expect("a list");
    assert_eq!(missing.contains(&json!("tasks")), matches!(deed, Deed::Nothing | Deed::Dropped));
    assert_eq!(document["last_migration_at"].is_null(), matches!(deed, Deed::Nothing));
    assert_eq!(document["message"].is_null(), matches!(deed, Deed::All));
}

#[rstest]
#[case::text(&["migrate", "status"])]
#[case::json(&["migrate", "status", "--json"])]
fn a_database_that_cannot_be_read_is_twelve(#[case] arguments: &[&str]) {
    let nobody = format!("postgres://ana:hunter2@127.0.0.1:{}/tasks", free_port());
    let folder = TempDir::new().expect("a temp folder");
    let file = folder.path().join("no.db");
    std::fs::write(
        &file,
        "this is no database, and it is longer than a header of one is. ".repeat(9),
    )
    .expect("a file");
    let file = format!("sqlite://{}", file.display());
    for url in [nobody, file] {
        let refused = run(arguments, &[("DATABASE_URL", &url)]).expect(12);
        assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
        if arguments.contains(&"--json") {
            let document: Value = serde_json::from_str(&refused.stdout).expect("one document");
            assert_eq!(document["error"]["exit_code"], 12, "{document}");
            assert_eq!(document["error"]["message"], refused.stderr.trim_end(), "{document}");
        } else {
            assert_eq!(refused.stdout, "");
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_not_made() {
    let status = run(&["migrate", "status"], &[]).expect(3);
    assert_eq!(line(&status.stdout, "database"), "sqlite://taskmanager.db");
    assert_eq!(status.left, [""; 0]);
}
