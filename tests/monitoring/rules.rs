//! Prometheus' configuration and rules, by promtool; that every alert is tested, and that each leads to a page that
//! says what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::files::{dashboards, listed, read, root, text};

/// Runs promtool in the project's folder and demands success.
#[track_caller]
fn promtool(arguments: &[&str]) {
    let output = Command::new("promtool").args(arguments).current_dir(root()).output();
    let output = output.unwrap_or_else(|error| {
        panic!("promtool: {error}: `make test` installs it (Debian: apt-get install prometheus)")
    });
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "promtool {}:\n{said}", arguments.join(" "));
}

#[test]
fn the_configuration_and_the_rules_are_right() {
    promtool(&["check", "config", "prometheus.yml"]);
    assert!(read("prometheus.yml").contains("- prometheus/rules/*.yml"), "the rules are read");
    for path in listed("prometheus/rules", "yml") {
        promtool(&["check", "rules", &path.display().to_string()]);
    }
}

#[test]
fn the_alerts_fire_when_they_must_and_only_then() {
    for path in listed("prometheus/tests", "yml") {
        promtool(&["test", "rules", &path.display().to_string()]);
    }
}

/// What follows `key` on each line that has it.
fn values<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    text.lines().filter_map(|line| line.trim().strip_prefix(key)).map(str::trim).collect()
}

/// Each alert with its lines.
fn alerts() -> BTreeMap<String, String> {
    let mut alerts = BTreeMap::new();
    for path in listed("prometheus/rules", "yml") {
        let text = std::fs::read_to_string(&path).expect("rules");
        for part in text.split("\n      - ").filter_map(|part| part.strip_prefix("alert: ")) {
            let (name, rest) = part.split_once('\n').expect("a name");
            let twice = alerts.insert(name.to_owned(), rest.to_owned());
            assert!(twice.is_none(), "{name} is there twice");
        }
    }
    assert!(alerts.len() >= 15, "only {} alerts found", alerts.len());
    alerts
}

#[test]
fn every_alert_has_a_test_that_it_fires_and_one_that_it_does_not() {
    let (mut firing, mut silent) = (BTreeSet::new(), BTreeSet::new());
    for path in listed("prometheus/tests", "yml") {
        let text = std::fs::read_to_string(&path).expect("tests");
        for check in text.split("- eval_time:").skip(1) {
            let name = values(check, "alertname:")[0].to_owned();
            if check.contains("exp_alerts: []") {
                silent.insert(name);
            } else {
                assert!(check.contains("exp_alerts:\n          - exp_labels:"), "{name}: {check}");
                firing.insert(name);
            }
        }
    }
    let alerts: BTreeSet<_> = alerts().into_keys().collect();
    assert_eq!(firing, alerts, "those with a test that they fire, and those that there are");
    assert_eq!(silent, alerts, "those with a test that they do not, and those that there are");
}

#[test]
fn every_alert_says_what_it_is_and_leads_to_its_page() {
    let page = read("docs/OPERATIONS.md");
    for (name, lines) in alerts() {
        for key in ["summary:", "description:", "expr:"] {
            assert_eq!(values(&lines, key).len(), 1, "{key} of {name}");
        }
        let severity = values(&lines, "severity:");
        assert!(matches!(severity[..], ["critical" | "warning"]), "{name}: {severity:?}");
        let anchor = name.to_lowercase();
        let link = format!("docs/OPERATIONS.md#{anchor}");
        assert_eq!(values(&lines, "runbook_url:"), [link.as_str()], "{name}");
        let heading = format!("\n### {name}\n");
        let (_, runbook) = page
            .split_once(&heading)
            .unwrap_or_else(|| panic!("docs/OPERATIONS.md has no heading {name}"));
        let runbook = runbook.split("\n#").next().unwrap_or_default();
        for word in ["**Means**", "**Look**", "**Do**"] {
            assert!(runbook.contains(word), "the page of {name} has no {word}");
        }
    }
}

/// A page of an alert that is no more would send people the wrong way.
#[test]
fn every_page_belongs_to_an_alert() {
    let page = read("docs/OPERATIONS.md");
    let (_, pages) = page.split_once("\n## Alerts\n").expect("the section of alerts");
    let pages = pages.split("\n## ").next().unwrap_or_default();
    let headings: BTreeSet<_> = values(pages, "### ").into_iter().map(ToOwned::to_owned).collect();
    assert_eq!(headings, alerts().into_keys().collect());
}

/// A panel that people are sent to must be there, under that name.
#[test]
fn every_panel_that_is_named_exists() {
    let page = read("docs/OPERATIONS.md");
    let (_, rest) = page.split_once("\n## Incidents\n").expect("the section of incidents");
    let dashboards = dashboards();
    let panels = dashboards.iter().flat_map(crate::files::Dashboard::panels);
    let titles: BTreeSet<_> = panels.map(|panel| text(&panel["title"])).collect();
    let rest = rest.replace("**", "");
    // Code may hold an asterisk that is none of emphasis.
    let prose: String = rest.split('`').step_by(2).collect();
    let named: BTreeSet<_> = prose.split('*').skip(1).step_by(2).collect();
    assert!(named.len() >= 10, "{named:?}");
    let missing: Vec<_> = named.difference(&titles).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
