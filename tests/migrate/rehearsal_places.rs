//! Where a rehearsal on PostgreSQL takes place, what it never touches, and that nothing of it stays.

use rstest::rstest;
use schemakeep::shadow::RehearsalSettings;
use schemakeep::{Dialect, MigrateError};
use taskmanager::config::DatabaseUrl;
use taskmanager::domain::{Clock as _, SystemClock};
use tokio_util::sync::CancellationToken;

use crate::rehearsal::{BASE, rehearse, rows};
use crate::support::{TestDatabase, run_on, set, settings_for, start};
use testkit::poll::{WITHIN, until};

/// What a role may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum May {
    CreateDatabases,
    CreateSchemas,
    Neither,
}

/// A live database that belongs to a role of its own, which could do it harm.
struct Owned {
    database: TestDatabase,
    role: String,
    url: String,
}

impl Owned {
    async fn by(may: May) -> Self {
        let database = TestDatabase::new(Dialect::Postgres).await;
        let role = format!("role_{}", SystemClock.new_id().simple());
        let word = if may == May::CreateDatabases { "CREATEDB" } else { "NOCREATEDB" };
        database.run(&format!("CREATE ROLE {role} LOGIN PASSWORD 'secret' {word}")).await;
        database.run(&format!("GRANT ALL ON SCHEMA public TO {role}")).await;
        if may == May::CreateSchemas {
            let name = database.text("SELECT current_database()::text").await;
            database.run(&format!("GRANT CREATE ON DATABASE {name} TO {role}")).await;
        }
        let mut url = url::Url::parse(&database.text).unwrap();
        url.set_username(&role).unwrap();
        url.set_password(Some("secret")).unwrap();
        let owned = Self { database, role, url: url.to_string() };
        start(&settings_for(&owned.url), &set(&[BASE])).await.unwrap();
        let rows = "INSERT INTO p VALUES (1); INSERT INTO t VALUES (1, 1, 1, 'v', 's', 1); INSERT INTO child VALUES (1, 1)";
        owned.database.run(rows).await;
        owned
    }

    fn settings(&self) -> RehearsalSettings {
        let (url, stop) = (DatabaseUrl::parse(&self.url).unwrap(), CancellationToken::new());
        RehearsalSettings { url, rehearsal_url: None, stop }
    }

    /// Everything that a rehearsal could have changed or left.
    async fn all(&self) -> (String, String, String) {
        let left = format!(
            "SELECT concat_ws(' ', (SELECT count(*) FROM pg_database d JOIN pg_roles r ON r.oid = datdba WHERE rolname = '{0}'), \
             (SELECT count(*) FROM pg_stat_activity WHERE usename = '{0}' AND application_name LIKE 'taskmanager_scratch%'), \
             (SELECT count(*) FROM pg_roles WHERE rolname = 'made_by_a_rehearsal'))",
            self.role
        );
        let left = self.database.text(&left).await;
        (self.database.schema().await, rows(&self.database).await, left)
    }
}

const CHANGE: (&str, &str) = (
    "20260102000000_change_it",
    "ALTER TABLE t ALTER COLUMN n TYPE bigint;\nDROP TABLE child;\nDELETE FROM t;\n",
);

#[rstest]
#[case(May::CreateDatabases, "a scratch database beside the live one")]
#[case(May::CreateSchemas, "a scratch schema in the live database")]
#[tokio::test]
async fn what_the_role_may_decides_and_the_live_database_stays(
    #[case] may: May,
    #[case] place: &str,
) {
    let owned = Owned::by(may).await;
    let before = owned.all().await;
    let sets = set(&[
        BASE,
        CHANGE,
        ("20260103000000_index_it", "-- no-transaction\nCREATE INDEX CONCURRENTLY x ON t (n);\n"),
    ]);
    let rehearsal = rehearse(&owned.settings(), &sets, 1).await.unwrap();
    assert_eq!((&rehearsal.failure, &rehearsal.not_rehearsed), (&None, &None));
    assert_eq!(rehearsal.place, place);
    let statements = &rehearsal.migrations[0].statements;
    let mut rewritten = statements[0].rewrites.clone();
    rewritten.sort();
    assert_eq!(rewritten, ["t", "t_n_idx", "t_pkey", "t_v_idx"]);
    let mut locked: Vec<&str> = statements[1].locks.iter().map(|l| l.table.as_str()).collect();
    locked.sort_unstable();
    assert_eq!(locked, ["child"], "t is locked already");
    assert_eq!(statements[2].changes, ["t"]);
    assert_eq!(rehearsal.migrations[1].statements[0].locks[0].mode, "SHARE UPDATE EXCLUSIVE");
    assert_eq!(owned.all().await, before);
}

