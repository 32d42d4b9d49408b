//! PostgreSQL goes away and comes back: clients stay, and get what they missed, or are told.

use std::time::Duration;

use rstest::rstest;
use serde_json::json;

use testkit::postgres::Stop;
use testkit::{Api, Follower, PostgresServer, Server, WITHIN, until};

/// Reads as far as the event of a task; says whether something else was told instead.
async fn upto(follower: &mut Follower, title: &str, titles: &mut Vec<String>) -> bool {
    loop {
        let told = follower.next().await.expect("the stream goes on");
        if told.event == "resync" {
            return true;
        }
        titles.push(told.title().to_owned());
        if told.title() == title {
            return false;
        }
    }
}

#[rstest]
#[case(Stop::Fast)]
#[case(Stop::Immediate)]
#[tokio::test]
async fn restarted(#[case] how: Stop) {
    let mut postgres = PostgresServer::start(&["max_connections = 40"]).await;
    let url = postgres.url("postgres");
    let servers = [
        Server::start(&[("DATABASE_URL", &url)]).await,
        Server::start(&[("DATABASE_URL", &url)]).await,
    ];
    let apis = servers.each_ref().map(|server| Api::new(&server.url()));
    let mut followers =
        [Follower::now(&servers[0].url()).await, Follower::now(&servers[1].url()).await];
    let _ = apis[0].create(json!({"title": "before"})).await;
    for follower in &mut followers {
        assert_eq!(follower.task().await.title(), "before");
    }
    postgres.stop(how).await;
    until("the outage to be known", WITHIN, async || {
        let answer = apis[0].post("/tasks", &json!({"title": "lost"})).await;
        (answer.status == 503).then_some(())
    })
    .await;
    for follower in &mut followers {
        assert_eq!(follower.within(Duration::from_millis(300)).await, None, "they stay");
    }
    // A client that has everything is let in, another is told to come again; neither hurts.
    let status = reqwest::get(format!("{}/tasks/events", servers[0].url())).await;
    assert_eq!(status.expect("an answer").status(), 200);
    postgres.resume().await;
    let mut expected = Vec::new();
    for (at, api) in apis.iter().enumerate() {
        for turn in 0..5 {
            let title = format!("{at}.{turn}");
            until("the service to be well again", WITHIN, async || {
                let answer = api.post("/tasks", &json!({"title": title})).await;
                (answer.status == 201).then_some(())
            })
            .await;
            expected.push(title);
        }
    }
    for follower in &mut followers {
        let mut titles = Vec::new();
        let resync = upto(follower, "1.4", &mut titles).await;
        assert!(resync || titles == expected, "{titles:?}");
    }
    // By now others are heard again, and not only found.
    until("both to listen", WITHIN, async || {
        let mut side = testkit::database::Side::postgres(&url).await;
        let listening = "SELECT count(*) FROM pg_stat_activity WHERE \
                         application_name LIKE 'taskmanager/%' AND query LIKE 'LISTEN%'";
        (side.integer(listening).await == 2).then_some(())
    })
    .await;
}

/// A process that cannot ask where "now" is says so; one that stands still does not keep it from ending.
#[tokio::test]
async fn away_or_frozen() {
    let mut postgres = PostgresServer::start(&[]).await;
    let url = postgres.url("postgres");
    let mut server = Server::start(&[("DATABASE_URL", &url)]).await;
    let api = Api::new(&server.url());
    postgres.stop(Stop::Fast).await;
    until("a refusal", WITHIN, async || {
        let answer = api.get("/tasks/events").await;
        assert_eq!(answer.status, 503, "{}", answer.describe());
        (answer.json()["type"] == "/problems/unavailable").then_some(())
    })
    .await;
    postgres.resume().await;
    let mut follower = until("a stream", WITHIN, async || {
        let answer = reqwest::get(format!("{}/tasks/events", server.url())).await;
        let well = answer.expect("an answer").status() == 200;
        if well { Some(Follower::now(&server.url()).await) } else { None }
    })
    .await;
    postgres.freeze();
    server.signal("TERM");
    assert_eq!(follower.next().await, None, "the stream ends");
    assert!(server.exit().await.is_some(), "{}", server.output());
    postgres.thaw();
}
