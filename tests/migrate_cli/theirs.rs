//! sqlx's own migrator, in both directions: what it has done is current here, and what is done here leaves it
//! nothing to do.

use rstest::rstest;
use sqlx::migrate::Migrator;

use crate::fixture::{bare, current, document, integer, migrate, own, own_folder};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::Database;
use testkit::database::Side;

async fn run_theirs(database: &Database) {
    let migrator = Migrator::new(own_folder(database.backend())).await.expect("the migrations");
    let mut side = database.connect().await;
    match &mut side {
        Side::Sqlite(connection) => migrator.run(connection).await,
        Side::Postgres(connection) => migrator.run(connection).await,
    }
    .expect("sqlx is content");
    side.close().await;
}

#[rstest]
#[tokio::test]
async fn what_sqlx_has_migrated_is_current(#[values(Sqlite, Postgres)] on: Backend) {
    let database = bare(on).await;
    run_theirs(&database).await;
    migrate(&database, &["status"]).expect(0);
    let up = migrate(&database, &["up"]).expect(0);
    assert!(up.stdout.starts_with("nothing to do\n"), "{}", up.stdout);
    let history = document(&migrate(&database, &["history", "--json"]).expect(0));
    assert!(
        history.as_array().is_some_and(|lines| lines.iter().all(|line| line["same_file"] == true))
    );
    // Taken over for good: back and there again by this program, which keeps a log from now on.
    migrate(&database, &["redo", "--yes"]).expect(0);
    run_theirs(&database).await;
}

#[rstest]
#[tokio::test]
async fn after_this_program_sqlx_has_nothing_to_do(#[values(Sqlite, Postgres)] on: Backend) {
    let database = current(on).await;
    let state = "SELECT count(*) + sum(execution_time) FROM _sqlx_migrations";
    let state = state.replace("sum(execution_time)", "CAST(sum(execution_time) AS bigint)");
    let before = integer(&database, &state).await;
    run_theirs(&database).await;
    assert_eq!(integer(&database, &state).await, before);
    let rows = i64::try_from(own(on).len()).expect("few");
    assert_eq!(integer(&database, "SELECT count(*) FROM _sqlx_migrations").await, rows);
    migrate(&database, &["status"]).expect(0);
}
