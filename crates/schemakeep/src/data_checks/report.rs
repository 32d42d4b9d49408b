//! Checks for people, and for programs.

use serde::{Serialize, Serializer};

use super::{Check, Outcome, Preflight};

impl Preflight {
    /// The checks that stop a migration.
    pub fn violations(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.outcome == Outcome::Violated)
    }
}

impl Check {
    /// The check as one line.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { file, line, what, count, .. } = self;
        let sample = self.sampled.map(|sample| format!(" in a sample of {} rows", sample.rows));
        let sample = sample.unwrap_or_default();
        match &self.outcome {
            Outcome::Clean => format!("{file}:{line}: no {what}{sample}"),
            Outcome::NotChecked(why) => format!("{file}:{line}: not checked: {what}: {why}"),
            Outcome::Violated => {
                let what = match (*count, what.split_once("s ")) {
                    (1, Some((one @ ("row" | "value"), rest))) => format!("{one} {rest}"),
                    _ => what.clone(),
                };
                let fix = match self.fix.as_str() {
                    "" => String::new(),
                    fix => format!("; fix: {fix}"),
                };
                format!("{file}:{line}: {count} {what}{sample}{}{fix}", self.shown_examples())
            }
        }
    }

    /// ` (id 1, 2, …)`
    fn shown_examples(&self) -> String {
        if self.examples.is_empty() {
            return String::new();
        }
        let shown = u64::try_from(self.examples.len()).unwrap_or(u64::MAX);
        let more = if self.count > shown { ", …" } else { "" };
        let key = match self.key.as_slice() {
            [one] => one.clone(),
            several => format!("({})", several.join(", ")),
        };
        format!(" ({key} {}{more})", self.examples.join(", "))
    }
}

/// The word for it, and why it is not known; null where it is.
pub(super) fn outcome<S: Serializer>(outcome: &Outcome, to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Parts<'a> {
        outcome: &'static str,
        why: Option<&'a str>,
    }
    let (outcome, why) = match outcome {
        Outcome::Clean => ("clean", None),
        Outcome::Violated => ("violated", None),
        Outcome::NotChecked(why) => ("not_checked", Some(why.as_str())),
    };
    Parts { outcome, why }.serialize(to)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::Sample;
    use super::{Check, Outcome};

    fn check(outcome: Outcome) -> Check {
        Check {
            version: 20_270_101_000_000,
            file: "20270101000000_require_assignee.up.sql".to_owned(),
            line: 3,
            table: "tasks".to_owned(),
            what: "rows with NULL in tasks.assignee".to_owned(),
            count: 42,
            key: vec!["id".to_owned()],
            examples: vec!["a".to_owned(), "b".to_owned()],
            sampled: None,
            outcome,
            fix: "UPDATE tasks SET assignee = … WHERE assignee IS NULL".to_owned(),
        }
    }

    #[test]
    fn a_line_says_where_what_which_and_what_fixes_it() {
        let at = "20270101000000_require_assignee.up.sql:3:";
        let fix = "; fix: UPDATE tasks SET assignee = … WHERE assignee IS NULL";
        let many = check(Outcome::Violated);
        assert_eq!(
            many.line(),
            format!("{at} 42 rows with NULL in tasks.assignee (id a, b, …){fix}")
        );
        let one = Check { count: 1, examples: vec!["a".to_owned()], ..many.clone() };
        assert_eq!(one.line(), format!("{at} 1 row with NULL in tasks.assignee (id a){fix}"));
        let sample = Some(Sample { rows: 100, at_least: 1000 });
        let clean = Check { sampled: sample, ..check(Outcome::Clean) };
        assert_eq!(
            clean.line(),
            format!("{at} no rows with NULL in tasks.assignee in a sample of 100 rows")
        );
        let open = check(Outcome::NotChecked("filled by line 1".to_owned()));
        assert_eq!(
            open.line(),
            format!("{at} not checked: rows with NULL in tasks.assignee: filled by line 1")
        );
    }

    #[test]
    fn the_document_has_every_part() {
        let checks = [check(Outcome::Violated), check(Outcome::NotChecked("late".to_owned()))];
        let document = serde_json::to_value(checks).expect("a document");
        let first = &document[0];
        assert_eq!((&first["outcome"], &first["count"]), (&"violated".into(), &42.into()));
        assert_eq!((&first["why"], &document[1]["why"]), (&Value::Null, &"late".into()));
    }
}
