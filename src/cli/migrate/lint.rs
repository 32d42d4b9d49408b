//! `taskmanager migrate lint`: what will hurt, found in the files alone.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::common::Common;
use crate::cli::output;
use crate::config::Config;
use crate::migrate::Dialect;
use crate::migrate::files::FileName;
use crate::migrate::lint::{Finding, Severity, lint};

/// Exit code when there are findings.
const FINDINGS: u8 = 10;

/// Find what will hurt, in the files alone: for both databases, no database needed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 no error-level finding, 2 a file that is none of the migrations, 10 findings.\n\nExamples:\n  taskmanager migrate lint\n  taskmanager migrate lint migrations/postgres/20261121090000_create_tasks.up.sql --json"
)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    common: Common,
    /// Only these files; all of them unless given
    files: Vec<PathBuf>,
}

impl Args {
    pub(in crate::cli) fn run(self, _: &Config) -> anyhow::Result<ExitCode> {
        let mut sets = Vec::new();
        for (dialect, folder) in [(Dialect::Postgres, "postgres"), (Dialect::Sqlite, "sqlite")] {
            match self.common.set_of(dialect) {
                Ok(set) => sets.push((dialect, folder, set)),
                Err(error) => return self.common.fail_with(&error),
            }
        }
        let known = |version| sets.iter().any(|(_, _, set)| set.get(version).is_some());
        let versions = match self.versions(known) {
            Ok(versions) => versions,
            Err(message) => return self.common.fail(&message, super::common::USAGE),
        };
        let mut findings = Vec::new();
        for (dialect, folder, set) in &sets {
            let concerned = |version| versions.is_empty() || versions.contains(&version);
            let found = lint(set, *dialect, concerned);
            findings.extend(found.into_iter().map(|finding| (*folder, finding)));
        }
        if self.common.json {
            let documents: Vec<Value> = findings.iter().map(|(at, f)| document(at, f)).collect();
            output::json(&json!({ "findings": documents }))?;
        } else if findings.is_empty() {
            output::text("no findings\n")?;
        } else {
            output::text(&findings.iter().map(|(at, f)| text(at, f)).collect::<String>())?;
        }
        let grave = findings.iter().any(|(_, finding)| finding.severity == Severity::Error);
        Ok(ExitCode::from(if grave { FINDINGS } else { 0 }))
    }

    fn versions(&self, known: impl Fn(i64) -> bool) -> Result<BTreeSet<i64>, String> {
        let version = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let parsed =
                FileName::parse(&name).map_err(|rule| format!("{}: {rule}", path.display()));
            let version = parsed?.version;
            if known(version) {
                return Ok(version);
            }
            Err(format!(
                "{}: no such migration here; --migrations FOLDER reads another folder",
                path.display()
            ))
        };
        self.files.iter().map(version).collect()
    }
}

fn document(folder: &str, finding: &Finding) -> Value {
    json!({
        "file": format!("{folder}/{}", finding.file),
        "line": finding.line,
        "rule": finding.rule,
        "severity": finding.severity.as_str(),
        "lock": finding.lock,
        "why": finding.why,
        "safe": finding.safe,
    })
}

fn text(folder: &str, finding: &Finding) -> String {
    let lock = finding.lock.map(|lock| format!("\n  lock: {lock}")).unwrap_or_default();
    format!(
        "{folder}/{}:{}: {} [{}]{lock}\n  why: {}\n  safe: {}\n",
        finding.file,
        finding.line,
        finding.severity.as_str(),
        finding.rule,
        finding.why,
        finding.safe,
    )
}
