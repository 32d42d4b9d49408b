//! Rules of the schema that no query shows: nothing unique without the id, no foreign key, no trigger.

use sqlx::{PgConnection, Row};

use crate::fixture::Fixture;
use testkit::Backend;
use testkit::database::Side;

async fn connection(fixture: &Fixture) -> PgConnection {
    match fixture.database.connect().await {
        Side::Postgres(connection) => connection,
        Side::Sqlite(_) => panic!("a file"),
    }
}

async fn texts(fixture: &Fixture, query: &'static str) -> Vec<String> {
    let rows = sqlx::query(query).fetch_all(&mut connection(fixture).await).await;
    rows.expect("a catalogue").iter().map(|row| row.get(0)).collect()
}

const UNIQUE_WITHOUT_ID: &str = "SELECT i.indexrelid::regclass::text FROM pg_index i \
     WHERE i.indrelid = 'tasks'::regclass AND (i.indisunique OR i.indisexclusion) \
     AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attname = 'id' \
                     AND a.attnum = ANY (i.indkey))";
const FOREIGN_KEYS: &str = "SELECT conname::text FROM pg_constraint \
     WHERE contype = 'f' AND 'tasks'::regclass IN (conrelid, confrelid)";
const TRIGGERS: &str =
    "SELECT tgname::text FROM pg_trigger WHERE tgrelid = 'tasks'::regclass AND NOT tgisinternal";

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn nothing_is_unique_without_the_id() {
    let fixture = Fixture::new(Backend::Postgres).await;
    for query in [UNIQUE_WITHOUT_ID, FOREIGN_KEYS, TRIGGERS] {
        assert_eq!(texts(&fixture, query).await, [""; 0], "{query}");
    }
    let unique = "SELECT indexrelid::regclass::text FROM pg_index \
                  WHERE indrelid = 'tasks'::regclass AND indisunique";
    assert_eq!(texts(&fixture, unique).await, ["tasks_pkey"]);
}

/// The questions above find what they are asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_breaks_the_rules_is_seen() {
    let fixture = Fixture::new(Backend::Postgres).await;
    fixture.execute("CREATE UNIQUE INDEX wrong ON tasks (number)").await;
    fixture.execute("CREATE UNIQUE INDEX fine ON tasks (number, id)").await;
    fixture
        .execute("CREATE TABLE child (task uuid CONSTRAINT child_fk REFERENCES tasks (id))")
        .await;
    fixture
        .execute(
            "CREATE TRIGGER hook BEFORE UPDATE ON tasks FOR EACH ROW \
             EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        )
        .await;
    assert_eq!(texts(&fixture, UNIQUE_WITHOUT_ID).await, ["wrong"]);
    assert_eq!(texts(&fixture, FOREIGN_KEYS).await, ["child_fk"]);
    assert_eq!(texts(&fixture, TRIGGERS).await, ["hook"]);
}
