//! A Prometheus of the test's own: the project's configuration, but with targets that are there and no patience.

use std::collections::BTreeSet;
use std::fs::File;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::files::{array, read, root, text};
use testkit::{WITHIN, free_port, until};

/// A running Prometheus, killed when dropped.
#[derive(Debug)]
pub(crate) struct Prometheus {
    child: Child,
    port: u16,
    folder: TempDir,
}

/// What an expression gives: each series' labels and value.
pub(crate) type Series = Vec<(Value, f64)>;

impl Prometheus {
    /// Starts one that scrapes these addresses every second, as the jobs of `prometheus.yml`.
    pub(crate) async fn start(api: &str, backup: &str) -> Self {
        let folder = TempDir::new().expect("a temp folder");
        let port = free_port();
        let config = folder.path().join("prometheus.yml");
        std::fs::write(&config, configuration(api, backup, port)).expect("a configuration");
        let log = File::create(folder.path().join("log")).expect("a log file");
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("series").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        let child = child.unwrap_or_else(|error| {
            panic!(
                "prometheus: {error}: `make test` installs it (Debian: apt-get install prometheus)"
            )
        });
        let mut started = Self { child, port, folder };
        started.ready().await;
        started
    }

    async fn ready(&mut self) {
        let url = format!("http://127.0.0.1:{}/-/ready", self.port);
        until("Prometheus to be ready", WITHIN, async || {
            if let Some(status) = self.child.try_wait().expect("a child") {
                let said = std::fs::read_to_string(self.folder.path().join("log"));
                panic!("Prometheus ended ({status}):\n{}", said.unwrap_or_default());
            }
            reqwest::get(&url).await.ok().filter(|answer| answer.status() == 200).map(|_| ())
        })
        .await;
    }

    /// The `data` of an answer, or what was wrong with the question.
    pub(crate) async fn get(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Value, String> {
        let base = format!("http://127.0.0.1:{}/api/v1/{path}", self.port);
        let url = url::Url::parse_with_params(&base, parameters).expect("a URL");
        let answer = reqwest::get(url).await.expect("Prometheus answers");
        let body: Value = answer.json().await.expect("JSON");
        match body["status"].as_str() {
            Some("success") => Ok(body["data"].clone()),
            _ => Err(body["error"].to_string()),
        }
    }

    /// What an expression gives now.
    pub(crate) async fn query(&self, expression: &str) -> Result<Series, String> {
        let data = self.get("query", &[("query", expression)]).await?;
        let number = |value: &Value| value[1].as_str().and_then(|text| text.parse().ok());
        if data["resultType"] == "scalar" {
            return Ok(number(&data["result"])
                .map(|value| (Value::Null, value))
                .into_iter()
                .collect());
        }
        let series = array(&data["result"]).iter();
        Ok(series.filter_map(|s| Some((s["metric"].clone(), number(&s["value"])?))).collect())
    }

    /// The value of the first series that an expression gives, if it gives any.
    pub(crate) async fn value(&self, expression: &str) -> Option<f64> {
        let series = self.query(expression).await.expect(expression);
        series.first().map(|(_, value)| *value)
    }

    /// The names of the alerts in one of these states (`pending`, `firing`).
    pub(crate) async fn alerts(&self, states: &[&str]) -> BTreeSet<String> {
        let found = self.get("alerts", &[]).await.expect("alerts");
        let alerts = array(&found["alerts"]).iter();
        let alerts = alerts.filter(|alert| states.contains(&text(&alert["state"])));
        alerts.map(|alert| text(&alert["labels"]["alertname"]).to_owned()).collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `prometheus.yml` with other addresses, another interval, and the rules by their whole path.
fn configuration(api: &str, backup: &str, port: u16) -> String {
    let mut text = read("prometheus.yml");
    let target = |address: &str| format!("static_configs: [{{targets: [\"{address}\"]}}]");
    let found = |service: &str| {
        format!(
            "dns_sd_configs: [{{names: [{service}], type: A, port: 9000, refresh_interval: 15s}}]"
        )
    };
    let changes = [
        ("scrape_interval: 15s".to_owned(), "scrape_interval: 1s".to_owned()),
        ("evaluation_interval: 15s".to_owned(), "evaluation_interval: 1s".to_owned()),
        (
            "- prometheus/rules/*.yml".to_owned(),
            format!("- {}/prometheus/rules/*.yml", root().display()),
        ),
        (found("api"), target(api)),
        (found("backup"), target(backup)),
        ("localhost:9090".to_owned(), format!("127.0.0.1:{port}")),
    ];
    for (from, to) in changes {
        assert_eq!(text.matches(&from).count(), 1, "{from} in prometheus.yml");
        text = text.replace(&from, &to);
    }
    text
}
