//! What only a server has: roles and their rights, other schemas, extensions.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::fixture::{Case, text};
use testkit::Backend::Postgres;
use testkit::Database;
use testkit::cli::run;
use testkit::database::admin_url;

/// A role that goes away with the value; what it owns is in a database that goes before.
struct Role(String);

impl Role {
    async fn new(options: &str) -> Self {
        let name = format!("role_{:016x}", rand::random::<u64>());
        admin(&format!("CREATE ROLE {name} {options}")).await;
        Self(name)
    }
}

async fn admin(sql: &str) {
    let mut connection = PgConnection::connect(&admin_url()).await.expect("the server answers");
    connection.execute(AssertSqlSafe(sql.to_owned())).await.expect("the statement runs");
    connection.close().await.expect("a clean goodbye");
}

/// A role that may not make databases, and owns only its own.
#[tokio::test]
async fn a_role_without_rights() {
    let role = Role::new("LOGIN PASSWORD 'hunter2' NOCREATEDB").await;
    let case = Case::on(Database::empty(Postgres).await);
    let name = case.database.url.rsplit('/').next().expect("a name").to_owned();
    admin(&format!("ALTER DATABASE \"{name}\" OWNER TO {}", role.0)).await;
    let mut url = url::Url::parse(&case.database.url).expect("a URL");
    url.set_username(&role.0).expect("a user");
    url.set_password(Some("hunter2")).expect("a password");
    let variables = [("DATABASE_URL", url.as_str()), ("BACKUP_DIR", case.backups())];
    run(&["migrate", "up"], &variables).expect(0);
    case.add(10).await;
    let made = run(&["backup", "create"], &variables).expect(0);
    assert!(!format!("{made:?}").contains("hunter2"));
    let before = case.content().await;
    case.execute("DELETE FROM tasks").await;
    let restored = run(&["restore", "--yes"], &variables).expect(0);
    assert_eq!(case.content().await, before);
    assert!(!format!("{restored:?}").contains("hunter2"));
    drop(case);
    admin(&format!("DROP ROLE {}", role.0)).await;
}

#[tokio::test]
async fn other_schemas_are_left_alone() {
    let case = Case::with(Postgres, 10).await;
    let (backup, before) = (case.backup(), case.content().await);
    case.change().await;
    case.execute("CREATE SCHEMA other").await;
    case.execute("CREATE TABLE other.tasks (a bigint)").await;
    case.execute("INSERT INTO other.tasks VALUES (1), (2)").await;
    case.restore(&[text(&backup)]).expect(0);
    assert_eq!(case.content().await, before);
    assert_eq!(case.integer("SELECT count(*) FROM other.tasks").await, 2);

    // What would go with the tables is not dropped in silence.
    case.change().await;
    let changed = case.content().await;
    case.execute("CREATE VIEW other.titles AS SELECT title FROM public.tasks").await;
    let refused = case.restore(&[text(&backup)]).expect(10);
    assert!(refused.stderr.contains("other.titles"), "{refused:#?}");
    assert!(refused.stderr.contains("nothing was changed"), "{refused:#?}");
    assert_eq!(case.content().await, changed);
    assert_eq!(case.integer("SELECT count(*) FROM other.titles").await, 14);
    case.execute("DROP VIEW other.titles").await;
    case.execute("CREATE TABLE other.child (id uuid REFERENCES public.tasks)").await;
    let refused = case.restore(&[text(&backup)]).expect(10);
    assert!(refused.stderr.contains("other.child"), "{refused:#?}");
    case.execute("DROP TABLE other.child").await;
    case.restore(&[text(&backup)]).expect(0);
}

