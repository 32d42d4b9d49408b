//! What a caller is told when the database, or what is in it, is not as it should be.

use rstest::rstest;
use taskmanager::domain::{Precondition, Sort, Task, TaskFilter, TaskPatch, TaskRef};
use taskmanager::store::{ListQuery, Start, StoreError};

use crate::fixture::{Fixture, NOW, task};
use testkit::{Backend, Database};

fn everything() -> ListQuery {
    ListQuery {
        filter: TaskFilter::default(),
        sort: Sort::default(),
        limit: 10,
        start: Start::Skip(0),
        now: NOW,
    }
}

/// Changes stored tasks behind the rules of the schema, as a hand or an old dump may.
async fn force(database: &Database, set: &str) {
    let mut side = database.connect().await;
    match database.backend() {
        Backend::Sqlite => side.execute("PRAGMA ignore_check_constraints = ON").await,
        Backend::Postgres => {
            for name in ["status_known", "priority_known", "completed_when_done"] {
                let sql = format!("ALTER TABLE tasks DROP CONSTRAINT IF EXISTS tasks_{name}");
                side.execute(&sql).await;
            }
        }
    }
    side.execute(&format!("UPDATE tasks SET {set}")).await;
}

/// A moment that the domain does not know, in the words of each database.
fn no_moment(backend: Backend) -> &'static str {
    match backend {
        Backend::Sqlite => "created_at = 9223372036854775807",
        Backend::Postgres => "created_at = 'infinity'",
    }
}

#[rstest]
#[case::status(|_| "status = 'doing'")]
#[case::priority(|_| "priority = 'highest'")]
#[case::moment(no_moment)]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_row_that_breaks_a_rule_is_inconsistent(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[case] set: fn(Backend) -> &'static str,
) {
    let fixture = Fixture::new(backend).await;
    let [made] = fixture.store([task("x")]).await.try_into().expect("one");
    let reference = TaskRef::Id(made.id);
    force(&fixture.database, set(backend)).await;

    let anyhow = Precondition::default();
    let outcomes = [
        fixture.tasks.get(reference).await.map(drop),
        fixture.tasks.list(&everything()).await.map(drop),
        fixture.tasks.update(reference, &anyhow, &TaskPatch::default(), NOW).await.map(drop),
    ];
    for outcome in outcomes {
        assert!(matches!(outcome, Err(StoreError::Inconsistent(_))), "{outcome:?}");
    }
    if !set(backend).contains("created_at") {
        let status_counts = fixture.tasks.status_counts().await;
        assert!(matches!(status_counts, Err(StoreError::Inconsistent(_))), "{status_counts:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_schema_that_does_not_fit_is_the_drivers_error(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    fixture.execute("ALTER TABLE tasks RENAME TO elsewhere").await;
    let outcomes = [
        fixture.tasks.create(task("x")).await.map(drop),
        fixture.tasks.get(TaskRef::Number(1)).await.map(drop),
        fixture.tasks.list(&everything()).await.map(drop),
        fixture.tasks.count(&TaskFilter::default(), NOW).await.map(drop),
    ];
    for outcome in outcomes {
        assert!(matches!(outcome, Err(StoreError::Driver(_))), "{outcome:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_id_that_is_taken_is_the_drivers_error_and_the_first_task_stays(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let [made] = fixture.store([task("first")]).await.try_into().expect("one");
    let second = fixture.tasks.create(Task { id: made.id, ..task("second") }).await;
    assert!(matches!(second, Err(StoreError::Driver(_))), "{second:?}");
    assert_eq!(fixture.tasks.count(&TaskFilter::default(), NOW).await.expect("a count"), 1);
    assert_eq!(fixture.tasks.get(TaskRef::Id(made.id)).await.expect("an answer"), Some(made));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_closed_store_is_unavailable(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    fixture.store([task("x")]).await;
    fixture.opened.close().await;
    let anyhow = Precondition::default();
    let filter = TaskFilter::default();
    let reference = TaskRef::Number(1);
    let outcomes = [
        fixture.tasks.create(task("y")).await.map(drop),
        fixture.tasks.get(reference).await.map(drop),
        fixture.tasks.update(reference, &anyhow, &TaskPatch::default(), NOW).await.map(drop),
        fixture.tasks.delete(reference, &anyhow).await,
        fixture.tasks.list(&everything()).await.map(drop),
        fixture.tasks.count(&filter, NOW).await.map(drop),
        fixture.tasks.stats(&filter, NOW).await.map(drop),
        fixture.tasks.status_counts().await.map(drop),
    ];
    for outcome in outcomes {
        let kind = match &outcome {
            Err(error @ StoreError::Unavailable { kind, .. }) => {
                assert!(error.retry_after().is_some());
                *kind
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(kind, "shutdown");
    }
}

/// Everything under way has a connection of its own, so anyone who comes too late is told in time.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_database_that_others_hold_is_unavailable(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    use std::time::Duration;
    use taskmanager::config::{DatabaseUrl, SqliteSynchronous};
    use taskmanager::store::{Database as Opened, PoolSettings};

    let fixture = Fixture::new(backend).await;
    let mut side = fixture.database.connect().await;
    side.lock_tasks().await;
    let url = DatabaseUrl::parse(&fixture.database.url).expect("a URL");
    let hasty = PoolSettings {
        max_connections: 2,
        request_timeout: Duration::from_secs(4),
        sqlite_synchronous: SqliteSynchronous::Full,
    };
    let hasty = Opened::open(url.target(), &hasty);
    let refused = hasty.tasks().create(task("x")).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    side.unlock().await;
    hasty.tasks().create(task("y")).await.expect("a task");
    assert_eq!(fixture.tasks.count(&TaskFilter::default(), NOW).await.expect("a count"), 1);
}
