//! Every expression of every panel and rule, compared with a running Prometheus that watches the running service.

use std::collections::BTreeSet;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::files::{Target, array, dashboards, text};
use crate::prometheus::{Prometheus, Series};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::postgres::Stop;
use testkit::{App, Database, PostgresServer, Server, free_port, until};

/// How long it may take until all is scraped, counted and evaluated, on a machine that is busy with other tests.
const SEEN_WITHIN: Duration = Duration::from_mins(2);

/// The service, its backups, and a Prometheus that watches both.
struct Watched {
    prometheus: Prometheus,
    _backup: Server,
    app: App,
    _folder: TempDir,
}

impl Watched {
    async fn start(on: Backend) -> Self {
        let folder = TempDir::new().expect("a temp folder");
        let backups = folder.path().display().to_string();
        let (api, backup) = (address(), address());
        // Empty, so that the start migrates.
        let database = Database::empty(on).await;
        let variables = [("OPS_LISTEN", api.as_str()), ("BACKUP_DIR", &backups)];
        let app = App::on(database, &variables).await;
        let backup_service = Server::spawn_with(
            &["backup", "run", "--every", "24h"],
            &[
                ("DATABASE_URL", &app.database.url),
                ("OPS_LISTEN", &backup),
                ("BACKUP_DIR", &backups),
            ],
        );
        let prometheus = Prometheus::start(&api, &backup).await;
        Self { prometheus, _backup: backup_service, app, _folder: folder }
    }

    /// A little of everything that people do, and of what they do wrong.
    async fn traffic(&self) {
        let task = self.app.create(json!({"title": "t", "priority": "high"})).await;
        let path = format!("/tasks/{}", text(&task["id"]));
        let _ = self.app.get(&path).await.expect(200);
        let _ = self.app.get("/tasks?limit=5").await.expect(200);
        let _ = self.app.get("/tasks/stats").await.expect(200);
        let _ = self.app.patch(&path, &json!({"status": "done"})).await.expect(200);
        let _ = self.app.delete(&path).await.expect(204);
        let _ = self.app.get(&path).await.expect(404);
        let _ = self.app.post("/tasks", &json!({"title": ""})).await.expect(422);
    }

    /// Runs a command of the schema to its end.
    async fn migrate(&self, arguments: &[&str]) {
        let arguments = [&["migrate"], arguments].concat();
        let variables =
            [("DATABASE_URL", self.app.database.url.as_str()), ("MIGRATE_BACKUP", "off")];
        let mut command = Server::spawn_with(&arguments, &variables);
        assert_eq!(command.exit().await, Some(0), "{arguments:?}:\n{}", command.output());
    }
}

fn address() -> String {
    format!("127.0.0.1:{}", free_port())
}

/// As Grafana would, with everything selected.
fn substituted(expression: &str) -> String {
    let variables =
        [("$job", ".+"), ("$instance", ".+"), ("$__rate_interval", "1m"), ("$__range", "1h")];
    let fill = |text: String, (name, value): &(&str, &str)| text.replace(name, value);
    let whole = variables.iter().fold(expression.to_owned(), fill);
    assert!(!whole.contains('$'), "a variable that is not known: {expression}");
    whole
}

/// What is wrong with what a target shows, if anything is.
fn fault(target: &Target, result: Result<Series, String>) -> Option<String> {
    let fault = match result {
        Err(error) => error,
        Ok(series) if series.is_empty() => "no data".to_owned(),
        Ok(series) if series.iter().all(|(_, value)| value.is_nan()) => {
            "nothing but NaN".to_owned()
        }
        Ok(series) => {
            let labels =
                target.legend.split("{{").skip(1).filter_map(|rest| rest.split("}}").next());
            let missing: Vec<_> = labels.filter(|label| series[0].0[*label].is_null()).collect();
            (!missing.is_empty()).then(|| format!("the legend names {missing:?}"))?
        }
    };
    Some(format!("{}: {fault}: {}", target.place, target.expression))
}

#[rstest]
#[tokio::test]
async fn every_expression_finds_data(#[values(Sqlite, Postgres)] on: Backend) {
    let watched = Watched::start(on).await;
    let targets: Vec<_> = dashboards().iter().flat_map(crate::files::Dashboard::targets).collect();
    let mut faults = Vec::new();
    let all = tokio::time::timeout(SEEN_WITHIN, async {
        loop {
            watched.traffic().await;
            // Kept whole until the next round is whole, for the time may be over in the middle of one.
            let mut found = Vec::new();
            for target in &targets {
                let result = watched.prometheus.query(&substituted(&target.expression)).await;
                found.extend(fault(target, result));
            }
            faults = found;
            if faults.is_empty() {
                return;
            }
        }
    });
    let all = all.await;
    assert!(all.is_ok(), "without data:\n{}\n", faults.join("\n"));
    assert!(targets.len() >= 60, "only {} expressions", targets.len());

    variables_have_values(&watched).await;
    rules_are_evaluated(&watched).await;
}

/// What the lists of jobs and instances are filled from.
async fn variables_have_values(watched: &Watched) {
    for dashboard in dashboards() {
        for (name, least) in [("job", 1), ("instance", 1)] {
            let variable = dashboard.variables().iter().find(|variable| variable["name"] == name);
            let query = text(&variable.expect("a variable")["query"]);
            let inside = query.strip_prefix("label_values(").and_then(|q| q.strip_suffix(')'));
            let (selector, label) = inside.and_then(|i| i.rsplit_once(", ")).expect("two parts");
            let path = format!("label/{label}/values");
            let found = watched.prometheus.get(&path, &[("match[]", &substituted(selector))]).await;
            let found = found.unwrap_or_else(|error| panic!("{query}: {error}"));
            assert!(array(&found).len() >= least, "{}: {query}: {found}", dashboard.name);
            let job = found[0] == "api" || found[1] == "api";
            assert!(name != "job" || job, "{}: {found}", dashboard.name);
        }
    }
}

