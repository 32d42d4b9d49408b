//! The dashboards against the rules of Grafana's dashboard-linter (github.com/grafana/dashboard-linter, `docs/rules`),
//! and against each other.

use std::collections::BTreeSet;

use serde_json::Value;
use taskmanager::telemetry::metrics::{Kind, METRICS};

use crate::expression::selectors;
use crate::files::{Dashboard, array, dashboards, read, text};

/// Those of the linter's list that these dashboards use.
const UNITS: [&str; 8] =
    ["none", "short", "percentunit", "reqps", "ops", "s", "bytes", "bool_yes_no"];
const SOURCE: &str = "${datasource}";

/// Runs a check over every dashboard and shows all complaints at once.
#[track_caller]
fn every(check: impl Fn(&Dashboard, &mut dyn FnMut(String))) {
    let mut complaints = Vec::new();
    for dashboard in dashboards() {
        check(&dashboard, &mut |what| complaints.push(format!("{}: {what}", dashboard.name)));
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn the_source_is_a_variable_and_so_are_job_and_instance() {
    every(|dashboard, complain| {
        let variable = |name: &str| {
            dashboard.variables().iter().find(|variable| variable["name"] == name).cloned()
        };
        let source = variable("datasource").unwrap_or_default();
        for (member, wanted) in
            [("type", "datasource"), ("query", "prometheus"), ("label", "Data source")]
        {
            if source[member] != wanted {
                complain(format!("datasource: {member} is {}", source[member]));
            }
        }
        for (name, label) in [("job", "Job"), ("instance", "Instance")] {
            let found = variable(name).unwrap_or_default();
            let wanted: [(&str, Value); 7] = [
                ("type", "query".into()),
                ("label", label.into()),
                ("multi", true.into()),
                ("includeAll", true.into()),
                ("allValue", ".+".into()),
                // On time range change.
                ("refresh", 2.into()),
                ("datasource", serde_json::json!({"type": "prometheus", "uid": SOURCE})),
            ];
            for (member, wanted) in wanted {
                if found[member] != wanted {
                    complain(format!("{name}: {member} is {}", found[member]));
                }
            }
            let query = text(&found["query"]);
            if !query.starts_with("label_values(") || !query.ends_with(&format!(", {name})")) {
                complain(format!("{name}: query is {query}"));
            }
        }
    });
}

#[test]
fn no_dashboard_is_editable_and_each_has_a_lasting_id() {
    every(|dashboard, complain| {
        let json = &dashboard.json;
        if json["editable"] != false {
            complain("is editable".into());
        }
        // Links to a dashboard hold its uid: it is the file's name, and does not change.
        let uid = format!("taskmanager-{}", dashboard.name.trim_end_matches(".json"));
        if json["uid"] != uid {
            complain(format!("uid is {}, not {uid}", json["uid"]));
        }
        if !json["id"].is_null() {
            complain("has an id, which is a database's".into());
        }
        let ids: BTreeSet<_> = array(&json["panels"]).iter().map(|p| p["id"].as_u64()).collect();
        if ids.len() != array(&json["panels"]).len() || ids.contains(&None) {
            complain("panels share an id, or have none".into());
        }
    });
    let titles: BTreeSet<_> =
        dashboards().iter().map(|dashboard| text(&dashboard.json["title"]).to_owned()).collect();
    assert_eq!(titles.len(), 3, "{titles:?}");
}

#[test]
fn every_panel_has_a_title_a_description_a_unit_and_the_variable_source() {
    every(|dashboard, complain| {
        let mut titles = BTreeSet::new();
        for panel in dashboard.panels() {
            let title = text(&panel["title"]);
            if title.is_empty() || !text(&panel["description"]).ends_with('.') {
                complain(format!("panel {}: {title:?} without title or description", panel["id"]));
            }
            let row = (title.to_owned(), text(&panel["type"]).to_owned());
            if !titles.insert(row) {
                complain(format!("{title}: twice"));
            }
            let unit = text(&panel["fieldConfig"]["defaults"]["unit"]);
            if !UNITS.contains(&unit) {
                complain(format!("{title}: unit {unit:?}"));
            }
            if array(&panel["targets"]).is_empty() {
                complain(format!("{title}: shows nothing"));
            }
            let targets = array(&panel["targets"]).iter();
            for source in targets.chain([panel]).map(|part| &part["datasource"]["uid"]) {
                if source != SOURCE {
                    complain(format!("{title}: source {source}"));
                }
            }
        }
    });
}

#[test]
fn every_selector_has_job_and_instance_and_every_rate_the_interval() {
    let counters: BTreeSet<_> =
        METRICS.iter().filter(|metric| metric.kind == Kind::Counter).map(|m| m.name).collect();
    every(|dashboard, complain| {
        for target in dashboard.targets() {
            let place = &target.place;
            let found = selectors(&target.expression);
            if found.is_empty() {
                complain(format!("{place}: no selector in {}", target.expression));
            }
            for selector in found {
                for matcher in ["job=~\"$job\"", "instance=~\"$instance\""] {
                    if !selector.matchers.contains(matcher) {
                        complain(format!("{place}: {} without {matcher}", selector.metric));
                    }
                }
                let rate = matches!(selector.function, "rate" | "irate");
                if rate && selector.range != Some("$__rate_interval") {
                    complain(format!("{place}: rate over {:?}", selector.range));
                }
                let counter = counters.contains(selector.metric)
                    || selector.metric.ends_with("_total")
                    || selector.metric.ends_with("_bucket");
                if counter && !rate && selector.function != "increase" {
                    complain(format!("{place}: {} as it is", selector.metric));
                }
            }
        }
    });
}

#[test]
fn no_panel_covers_another() {
    every(|dashboard, complain| {
        let mut taken = BTreeSet::new();
        for panel in array(&dashboard.json["panels"]) {
            let at = |member: &str| panel["gridPos"][member].as_u64().expect("a number");
            if at("x") + at("w") > 24 {
                complain(format!("{}: beyond the edge", panel["title"]));
            }
            for y in at("y")..at("y") + at("h") {
                for x in at("x")..at("x") + at("w") {
                    if !taken.insert((x, y)) {
                        complain(format!("{}: over another at {x}, {y}", panel["title"]));
                        return;
                    }
                }
            }
        }
    });
}

/// Grafana is told of the folder and of the source that the dashboards expect.
#[test]
fn the_dashboards_and_their_source_are_provisioned() {
    let source = read("grafana/provisioning/datasources/prometheus.yml");
    for line in ["type: prometheus", "isDefault: true", "editable: false", "timeInterval: 15s"] {
        assert!(source.contains(line), "{line}");
    }
    assert!(read("prometheus.yml").contains("scrape_interval: 15s"), "the source's timeInterval");
    let folder = read("grafana/provisioning/dashboards/dashboards.yml");
    for line in ["path: /var/lib/grafana/dashboards", "allowUiUpdates: false", "type: file"] {
        assert!(folder.contains(line), "{line}");
    }
}
