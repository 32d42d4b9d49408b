//! What subcommands print on standard output.

use std::fmt::Display;
use std::io::{self, Write};

use schemakeep::{Done, SchemaState, StateReport};
use serde::{Serialize, Serializer};

/// Prints a text. A reader that went away (`… | head`) is no error.
pub fn text(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Prints one JSON document, indented.
pub fn json(document: &impl Serialize) -> anyhow::Result<()> {
    Ok(text(&format!("{}\n", serde_json::to_string_pretty(document)?))?)
}

/// Prints a report for people, or as one JSON document.
pub fn report(as_json: bool, report: &(impl Serialize + Display)) -> anyhow::Result<()> {
    if as_json { json(report) } else { Ok(text(&report.to_string())?) }
}

/// How the schema stands when a command has ended.
#[derive(Debug, Serialize)]
pub(crate) struct SchemaSummary {
    pub(crate) schema_state: SchemaState,
    pub(crate) schema_version: Option<i64>,
    pub(crate) target_version: Option<i64>,
    pub(crate) pending_migrations: usize,
}

impl From<&StateReport> for SchemaSummary {
    fn from(report: &StateReport) -> Self {
        Self {
            schema_state: report.state,
            schema_version: report.head,
            target_version: report.target,
            pending_migrations: report.pending.len(),
        }
    }
}

/// Its state and version: `the schema is current, at 20261121090300`.
impl Display for SchemaSummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let head = version_or(self.schema_version, "nothing");
        write!(f, "the schema is {}, at {head}", self.schema_state.as_str())
    }
}

pub(crate) fn version_or(version: Option<i64>, none: &str) -> String {
    version.map_or_else(|| none.to_owned(), |version| version.to_string())
}

/// Versions with their descriptions, without the time that they took.
pub(crate) fn versions<S: Serializer>(done: &[Done], to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Version<'a> {
        version: i64,
        description: &'a str,
    }
    to.collect_seq(
        done.iter()
            .map(|Done { version, description, .. }| Version { version: *version, description }),
    )
}

/// Lays rows out in columns under a heading, two spaces apart.
pub fn table<const N: usize>(heading: [&str; N], rows: &[[&str; N]]) -> String {
    let lines = || std::iter::once(&heading).chain(rows);
    let widths: [usize; N] = std::array::from_fn(|column| {
        lines().map(|line| line[column].chars().count()).max().unwrap_or_default()
    });
    let mut table = String::new();
    for line in lines() {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        table.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        table.push('\n');
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let rows = [["größe", "1", "x"], ["b", "", "y"]];
        let expected = "NAME   VALUE  SOURCE\ngröße  1      x\nb             y\n";
        assert_eq!(table(["NAME", "VALUE", "SOURCE"], &rows), expected);
    }
}