/// Into the schema that is beside it nothing may reach: neither by name, nor because the scratch schema lacks
/// what the path then finds there.
#[rstest]
#[case::named("DROP TABLE public.t", "names schema public")]
#[case::in_a_body(
    "DO $$ BEGIN EXECUTE 'DROP TABLE ' || quote_ident('public') || '.t'; END $$",
    "names schema public"
)]
#[case::by_path("SET search_path = public; DROP TABLE t CASCADE", "sets the schema")]
#[case::twice("DROP TABLE child; DROP TABLE IF EXISTS child", "line 1 speaks of public.child")]
#[case::hidden(
    "DO $$ BEGIN EXECUTE 'DROP TABLE ' || 'chi' || 'ld'; EXECUTE 'DROP TABLE ' || 'chi' || 'ld'; END $$",
    "reaches public."
)]
#[case::index("DROP INDEX t_v_idx; DROP INDEX t_v_idx", "line 1 speaks of public.t_v_idx")]
#[case::extension("CREATE EXTENSION hstore", "about the whole database")]
#[tokio::test]
async fn a_file_that_would_leave_the_scratch_schema_is_not_rehearsed(
    #[case] up: &str,
    #[case] words: &str,
) {
    let owned = Owned::by(May::CreateSchemas).await;
    // An extension that lives among the tables brings their schema into the path.
    owned.database.run("CREATE EXTENSION pg_trgm SCHEMA public").await;
    let before = owned.all().await;
    let sets = set(&[BASE, ("20260102000000_do_it", &format!("{up};\n"))]);
    let rehearsal = rehearse(&owned.settings(), &sets, 1).await.unwrap();
    let why = rehearsal.not_rehearsed.expect("not rehearsed");
    assert!(why.contains(words) && why.contains("set REHEARSAL_DATABASE_URL"), "{why}");
    assert_eq!((rehearsal.failure, rehearsal.schema.len()), (None, 0));
    assert_eq!(owned.all().await, before);
}

#[rstest]
#[case("CREATE ROLE made_by_a_rehearsal", "CREATE ROLE is about the whole server")]
#[case(
    "DO $$ BEGIN CREATE ROLE made_by_a_rehearsal; END $$",
    "CREATE ROLE is about the whole server"
)]
#[case("COPY p TO '/tmp/made_by_a_rehearsal'", "COPY reaches beyond the database")]
#[tokio::test]
async fn what_is_about_the_whole_server_is_rehearsed_nowhere(
    #[case] up: &str,
    #[case] words: &str,
) {
    let owned = Owned::by(May::CreateDatabases).await;
    let before = owned.all().await;
    let sets = set(&[BASE, ("20260102000000_do_it", &format!("{up};\n"))]);
    let rehearsal = rehearse(&owned.settings(), &sets, 1).await.unwrap();
    assert!(rehearsal.not_rehearsed.expect("not rehearsed").contains(words));
    assert_eq!(owned.all().await, before);
}

