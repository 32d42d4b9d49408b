//! Work that is done once, however often it is asked for.

use std::sync::Arc;

use rstest::rstest;
use taskmanager::config::{DatabaseUrl, SqliteSynchronous};
use taskmanager::domain::{
    Clock, Operation, Outcome, Precondition, SystemClock, TaskFilter, TaskPatch, TaskRef,
};
use taskmanager::store::{
    Database as Opened, IdempotencyKey, PoolSettings, StoreError, StoredResponse, TaskStore, Work,
    WriteOutcome,
};
use time::{Duration, OffsetDateTime};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::fixture::{Fixture, NOW, task};
use testkit::{Backend, WITHIN, until};

const FIRST: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [2; 32];

fn answer(outcomes: &[Outcome]) -> StoredResponse {
    let task = outcomes.first().expect("an outcome").task();
    StoredResponse {
        status: 201,
        location: Some(format!("/tasks/{}", task.id)),
        entity_tag: Some(task.version.to_string()),
        body: format!("{{\"número\":{}}}", task.number),
    }
}

/// Makes a task under a key.
async fn make(
    tasks: &dyn TaskStore,
    key: &str,
    fingerprint: [u8; 32],
    now: OffsetDateTime,
) -> Result<WriteOutcome, StoreError> {
    carry_out(tasks, vec![Operation::Create(Box::new(task("t")))], key, fingerprint, now).await
}

async fn carry_out(
    tasks: &dyn TaskStore,
    operations: Vec<Operation>,
    key: &str,
    fingerprint: [u8; 32],
    now: OffsetDateTime,
) -> Result<WriteOutcome, StoreError> {
    let once = Some(IdempotencyKey { key: key.to_owned(), fingerprint, answer: Arc::new(answer) });
    tasks.carry_out(Work { operations, now, once }).await
}

async fn stored(fixture: &Fixture) -> i64 {
    fixture.tasks.count(&TaskFilter::default(), NOW).await.expect("a count")
}

async fn keys(fixture: &Fixture) -> i64 {
    fixture.database.connect().await.integer("SELECT count(*) FROM idempotency_keys").await
}

/// Makes all keys older.
async fn age_keys(fixture: &Fixture, seconds: u32) {
    let age = match fixture.database.backend() {
        Backend::Sqlite => format!("{seconds} * 1000000"),
        Backend::Postgres => format!("{seconds} * interval '1 second'"),
    };
    fixture.execute(&format!("UPDATE idempotency_keys SET claimed_at = claimed_at - {age}")).await;
}

