//! The files that the tests read: dashboards, rules and the tests of rules.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The project's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file, by its path in the project.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files of a folder that end in `.extension`, by name.
pub(crate) fn listed(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).expect("a folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    assert!(!paths.is_empty(), "nothing in {folder}");
    paths
}

/// A dashboard of Grafana, as its file has it.
#[derive(Debug)]
pub(crate) struct Dashboard {
    /// The file's name.
    pub(crate) name: String,
    /// The whole document.
    pub(crate) json: Value,
}

/// An expression of a dashboard.
#[derive(Debug)]
pub(crate) struct Target {
    /// Where it stands, for people.
    pub(crate) place: String,
    /// In `PromQL`, with Grafana's variables.
    pub(crate) expression: String,
    /// How its series are named.
    pub(crate) legend: String,
}

/// Every dashboard.
pub(crate) fn dashboards() -> Vec<Dashboard> {
    let load = |path: PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a dashboard");
        let json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        Dashboard { name, json }
    };
    listed("grafana/dashboards", "json").into_iter().map(load).collect()
}

impl Dashboard {
    /// The panels that show something; rows only divide.
    pub(crate) fn panels(&self) -> Vec<&Value> {
        let panels = array(&self.json["panels"]).iter();
        let panels: Vec<_> = panels.filter(|panel| panel["type"] != "row").collect();
        assert!(panels.len() >= 10, "{}: only {} panels", self.name, panels.len());
        panels
    }

    /// The variables.
    pub(crate) fn variables(&self) -> &[Value] {
        array(&self.json["templating"]["list"])
    }

    /// The expressions of all panels and annotations.
    pub(crate) fn targets(&self) -> Vec<Target> {
        let mut found = Vec::new();
        for panel in self.panels() {
            for target in array(&panel["targets"]) {
                found.push(Target {
                    place: format!("{}: {}", self.name, text(&panel["title"])),
                    expression: text(&target["expr"]).to_owned(),
                    legend: text(&target["legendFormat"]).to_owned(),
                });
            }
        }
        for annotation in array(&self.json["annotations"]["list"]) {
            found.push(Target {
                place: format!("{}: annotation {}", self.name, text(&annotation["name"])),
                expression: text(&annotation["expr"]).to_owned(),
                legend: text(&annotation["titleFormat"]).to_owned(),
            });
        }
        found
    }
}

/// The members of an array; none where there is no array.
pub(crate) fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A text; empty where there is none.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
