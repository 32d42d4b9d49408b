//! PostgreSQL goes away and comes back, or stands still, while clients write and read.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rstest::rstest;
use sqlx::{Connection, PgConnection};

use crate::load::{Load, Told, assert_no_panic};
use testkit::database::Side;
use testkit::postgres::Stop;
use testkit::server::field;
use testkit::{Api, PostgresServer, Server, until};

/// Longest that a client waits for a refusal once the outage is known.
const REFUSED_WITHIN: Duration = Duration::from_secs(3);
/// Longest from the database's return to the service's.
const BACK_WITHIN: Duration = Duration::from_secs(5);
/// How long the database is away.
const AWAY: Duration = Duration::from_secs(5);

/// The service on a PostgreSQL server of its own. The parts are dropped in this order.
struct Setting {
    api: Api,
    server: Server,
    postgres: PostgresServer,
    url: String,
}

impl Setting {
    async fn new() -> Self {
        let postgres = PostgresServer::start(&[]).await;
        let url = postgres.url("postgres");
        let server = Server::start(&[("DATABASE_URL", &url)]).await;
        Self { api: Api::new(&server.url()), server, postgres, url }
    }

    async fn status(&self, path: &str) -> u16 {
        self.api.get(path).await.status
    }

    async fn until_status(&self, path: &str, status: u16, within: Duration) {
        until(&format!("{path} to answer {status}"), within, async || {
            (self.status(path).await == status).then_some(())
        })
        .await;
    }

    /// Everything acknowledged is there, the process is the same one, and nothing broke in it.
    async fn assert_well(&mut self, told: &Told) {
        assert_eq!(told.unanswered, 0, "every request is answered");
        let side = PgConnection::connect(&self.url).await.expect("the database answers");
        let mut side = Side::Postgres(side);
        told.assert_kept(&self.api, &mut side).await;
        assert_eq!(self.server.ended(), None);
        assert_no_panic(&self.server);
        self.assert_causes_logged_once(told);
    }

    /// Each refused request has one line in the log, with its cause, and there is no other error line.
    fn assert_causes_logged_once(&self, told: &Told) {
        let mut lines: HashMap<String, usize> = HashMap::new();
        for line in self.server.log().iter().filter(|line| line["level"] == "ERROR") {
            let id = field(line, "request_id");
            let id = id.as_ref().and_then(|id| id.as_str()).unwrap_or_else(|| panic!("{line}"));
            *lines.entry(id.to_owned()).or_default() += 1;
        }
        for refusal in &told.refusals {
            assert_eq!(lines.get(&refusal.request_id), Some(&1), "{refusal:?}");
        }
    }
}

#[rstest]
#[case(Stop::Immediate, AWAY)]
#[case(Stop::Fast, Duration::ZERO)]
#[tokio::test]
async fn gone_and_back(#[case] how: Stop, #[case] away: Duration) {
    let mut setting = Setting::new().await;
    let load = Load::start(&setting.api, 8);
    load.acknowledged(50).await;

    let gone = Instant::now();
    setting.postgres.stop(how).await;
    until("the outage to last", AWAY * 2, async || (gone.elapsed() >= away).then_some(())).await;
    if !away.is_zero() {
        assert_eq!(setting.status("/health/live").await, 200);
        assert_eq!(setting.status("/health").await, 503);
    }
    setting.postgres.resume().await;
    setting.until_status("/health/ready", 200, BACK_WITHIN).await;
    load.acknowledged(50).await;

    let told = load.end().await;
    told.assert_refused_within(REFUSED_WITHIN, |_| true);
    assert!(away.is_zero() || !told.refusals.is_empty(), "the outage was felt");
    setting.assert_well(&told).await;
}

/// A database that stands still keeps every connection open and answers nothing.
#[tokio::test]
async fn frozen() {
    let mut setting = Setting::new().await;
    let warming = Load::start(&setting.api, 8);
    warming.acknowledged(50).await;
    // Fewer than there are connections: some stay idle, and would be lent out to wait for nothing.
    let under_way = Load::start(&setting.api, 2);
    under_way.acknowledged(5).await;
    let before = warming.end().await;

    setting.postgres.freeze();
    // An answer of just before the freeze may serve a probe of just after it.
    setting.until_status("/health", 503, REFUSED_WITHIN).await;
    let body = setting.api.get("/health").await.expect(503).json();
    assert_eq!(body["database"], "disconnected");
    assert_eq!(setting.status("/health/ready").await, 503);
    assert_eq!(setting.status("/health/live").await, 200);
    // What was under way may take REQUEST_TIMEOUT; what comes now is refused soon.
    let later = Load::start(&setting.api, 4);
    later.refused(100).await;
    until("the first requests to be given up", Duration::from_secs(15), async || {
        let told = under_way.told();
        told.refusals.iter().any(|refusal| refusal.took >= AWAY).then_some(())
    })
    .await;
    assert_eq!(setting.status("/health").await, 503);

    setting.postgres.thaw();
    let thawed = Instant::now();
    setting.until_status("/health/ready", 200, BACK_WITHIN).await;
    later.acknowledged(20).await;
    assert!(thawed.elapsed() < BACK_WITHIN, "{:?}", thawed.elapsed());

    let told = later.end().await;
    told.assert_refused_within(REFUSED_WITHIN, |_| true);
    for told in [before, under_way.end().await, told] {
        setting.assert_well(&told).await;
    }
}

/// A database that stands still does not hold up the end of the service either.
#[tokio::test]
async fn told_to_stop_while_frozen() {
    let mut setting = Setting::new().await;
    let load = Load::start(&setting.api, 2);
    load.acknowledged(5).await;
    setting.postgres.freeze();
    setting.until_status("/health", 503, REFUSED_WITHIN).await;
    setting.server.signal("TERM");
    // REQUEST_TIMEOUT for what was under way, and a while for the connections.
    let ended =
        until("the service to end", Duration::from_secs(20), async || setting.server.ended());
    assert_eq!(ended.await, 0, "{}", setting.server.output());
    assert_no_panic(&setting.server);
    drop(load);
}