/// Each is evaluated without a fault, each recorded series is there, and nothing fires on a good day.
async fn rules_are_evaluated(watched: &Watched) {
    let rules = until("all rules to be evaluated", SEEN_WITHIN, async || {
        let data = watched.prometheus.get("rules", &[]).await.expect("rules");
        let groups = array(&data["groups"]).iter();
        let rules: Vec<Value> = groups.flat_map(|group| array(&group["rules"]).to_vec()).collect();
        rules.iter().all(|rule| rule["health"] != "unknown").then_some(rules)
    })
    .await;
    assert!(rules.len() >= 30, "only {} rules", rules.len());
    for rule in &rules {
        assert_eq!(rule["health"], "ok", "{}: {}", rule["name"], rule["lastError"]);
        if rule["type"] == "recording" {
            let name = text(&rule["name"]);
            until(name, SEEN_WITHIN, async || {
                watched.prometheus.value(name).await.filter(|v| !v.is_nan())
            })
            .await;
        }
    }
    let firing = watched.prometheus.alerts(&["firing"]).await;
    assert!(firing.is_empty(), "{firing:?}");
    // The first backup may not be made yet when the first rules are evaluated.
    let quiet = ["MigrationsPending", "SchemaNotCurrent", "DatabaseDown", "BackupTooOld"];
    until("the alerts to be quiet", SEEN_WITHIN, async || {
        let waiting = watched.prometheus.alerts(&["pending"]).await;
        quiet.iter().all(|name| !waiting.contains(*name)).then_some(())
    })
    .await;
    for job in ["api", "backup", "prometheus"] {
        assert_eq!(
            watched.prometheus.value(&format!("up{{job=\"{job}\"}}")).await,
            Some(1.0),
            "{job}"
        );
    }
}

/// A schema that is taken back under the running service, and brought up to date again.
#[rstest]
#[tokio::test]
async fn a_migration_is_seen(#[values(Sqlite, Postgres)] on: Backend) {
    let watched = Watched::start(on).await;
    let state =
        |state: &str| format!("taskmanager_schema_state{{job=\"api\",state=\"{state}\"}} == 1");
    until("the first scrape", SEEN_WITHIN, async || {
        watched.prometheus.value(&state("current")).await
    })
    .await;
    let before = watched.prometheus.value("taskmanager_schema_version{job=\"api\"}").await;
    let migrations = "taskmanager_migrations_applied_total{job=\"api\",outcome=\"applied\"}";
    assert!(watched.prometheus.value(migrations).await >= Some(4.0), "the start has migrated");

    watched.migrate(&["down", "1", "--yes"]).await;
    until("the state", SEEN_WITHIN, async || watched.prometheus.value(&state("behind")).await)
        .await;
    let wanted = BTreeSet::from(["MigrationsPending".to_owned(), "SchemaNotCurrent".to_owned()]);
    until("the alerts", SEEN_WITHIN, async || {
        wanted.is_subset(&watched.prometheus.alerts(&["pending", "firing"]).await).then_some(())
    })
    .await;
    assert!(watched.prometheus.value("taskmanager_schema_version{job=\"api\"}").await < before);

    watched.migrate(&["up"]).await;
    until("the state", SEEN_WITHIN, async || watched.prometheus.value(&state("current")).await)
        .await;
    until("the alerts to end", SEEN_WITHIN, async || {
        wanted.is_disjoint(&watched.prometheus.alerts(&["pending", "firing"]).await).then_some(())
    })
    .await;
    assert_eq!(watched.prometheus.value("taskmanager_schema_version{job=\"api\"}").await, before);
}

/// What goes away makes the alert that says so, and only that one.
#[tokio::test]
async fn what_goes_away_is_seen() {
    let mut database = PostgresServer::start(&[]).await;
    let (api, nobody) = (address(), address());
    let url = database.url("postgres");
    let mut server = Server::start(&[("DATABASE_URL", &url), ("OPS_LISTEN", &api)]).await;
    let prometheus = Prometheus::start(&api, &nobody).await;
    let answers = "taskmanager_database_up == 1 and on (instance) up{job=\"api\"} == 1";
    until("the first scrape", SEEN_WITHIN, async || prometheus.value(answers).await).await;

    database.stop(Stop::Fast).await;
    let told = async |name: &str| {
        until(name, SEEN_WITHIN, async || {
            prometheus.alerts(&["pending", "firing"]).await.contains(name).then_some(())
        })
        .await;
    };
    told("DatabaseDown").await;
    // The backups are away from the beginning; the service is there.
    assert_eq!(prometheus.value("up{job=\"api\"}").await, Some(1.0));
    database.resume().await;
    until("the database to be back", SEEN_WITHIN, async || prometheus.value(answers).await).await;
    until("the alert to end", SEEN_WITHIN, async || {
        let told = prometheus.alerts(&["pending", "firing"]).await;
        (!told.contains("DatabaseDown")).then_some(())
    })
    .await;

    server.signal("TERM");
    assert_eq!(server.exit().await, Some(0));
    until("the service to be missed", SEEN_WITHIN, async || {
        let down = "ALERTS{alertname=\"InstanceDown\",job=\"api\"}";
        prometheus.value(down).await
    })
    .await;
}