/// Views, functions, types, triggers and sequences are replaced too, whatever hangs on what.
#[tokio::test]
async fn everything_in_the_schema() {
    let case = Case::with(Postgres, 10).await;
    for sql in [
        "CREATE TYPE mood AS ENUM ('good', 'bad')",
        "CREATE DOMAIN small AS int CHECK (value < 100)",
        "CREATE TYPE pair AS (a int, b mood)",
        "CREATE SEQUENCE free_standing START 7",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS '/*\nCOPY x FROM stdin;\n*/ SELECT 1'",
        "CREATE TABLE \"odd \"\"name\" (a small DEFAULT f(), m mood, p pair, t text)",
        "INSERT INTO \"odd \"\"name\" VALUES (1, 'good', ROW(1, 'bad'), E'\\\\.\\n\\t\\r\\b')",
        "CREATE VIEW v AS SELECT m FROM \"odd \"\"name\"",
        "CREATE MATERIALIZED VIEW mv AS SELECT * FROM v",
        "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
        "CREATE TRIGGER t BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION g()",
        "CREATE TABLE parted (a int) PARTITION BY LIST (a)",
        "CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1)",
        "INSERT INTO parted VALUES (1)",
    ] {
        case.execute(sql).await;
    }
    let (backup, before) = (case.backup(), case.content().await);
    case.change().await;
    case.execute("DROP TRIGGER t ON tasks").await;
    case.execute("CREATE VIEW newer AS SELECT * FROM extra").await;
    for _ in 0..2 {
        case.restore(&[text(&backup)]).expect(0);
        assert_eq!(case.content().await, before);
        let odd = "SELECT count(*) FROM \"odd \"\"name\" WHERE t = E'\\\\.\\n\\t\\r\\b'";
        assert_eq!(case.integer(odd).await, 1);
        for query in [
            "SELECT count(*) FROM mv",
            "SELECT count(*) FROM parted_1",
            "SELECT count(*) FROM pg_trigger WHERE tgname = 't'",
            "SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'",
        ] {
            assert_eq!(case.integer(query).await, 1, "{query}");
        }
        assert_eq!(case.integer("SELECT nextval('free_standing')").await, 7);
    }
}

/// Rights come back for the roles that are there; those that are not are named.
#[tokio::test]
async fn rights() {
    let case = Case::with(Postgres, 3).await;
    let (kept, gone) = (Role::new("").await, Role::new("").await);
    for role in [&kept.0, &gone.0] {
        case.execute(&format!("GRANT SELECT, INSERT ON tasks TO {role}")).await;
    }
    let backup = case.backup();
    case.execute(&format!("REVOKE ALL ON tasks FROM {}, {}", kept.0, gone.0)).await;
    admin(&format!("DROP ROLE {}", gone.0)).await;
    let restored = case.restore(&[text(&backup)]).expect(0);
    assert!(restored.stdout.contains(&gone.0), "{restored:#?}");
    let has = format!("SELECT has_table_privilege('{}', 'tasks', 'INSERT')::int::bigint", kept.0);
    assert_eq!(case.integer(&has).await, 1);
    drop(case);
    admin(&format!("DROP ROLE {}", kept.0)).await;
}

/// A connection whose search path leads elsewhere would not find what is restored.
#[tokio::test]
async fn another_schema() {
    let case = Case::with(Postgres, 3).await;
    let backup = case.backup();
    case.execute("CREATE SCHEMA elsewhere").await;
    let url = format!("{}?options=-csearch_path%3Delsewhere", case.database.url);
    let variables = [("DATABASE_URL", &*url), ("BACKUP_DIR", case.backups())];
    let refused = run(&["restore", text(&backup), "--yes"], &variables).expect(1);
    assert!(refused.stderr.contains("search_path=public"), "{refused:#?}");
}

/// A schema of the deployment's own, which may not be there yet.
#[tokio::test]
async fn a_schema_of_its_own() {
    let case = Case::on(Database::empty(Postgres).await);
    case.execute("CREATE SCHEMA app").await;
    let url = format!("{}?options=-csearch_path%3Dapp", case.database.url);
    let variables = [("DATABASE_URL", &*url), ("BACKUP_DIR", case.backups())];
    run(&["migrate", "up"], &variables).expect(0);
    run(&["backup", "create", "--quick"], &variables).expect(0);
    case.execute("DROP SCHEMA app CASCADE").await;
    run(&["restore", "--yes"], &variables).expect(0);
    run(&["migrate", "status"], &variables).expect(0);
    assert_eq!(case.integer("SELECT count(*) FROM app.tasks").await, 0);
}
