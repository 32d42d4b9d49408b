//! A restore under a service that runs: requests are answered or refused, never wrong; nothing that was
//! acknowledged is lost; and the service goes on with what was restored.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rstest::rstest;
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Case, document, text};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Api, Database, Server, WITHIN, until};

/// The pause of a client after each answer.
const WRITE_INTERVAL: Duration = Duration::from_millis(5);

#[derive(Debug, Default)]
struct Told {
    stored: BTreeSet<String>,
    answered: usize,
    refused: usize,
    wrong: Vec<String>,
}

async fn client(api: Api, writes: bool, told: Arc<Mutex<Told>>, stop: CancellationToken) {
    let mut pace = tokio::time::interval(WRITE_INTERVAL);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut turn, mut mine) = (0_usize, Vec::<String>::new());
    while !stop.is_cancelled() {
        pace.tick().await;
        turn += 1;
        let answer = if writes {
            match mine.pop() {
                // It may have gone with the database that it was in.
                Some(id) => {
                    let body = json!({"description": "changed"});
                    let answer = api.patch(&format!("/tasks/{id}"), &body).await;
                    if answer.status == 404 {
                        continue;
                    }
                    answer
                }
                None => api.post("/tasks", &json!({"title": "under load"})).await,
            }
        } else {
            let paths = ["/tasks?limit=5", "/tasks/1", "/tasks/stats", "/tasks/count?q=task"];
            api.get(paths[turn % paths.len()]).await
        };
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        match answer.status {
            201 => {
                told.answered += 1;
                let id = answer.json()["id"].as_str().expect("an id").to_owned();
                mine.push(id.clone());
                told.stored.insert(id);
            }
            200 => told.answered += 1,
            503 => told.refused += 1,
            _ => told.wrong.push(answer.describe()),
        }
    }
}

async fn ids(database: &Database) -> BTreeSet<String> {
    let server = Server::start(&[("DATABASE_URL", &database.url)]).await;
    let api = Api::new(&server.url());
    let (mut ids, mut path) = (BTreeSet::new(), "/tasks?limit=100".to_owned());
    loop {
        let page = api.get(&path).await.expect(200);
        let tasks = page.json();
        let tasks = tasks.as_array().expect("a bare array");
        ids.extend(tasks.iter().map(|task| task["id"].as_str().expect("an id").to_owned()));
        match page.next() {
            Some(next) => path = next,
            None => return ids,
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 300).await;
    let backup = case.backup();
    let server = Server::start(&[("DATABASE_URL", &case.database.url)]).await;
    let api = Api::new(&server.url());
    let (told, stop) = (Arc::<Mutex<Told>>::default(), CancellationToken::new());
    let mut clients = JoinSet::new();
    for n in 0..6 {
        clients.spawn(client(api.clone(), n % 2 == 0, Arc::clone(&told), stop.clone()));
    }
    let stored = || told.lock().unwrap_or_else(PoisonError::into_inner).stored.len();
    let mut saved = Vec::new();
    for _ in 0..3 {
        let before = stored();
        until("tasks to be stored", WITHIN, async || (stored() > before + 20).then_some(())).await;
        let restoring = tokio::task::block_in_place(|| case.restore(&[text(&backup), "--json"]));
        let restored = restoring.expect(0);
        saved.push(document(&restored)["saved"].as_str().expect("a save").to_owned());
        // It goes on at once.
        let before = stored();
        until("tasks to be stored again", WITHIN, async || (stored() > before + 20).then_some(()))
            .await;
    }
    stop.cancel();
    while let Some(ended) = clients.join_next().await {
        ended.expect("no panic");
    }
    let told = std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner));
    assert!(told.wrong.is_empty(), "{} wrong answers: {}", told.wrong.len(), told.wrong[0]);
    println!("{} answered, {} refused", told.answered, told.refused);
    assert_eq!(api.json("/health").await["schema_state"], "current");
    drop(server);

    // What was acknowledged is there, or in what was saved of what was there.
    let mut kept = ids(&case.database).await;
    for saved in saved {
        let copy = Database::empty(on).await;
        case.restore(&[&saved, "--to-url", &copy.url]).expect(0);
        kept.extend(ids(&copy).await);
    }
    let lost: Vec<_> = told.stored.difference(&kept).collect();
    assert!(lost.is_empty(), "{} of {} are lost", lost.len(), told.stored.len());
}

/// A running instance sees within ten seconds that the schema is another one.
#[rstest]
#[tokio::test]
async fn an_older_schema_shows(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 5).await;
    case.run(&["migrate", "down", "1", "--yes"]).expect(0);
    let backup = case.backup();
    case.run(&["migrate", "up"]).expect(0);
    let server = Server::start(&[("DATABASE_URL", &case.database.url)]).await;
    let api = Api::new(&server.url());
    api.json("/tasks").await;
    case.restore(&[text(&backup)]).expect(0);
    until("the instance to see it", Duration::from_secs(15), async || {
        let health = api.get("/health").await;
        (health.json()["schema_state"] == "behind").then_some(())
    })
    .await;
    let problem = api.get("/health/ready").await.expect(503);
    assert_eq!(problem.json()["reason"], "schema");
    // What it can serve it does.
    api.json("/tasks").await;
}
