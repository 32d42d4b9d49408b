//! The declared schema against what the migrations make, as `verify` and `check` say it.

use serde_json::{Value, json};

use super::schema_diff_view::{self, DECLARED};
use schemakeep::Dialect;
use schemakeep::diff::Difference;

/// What came of one dialect.
#[derive(Debug)]
pub(super) struct Compared {
    pub(super) dialect: Dialect,
    pub(super) outcome: Outcome,
}

/// Whether they were compared.
#[derive(Debug)]
pub(super) enum Outcome {
    /// This file was, and what differs.
    Compared(String, Vec<Difference>),
    /// They were not, and why.
    Not(String),
}

impl Compared {
    /// Whether nothing is known to differ.
    pub(super) fn is_well(&self) -> bool {
        match &self.outcome {
            Outcome::Compared(_, differences) => differences.is_empty(),
            Outcome::Not(_) => true,
        }
    }

    /// What fixes it, when it does not agree.
    fn fix(file: &str) -> String {
        format!(
            "`taskmanager migrate diff -m \"…\"` writes the migration that is missing; or make {file} what the migrations make"
        )
    }

    pub(super) fn document(&self) -> Value {
        match &self.outcome {
            Outcome::Not(why) => {
                json!({ "database": self.dialect.as_str(), "compared": false, "why": why })
            }
            Outcome::Compared(file, differences) => {
                let differing = !differences.is_empty();
                let documents =
                    differences.iter().map(|one| schema_diff_view::document(DECLARED, one));
                json!({
                    "database": self.dialect.as_str(),
                    "compared": true,
                    "file": file,
                    "differences": documents.collect::<Vec<_>>(),
                    "fix": differing.then(|| Self::fix(file)),
                })
            }
        }
    }

    pub(super) fn text(&self) -> String {
        let name = format!("declared  {}", self.dialect.as_str());
        match &self.outcome {
            Outcome::Not(why) => format!("{name}: not compared: {why}\n"),
            Outcome::Compared(file, differences) if differences.is_empty() => {
                format!("{name}: {file} is what the migrations make\n")
            }
            Outcome::Compared(file, differences) => {
                let lines =
                    differences.iter().map(|one| schema_diff_view::text(DECLARED, one, "    "));
                let (lines, fix) = (lines.collect::<String>(), Self::fix(file));
                format!("{name}: {file} is not what the migrations make:\n{lines}    fix: {fix}\n")
            }
        }
    }
}
