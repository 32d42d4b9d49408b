//! A server in recovery does not know which events are still to come, so it tells none.

use serde_json::json;

use testkit::{Api, Follower, PostgresServer, Server, WITHIN, until};

/// A service that only reads: a standby takes no migration.
async fn reader(url: &str) -> Server {
    let server = Server::spawn(&[("DATABASE_URL", url), ("MIGRATE", "off")]);
    let api = Api::new(&server.url());
    until("the service to listen", WITHIN, async || {
        api.call("GET", "/health/live").try_send().await.ok().filter(|answer| answer.status == 200)
    })
    .await;
    server
}

async fn refuses_events(api: &Api) {
    for accept in ["text/event-stream", "application/json"] {
        let answer = api.call("GET", "/tasks/events").header("accept", accept).send().await;
        let answer = answer.problem(503, "unavailable");
        assert!(answer.json()["detail"].as_str().is_some_and(|words| words.contains("standby")));
    }
}

#[tokio::test]
async fn no_stream_from_a_standby() {
    let primary = PostgresServer::start(&[]).await;
    let writer = Server::start(&[("DATABASE_URL", &primary.url("postgres"))]).await;
    let _ = Api::new(&writer.url()).create(json!({"title": "a"})).await;
    let standby = primary.standby().await;
    let server = reader(&standby.url("postgres")).await;
    let api = Api::new(&server.url());
    until("the task on the standby", WITHIN, async || {
        let answer = api.get("/tasks").await;
        (answer.status == 200 && answer.json()[0]["title"] == "a").then_some(())
    })
    .await;
    refuses_events(&api).await;
    let mut follower = Follower::after(&writer.url(), 0).await;
    assert_eq!(follower.task().await.title(), "a", "the primary tells them");
}

/// After a failover the old primary comes back as a standby, at the same address.
#[tokio::test]
async fn a_stream_ends_when_its_server_becomes_a_standby() {
    let mut postgres = PostgresServer::start(&[]).await;
    let server = Server::start(&[("DATABASE_URL", &postgres.url("postgres"))]).await;
    let api = Api::new(&server.url());
    let mut follower = Follower::now(&server.url()).await;
    let _ = api.create(json!({"title": "a"})).await;
    assert_eq!(follower.task().await.title(), "a");
    postgres.demote().await;
    let mut told = Vec::new();
    while let Some(next) = follower.next().await {
        told.push(next);
    }
    assert!(told.last().is_some_and(|last| last.event == "resync"), "{told:?}");
    until("reads", WITHIN, async || (api.get("/tasks").await.status == 200).then_some(())).await;
    refuses_events(&api).await;
    postgres.promote().await;
    let mut follower = until("a stream", WITHIN, async || {
        let answer = api.call("HEAD", "/tasks/events").send().await;
        if answer.status == 200 { Some(Follower::now(&server.url()).await) } else { None }
    })
    .await;
    until("writes", WITHIN, async || {
        let answer = api.post("/tasks", &json!({"title": "b"})).await;
        (answer.status == 201).then_some(())
    })
    .await;
    assert_eq!(follower.task().await.title(), "b");
}
