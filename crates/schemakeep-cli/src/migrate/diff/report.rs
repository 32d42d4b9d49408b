//! What `migrate diff` has written, would write, or has no need to, for people and in JSON.

use std::fmt;

use serde::{Serialize, Serializer};

use schemakeep::autogenerate::Side;
use schemakeep::diff::{DECLARED, Difference, Draft, Rename};
use schemakeep::lint::Finding;
use schemakeep::{Dialect, Migration, NewMigration};

#[derive(Serialize)]
pub(super) struct Report {
    pub(super) written: bool,
    migrations: Vec<NewMigration>,
    differences: Vec<DialectDifference>,
    /// The same words for both dialects stand once.
    warnings: Vec<Warning>,
    pub(super) findings: Vec<DialectFinding>,
    /// Why there is nothing to do.
    message: Option<String>,
}

#[derive(Serialize)]
struct DialectDifference {
    database: Dialect,
    #[serde(flatten, serialize_with = "view")]
    difference: Difference,
}

fn view<S: Serializer>(difference: &Difference, to: S) -> Result<S::Ok, S::Error> {
    DECLARED.view(difference).serialize(to)
}

#[derive(Serialize)]
struct Warning {
    databases: Vec<Dialect>,
    warning: String,
}

#[derive(Serialize)]
pub(super) struct DialectFinding {
    pub(super) database: Dialect,
    #[serde(flatten, serialize_with = "place_and_reason")]
    pub(super) finding: Finding,
}

fn place_and_reason<S: Serializer>(finding: &Finding, to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Parts<'a> {
        file: &'a str,
        line: usize,
        rule: &'static str,
        why: &'a str,
    }
    let Finding { file, line, rule, why, .. } = finding;
    Parts { file, line: *line, rule, why }.serialize(to)
}

impl Report {
    pub(super) fn new(sides: &[Side], drafts: &[Draft]) -> Self {
        let mut warnings: Vec<Warning> = Vec::new();
        for (side, draft) in sides.iter().zip(drafts) {
            for warning in &draft.warnings {
                match warnings.iter_mut().find(|known| known.warning == *warning) {
                    Some(known) => known.databases.push(side.dialect),
                    None => warnings
                        .push(Warning { databases: vec![side.dialect], warning: warning.clone() }),
                }
            }
        }
        let differences = sides.iter().flat_map(|side| {
            let differing = |difference| DialectDifference { database: side.dialect, difference };
            side.differences().into_iter().map(differing)
        });
        Self {
            written: false,
            migrations: Vec::new(),
            differences: differences.collect(),
            warnings,
            findings: Vec::new(),
            message: Some(nothing_to_do(sides)),
        }
    }

    pub(super) fn add(&mut self, migrations: Vec<NewMigration>) {
        self.migrations = migrations;
        self.message = None;
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
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in self.migrations.iter().flat_map(|migration| &migration.files) {
            let path = file.path.display();
            if self.written {
                writeln!(f, "{path}")
            } else {
                writeln!(f, "==> {path} <==\n{}", file.text)
            }?;
        }
        for Warning { databases, warning } in &self.warnings {
            let of = match databases.as_slice() {
                [one] => format!(" ({})", one.as_str()),
                _ => String::new(),
            };
            writeln!(f, "warning{of}: {warning}")?;
        }
        for DialectFinding { database, finding: found } in &self.findings {
            writeln!(f, "lint ({}): {}", database.as_str(), finding(found))?;
        }
        match (&self.message, self.written) {
            (Some(message), _) => writeln!(f, "nothing to do: {message}"),
            (_, true) => writeln!(f, "{}", self.proven()),
            (_, false) => writeln!(f, "{}; nothing was written", self.proven()),
        }
    }
}

/// Why there is nothing to do.
fn nothing_to_do(sides: &[Side]) -> String {
    let files: Vec<&str> = sides.iter().map(|side| side.file.as_str()).collect();
    let newest = sides.iter().filter_map(|side| side.set.migrations().last());
    let newest = match newest.max_by_key(|migration| migration.version) {
        Some(Migration { version, description, .. }) => {
            format!("what the migrations make, up to {version} ({description})")
        }
        None => "empty, and there are no migrations".to_owned(),
    };
    format!("{} are {newest}", files.join(" and "))
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