/// What was answered, made or kept.
fn told(done: Result<WriteOutcome, StoreError>) -> (bool, StoredResponse) {
    match done.expect("an answer") {
        WriteOutcome::Applied(outcomes) => (true, answer(&outcomes)),
        WriteOutcome::Replayed(answer) => (false, answer),
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_same_key_gets_the_answer_of_the_first_time(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let (new, first) = told(make(&*fixture.tasks, "k", FIRST, NOW).await);
    assert!(new);
    // Whatever the caller's clock says, and until the database's has gone a day on.
    for clock in [NOW, NOW + Duration::hours(48), NOW - Duration::hours(48)] {
        let again = told(make(&*fixture.tasks, "k", FIRST, clock).await);
        assert_eq!(again, (false, first.clone()));
    }
    age_keys(&fixture, 86_400 - 60).await;
    assert_eq!(told(make(&*fixture.tasks, "k", FIRST, NOW).await), (false, first));
    // Other keys stand for other requests, however alike they are.
    for key in ["K", "k ", "\u{301}k"] {
        assert!(told(make(&*fixture.tasks, key, FIRST, NOW).await).0, "{key}");
    }
    assert_eq!((stored(&fixture).await, keys(&fixture).await), (4, 4));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_key_stands_for_one_request(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let (_, first) = told(make(&*fixture.tasks, "k", FIRST, NOW).await);
    let reused = make(&*fixture.tasks, "k", OTHER, NOW).await;
    assert!(matches!(reused, Err(StoreError::KeyReused)), "{reused:?}");
    assert_eq!(told(make(&*fixture.tasks, "k", FIRST, NOW).await), (false, first));
    assert_eq!(stored(&fixture).await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn after_a_day_a_key_is_new(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let fixture = Fixture::new(backend).await;
    let (_, first) = told(make(&*fixture.tasks, "k", FIRST, NOW).await);
    age_keys(&fixture, 86_400).await;
    let (new, second) = told(make(&*fixture.tasks, "k", OTHER, NOW).await);
    assert!(new && second != first);
    assert_eq!(told(make(&*fixture.tasks, "k", OTHER, NOW).await), (false, second));
    assert_eq!((stored(&fixture).await, keys(&fixture).await), (2, 1));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn work_that_failed_leaves_its_key_free(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let missing = Operation::Delete {
        reference: TaskRef::Id(SystemClock.new_id()),
        precondition: Precondition::default(),
    };
    let operations = vec![Operation::Create(Box::new(task("t"))), missing];
    let refused = carry_out(&*fixture.tasks, operations, "k", FIRST, NOW).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    assert_eq!((stored(&fixture).await, keys(&fixture).await), (0, 0));
    assert!(told(make(&*fixture.tasks, "k", OTHER, NOW).await).0);
}

/// As a second process would be: it knows of the first only by the database.
fn replica(fixture: &Fixture) -> Opened {
    let url = DatabaseUrl::parse(&fixture.database.url).expect("a URL");
    let settings = PoolSettings {
        max_connections: 10,
        request_timeout: std::time::Duration::from_mins(1),
        sqlite_synchronous: SqliteSynchronous::Full,
    };
    Opened::open(url.target(), &settings)
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_callers_with_one_key_one_does_the_work(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let replicas = [replica(&fixture), replica(&fixture)];
    for round in 0..5 {
        let barrier = Arc::new(Barrier::new(50));
        let mut callers = JoinSet::new();
        for caller in 0..50 {
            let (tasks, barrier) = (replicas[caller % 2].tasks(), Arc::clone(&barrier));
            let key = format!("key {round}");
            callers.spawn(async move {
                barrier.wait().await;
                make(&*tasks, &key, FIRST, NOW).await
            });
        }
        let mut answers = Vec::new();
        for done in callers.join_all().await {
            match done {
                Err(StoreError::KeyInUse) => {}
                done => answers.push(told(done)),
            }
        }
        assert_eq!(answers.iter().filter(|(new, _)| *new).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|(_, answer)| *answer == answers[0].1), "{answers:?}");
        assert_eq!(stored(&fixture).await, round + 1);
    }
    for replica in replicas {
        replica.close().await;
    }
}

/// Somebody else holds the task, so that the first caller does not get on. Two processes stand in line for one
/// file: there nobody is at work while another is.
#[rstest]
#[case(Backend::Sqlite, false)]
#[case(Backend::Postgres, false)]
#[case(Backend::Postgres, true)]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_comes_while_the_first_is_at_work_is_told_so_at_once(
    #[case] backend: Backend,
    #[case] elsewhere: bool,
) {
    let fixture = Fixture::new(backend).await;
    let [made] = fixture.store([task("t")]).await.try_into().expect("one");
    let second = replica(&fixture);
    let mut holder = fixture.database.connect().await;
    holder.lock_tasks().await;
    let operation = Operation::Update {
        reference: TaskRef::Id(made.id),
        precondition: Precondition::default(),
        patch: Box::new(TaskPatch::default()),
    };
    let first = carry_out(&*fixture.tasks, vec![operation], "k", FIRST, NOW);
    let mut first = std::pin::pin!(first);
    // Begun, and no more: it waits for the database.
    tokio::select! {
        biased;
        done = &mut first => panic!("it did not wait: {done:?}"),
        () = std::future::ready(()) => {}
    }
    let tasks = if elsewhere { second.tasks() } else { Arc::clone(&fixture.tasks) };
    if backend == Backend::Postgres {
        let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
        let mut side = fixture.database.connect().await;
        until("the claim", WITHIN, async || (side.integer(locks).await > 0).then_some(())).await;
    }
    let start = std::time::Instant::now();
    let early = make(&*tasks, "k", FIRST, NOW).await;
    assert!(matches!(early, Err(StoreError::KeyInUse)), "{early:?}");
    assert!(start.elapsed() < Duration::seconds(1), "it did not wait");
    holder.unlock().await;
    let (new, answer) = told(first.await);
    assert!(new);
    assert_eq!(told(make(&*tasks, "k", FIRST, NOW).await), (false, answer));
    second.close().await;
}
