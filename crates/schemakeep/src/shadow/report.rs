//! A rehearsal in words.

use std::fmt::Write as _;

use super::{Rehearsal, RehearsedMigration, RehearsedRows};

/// A number with a comma at every third digit.
#[must_use]
pub fn amount(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A size in the largest unit of a thousand that it has one of.
#[must_use]
pub fn bytes(number: u64) -> String {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    let found = units.into_iter().find(|(_, size)| number >= *size);
    found.map_or_else(
        || format!("{number} B"),
        |(unit, size)| format!("{} {unit}", amount(number / size)),
    )
}

impl Rehearsal {
    /// What was seen of a migration.
    #[must_use]
    pub fn migration(&self, version: i64) -> Option<&RehearsedMigration> {
        self.migrations.iter().find(|migration| migration.version == version)
    }

    /// Where it was and how it ended, a sentence a line.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        if !self.place.is_empty() {
            let _ = writeln!(text, "rehearsed on {}", self.place);
        }
        if let Some(failure) = &self.failure {
            let (file, line) = (&failure.file, failure.line);
            let _ = writeln!(text, "fails: {file}, line {line}: {}", failure.message);
        }
        if let Some(why) = &self.not_rehearsed {
            let _ = writeln!(text, "not rehearsed: {why}");
        }
        text
    }
}

impl RehearsedMigration {
    /// How long it took and what became of the rows; empty where the data were not the real ones.
    #[must_use]
    pub fn text(&self, indent: &str) -> String {
        if !self.real_rows {
            return String::new();
        }
        let mut text =
            format!("{indent}took {:.1} ms on the copy", self.took.as_secs_f64() * 1_000.0);
        for RehearsedRows { table, before, after } in &self.rows {
            let _ = match (before, after) {
                (Some(before), Some(after)) if before == after => {
                    write!(text, "; {table}: {} rows, as before", amount(*after))
                }
                (Some(before), Some(after)) => {
                    write!(text, "; {table}: {} rows, {} before", amount(*after), amount(*before))
                }
                (None, Some(after)) => write!(text, "; {table}: new, {} rows", amount(*after)),
                (Some(before), None) => {
                    write!(text, "; {table}: gone, {} rows before", amount(*before))
                }
                (None, None) => Ok(()),
            };
        }
        text + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::{amount, bytes};

    #[test]
    fn numbers_are_read_at_a_glance() {
        assert_eq!([amount(0), amount(999), amount(1_200_000)], ["0", "999", "1,200,000"]);
        assert_eq!([bytes(8), bytes(8_192), bytes(340_000_000)], ["8 B", "8 kB", "340 MB"]);
        assert_eq!(bytes(2_000_000_000_000), "2,000 GB");
    }
}
