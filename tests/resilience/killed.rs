//! `kill -9` under load: what was acknowledged is there after the restart.

use rstest::rstest;

use crate::load::{Load, assert_no_errors};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Api, Database, Server};

#[rstest]
#[tokio::test]
async fn nothing_acknowledged_is_lost(#[values(Sqlite, Postgres)] on: Backend) {
    let database = Database::migrated(on).await;
    let variables = [("DATABASE_URL", &*database.url)];
    let mut all = Vec::new();
    for _ in 0..10 {
        let mut server = Server::start(&variables).await;
        assert_no_errors(&server);
        let load = Load::start(&Api::new(&server.url()), 4);
        load.acknowledged(rand::random_range(1..60)).await;
        server.signal("KILL");
        assert_eq!(server.exit().await, None);
        all.push(load.end().await);

        let server = Server::start(&variables).await;
        let api = Api::new(&server.url());
        let health = api.json("/health").await;
        assert_eq!(
            (&health["status"], &health["schema_state"]),
            (&"healthy".into(), &"current".into())
        );
        let mut side = database.connect().await;
        let told = all.last().expect("one");
        told.assert_kept(&api, &mut side).await;
        let stored = side.integer("SELECT count(*) FROM tasks").await;
        assert_eq!(api.json("/tasks/count").await["total"], stored);
        // Every title holds the word: the index finds as many as the table has.
        assert_eq!(api.json("/tasks/count?q=client").await["total"], stored);
        assert_index(on, &database).await;
    }
    let server = Server::start(&variables).await;
    let (api, mut side) = (Api::new(&server.url()), database.connect().await);
    for told in &all {
        told.assert_kept(&api, &mut side).await;
    }
}

/// The search index agrees with the table, and the file with itself.
async fn assert_index(on: Backend, database: &Database) {
    if on == Sqlite {
        let mut side = database.connect().await;
        side.execute("INSERT INTO tasks_search(tasks_search, rank) VALUES('integrity-check', 1)")
            .await;
        let sound = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'";
        assert_eq!(side.integer(sound).await, 1);
    }
}