#[tokio::test]
async fn without_any_right_it_says_what_to_set_and_then_goes_there() {
    let owned = Owned::by(May::Neither).await;
    let (before, sets) = (owned.all().await, set(&[BASE, CHANGE]));
    let nowhere = rehearse(&owned.settings(), &sets, 1).await.unwrap();
    let why = nowhere.not_rehearsed.expect("not rehearsed");
    assert!(
        why.contains("permission denied") && why.contains("set REHEARSAL_DATABASE_URL"),
        "{why}"
    );
    assert_eq!((nowhere.place.as_str(), nowhere.migrations.len()), ("", 0));

    // Another database, not empty: a schema where its role may make no more, else a database.
    for (may, place) in [
        (May::CreateSchemas, "a scratch schema in the database of REHEARSAL_DATABASE_URL"),
        (May::CreateDatabases, "a scratch database at REHEARSAL_DATABASE_URL"),
    ] {
        let other = Owned::by(may).await;
        let (theirs, url) = (other.all().await, Some(DatabaseUrl::parse(&other.url).unwrap()));
        let settings = RehearsalSettings { rehearsal_url: url, ..owned.settings() };
        let rehearsal = rehearse(&settings, &sets, 1).await.unwrap();
        assert_eq!((rehearsal.place.as_str(), &rehearsal.not_rehearsed), (place, &None));
        assert_eq!(rehearsal.migrations[0].statements[0].scans, ["t"]);
        assert_eq!(other.all().await, theirs);
    }
    for (url, words) in [
        ("sqlite:x.db", "REHEARSAL_DATABASE_URL is sqlite"),
        ("postgres://nobody:secret@127.0.0.1:1/x", "REHEARSAL_DATABASE_URL cannot be reached"),
    ] {
        let url = Some(DatabaseUrl::parse(url).unwrap());
        let settings = RehearsalSettings { rehearsal_url: url, ..owned.settings() };
        let why =
            rehearse(&settings, &sets, 1).await.unwrap().not_rehearsed.expect("not rehearsed");
        assert!(why.contains(words) && !why.contains("secret"), "{why}");
    }
    assert_eq!(owned.all().await, before);
}

/// A stop ends the statement that runs, and what was made for the rehearsal goes.
#[rstest]
#[tokio::test]
async fn a_stop_leaves_nothing(#[values(May::CreateDatabases, May::CreateSchemas)] may: May) {
    let owned = Owned::by(may).await;
    let before = owned.all().await;
    let sets =
        set(&[BASE, ("20260102000000_do_it", "DELETE FROM child;\nSELECT pg_sleep(600);\n")]);
    let settings = owned.settings();
    let stop = settings.stop.clone();
    let sleeping = format!(
        "SELECT count(*)::text FROM pg_stat_activity WHERE usename = '{}' AND query LIKE 'SELECT pg_sleep%'",
        owned.role
    );
    let stopping = async {
        until("the rehearsal to sleep", WITHIN, async || {
            (owned.database.text(&sleeping).await == "1").then_some(())
        })
        .await;
        stop.cancel();
    };
    let (ended, ()) = tokio::join!(rehearse(&settings, &sets, 1), stopping);
    assert!(matches!(ended, Err(MigrateError::Stopped { .. })), "{ended:?}");
    assert_eq!(owned.all().await, before);
}

/// What a killed run has left goes as soon as nobody holds its lock.
#[tokio::test]
async fn leftovers_go_and_others_stay() {
    let owned = Owned::by(May::CreateDatabases).await;
    let name = owned.database.text("SELECT current_database()::text").await;
    owned.database.run(&format!("GRANT CREATE ON DATABASE {name} TO {}", owned.role)).await;
    let id = &SystemClock.new_id().simple().to_string()[24..];
    let now = owned.database.text("SELECT extract(epoch FROM now())::bigint::text").await;
    let schema = |made: &str, kind: &str| format!("taskmanager_scratch_{made}_{kind}{}", &id[1..]);
    let (old, used, young) =
        (schema("1000000000", "a"), schema("1000000000", "b"), schema(&now, "c"));
    let mut theirs = <sqlx::PgConnection as sqlx::Connection>::connect(&owned.url).await.unwrap();
    for name in [&old, &used, &young, &"taskmanager_scratch_by_hand".to_owned()] {
        run_on(&mut theirs, format!("CREATE SCHEMA {name}")).await;
    }
    let database = schema("1000000000", "d");
    run_on(&mut theirs, format!("CREATE DATABASE {database}")).await;
    // As a rehearsal does as long as it lives.
    run_on(&mut theirs, format!("SELECT pg_advisory_lock(1935897185, hashtext('{used}'))")).await;
    let sets = set(&[BASE, CHANGE]);
    rehearse(&owned.settings(), &sets, 1).await.unwrap();
    let left = "SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace WHERE nspname LIKE 'taskmanager%'";
    assert_eq!(owned.database.text(left).await, format!("{used} taskmanager_scratch_by_hand"));
    let there = format!("SELECT count(*)::text FROM pg_database WHERE datname = '{database}'");
    assert_eq!(owned.database.text(&there).await, "0");
}
