//! What `migrate diff` has written, would write, or has no need to, for people and as a document.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::migrate::schema_diff_view::{self, DECLARED};
use schemakeep::autogenerate::Side;
use schemakeep::diff::{Difference, Draft, Rename};
use schemakeep::lint::Finding;
use schemakeep::{Dialect, NewMigration};

/// What came out.
pub(super) struct Report {
    /// The declared file of each dialect, and what differed.
    sides: Vec<(Dialect, String, Vec<Difference>)>,
    /// The newest migration that was there, with its description.
    newest: Option<(i64, String)>,
    pub(super) migrations: Vec<NewMigration>,
    pub(super) written: bool,
    /// The same words for both dialects stand once.
    warnings: Vec<(Vec<Dialect>, String)>,
    pub(super) findings: Vec<(Dialect, Finding)>,
}

impl Report {
    pub(super) fn new(sides: &[Side], drafts: &[Draft]) -> Self {
        let mut warnings: Vec<(Vec<Dialect>, String)> = Vec::new();
        for (side, draft) in sides.iter().zip(drafts) {
            for warning in &draft.warnings {
                match warnings.iter_mut().find(|(_, words)| words == warning) {
                    Some((dialects, _)) => dialects.push(side.dialect),
                    None => warnings.push((vec![side.dialect], warning.clone())),
                }
            }
        }
        let newest = sides.iter().filter_map(|side| side.set.migrations().last());
        let newest = newest.max_by_key(|migration| migration.version);
        Self {
            sides: sides
                .iter()
                .map(|side| (side.dialect, side.file.clone(), side.differences()))
                .collect(),
            newest: newest.map(|newest| (newest.version, newest.description.clone())),
            migrations: Vec::new(),
            written: false,
            warnings,
            findings: Vec::new(),
        }
    }

    pub(super) fn document(&self) -> Value {
        let migrations = self.migrations.iter().map(|migration| {
            let files = migration.files.iter();
            let files = files.map(|file| json!({ "path": file.path, "text": file.text }));
            json!({
                "version": migration.version,
                "name": migration.name,
                "files": files.collect::<Vec<_>>(),
            })
        });
        let differences = self.sides.iter().flat_map(|(dialect, _, differences)| {
            differences.iter().map(|difference| {
                let mut document = schema_diff_view::document(DECLARED, difference);
                document["database"] = dialect.as_str().into();
                document
            })
        });
        let warnings = self.warnings.iter().map(|(dialects, words)| {
            let dialects: Vec<_> = dialects.iter().map(|dialect| dialect.as_str()).collect();
            json!({ "databases": dialects, "warning": words })
        });
        let findings = self.findings.iter().map(|(dialect, found)| {
            let (file, line, rule, why) = (&found.file, found.line, found.rule, &found.why);
            json!({ "database": dialect.as_str(), "file": file, "line": line, "rule": rule, "why": why })
        });
        json!({
            "written": self.written,
            "migrations": migrations.collect::<Vec<_>>(),
            "differences": differences.collect::<Vec<_>>(),
            "warnings": warnings.collect::<Vec<_>>(),
            "findings": findings.collect::<Vec<_>>(),
            "message": self.migrations.is_empty().then(|| self.nothing_to_do()),
        })
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for file in self.migrations.iter().flat_map(|migration| &migration.files) {
            let path = file.path.display();
            // Writing to a String cannot fail.
            let _ = if self.written {
                writeln!(text, "{path}")
            } else {
                writeln!(text, "==> {path} <==\n{}", file.text)
            };
        }
        for (dialects, words) in &self.warnings {
            let of = match dialects.as_slice() {
                [one] => format!(" ({})", one.as_str()),
                _ => String::new(),
            };
            let _ = writeln!(text, "warning{of}: {words}");
        }
        for (dialect, found) in &self.findings {
            let _ = writeln!(text, "lint ({}): {}", dialect.as_str(), finding(found));
        }
        let _ = match (self.migrations.is_empty(), self.written) {
            (true, _) => writeln!(text, "nothing to do: {}", self.nothing_to_do()),
            (_, true) => writeln!(text, "{}", self.proven()),
            (_, false) => writeln!(text, "{}; nothing was written", self.proven()),
        };
        text
    }

    /// What is known of every draft that is shown.
    fn proven(&self) -> &'static str {
        let mut files = self.migrations.iter().flat_map(|migration| &migration.files);
        if files.any(|file| file.text.starts_with("-- irreversible")) {
            "proven on scratch databases: up makes the declared schema, and down what was before, as far as it goes"
        } else {
            "proven on scratch databases: up makes the declared schema, and each down what was before"
        }
    }

    /// Why there is nothing to do.
    fn nothing_to_do(&self) -> String {
        let files: Vec<&str> = self.sides.iter().map(|(_, file, _)| file.as_str()).collect();
        let newest = match &self.newest {
            Some((version, description)) => {
                format!("what the migrations make, up to {version} ({description})")
            }
            None => "empty, and there are no migrations".to_owned(),
        };
        format!("{} are {newest}", files.join(" and "))
    }
}

/// A finding on one line.
pub(super) fn finding(found: &Finding) -> String {
    format!("{}:{}: {}: {}", found.file, found.line, found.rule, found.why)
}

/// What is said where somebody would have to be asked.
pub(super) fn nobody_there(open: &[Rename]) -> String {
    let flags: Vec<_> = open.iter().map(|rename| format!("--rename '{rename}'")).collect();
    format!(
        "a dropped name and a new one may be a rename, and stdin is not a terminal: rerun with {} if it is a rename, or with --yes to drop the old one, its data with it, and add the new one; nothing was written",
        flags.join(", ")
    )
}
