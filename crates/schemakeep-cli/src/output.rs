//! What subcommands print on standard output.

use std::io::{self, Write};

use schemakeep::StateReport;
use serde::Serialize;
use serde_json::Value;

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

/// A document, with how the schema stands in it.
pub(crate) fn with_schema(mut document: Value, report: &StateReport) -> Value {
    document["schema_state"] = report.state.as_str().into();
    document["schema_version"] = report.head.into();
    document["target_version"] = report.target.into();
    document["pending_migrations"] = report.pending.len().into();
    document
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
