//! The rules that need no parser: each looks at words, and knows what it cannot see.

use super::{Finding, Severity, Subject};
use crate::migrate::Dialect;
use crate::migrate::scan::{Statement, forbidden};

type Rule = fn(&Subject<'_>) -> Vec<Finding>;

/// Every rule, in the order of the documentation.
pub(super) const ALL: [Rule; 10] = [
    no_compat,
    wrong_compat,
    transaction_control,
    wrong_directive,
    concurrently_in_transaction,
    validate_in_same_transaction,
    everything_changed,
    several_risky_statements,
    referenced_table_dropped,
    down_does_not_undo,
];

fn no_compat(subject: &Subject<'_>) -> Vec<Finding> {
    if subject.migration.compat().is_some() {
        return Vec::new();
    }
    let why = "nothing says whether the release before this one can serve the schema after it, so it will refuse to";
    let safe = "begin the file with `-- compat: additive` or `-- compat: breaking`";
    let finding = subject.finding(1, "undeclared-compat", why, safe);
    vec![Finding { severity: Severity::Warning, ..finding }]
}

fn wrong_compat(subject: &Subject<'_>) -> Vec<Finding> {
    let breaks = |statement: &&Statement| {
        let words = Words::of(statement);
        let dropped = words.begins(&["DROP", "TABLE"]) || words.begins(&["DROP", "VIEW"]);
        let altered = words.begins(&["ALTER", "TABLE"])
            && (words.has(&["RENAME"])
                || words.has(&["DROP", "COLUMN"])
                || words.has(&["SET", "NOT", "NULL"])
                || words.has(&["TYPE"]));
        (dropped || altered) && !subject.migration.directives.rebuild
    };
    let at = |statement: &Statement| {
        subject.finding(
            statement.line,
            "wrong-compat",
            "declared additive, but the release that runs now may use what this takes away or renames",
            "expand now and contract in the next release, or declare `-- compat: breaking`",
        )
    };
    if subject.is_additive() {
        subject.up.iter().filter(breaks).map(at).collect()
    } else {
        Vec::new()
    }
}

fn transaction_control(subject: &Subject<'_>) -> Vec<Finding> {
    let found = forbidden(&subject.migration.up_sql, subject.dialect);
    let at = |(line, statement): (usize, String)| {
        let why = format!(
            "{statement} would end the transaction that holds the migration and its record together"
        );
        subject.finding(
            line,
            "transaction-control",
            why,
            "remove it: each migration runs in one transaction of its own",
        )
    };
    found.map(at).into_iter().collect()
}

fn wrong_directive(subject: &Subject<'_>) -> Vec<Finding> {
    let directives = &subject.migration.directives;
    let mut findings = Vec::new();
    if directives.no_transaction && subject.dialect == Dialect::Sqlite {
        let why = "SQLite has nothing that cannot run in a transaction, and half a migration cannot be taken back";
        findings.push(subject.finding(1, "no-transaction-on-sqlite", why, "remove the directive"));
    }
    if directives.rebuild && subject.dialect == Dialect::Postgres {
        let why = "PostgreSQL changes tables in place; a rebuild is SQLite's way";
        findings.push(subject.finding(1, "rebuild-on-postgres", why, "remove the directive"));
    }
    findings
}

fn concurrently_in_transaction(subject: &Subject<'_>) -> Vec<Finding> {
    if subject.migration.directives.no_transaction {
        return Vec::new();
    }
    let concurrent = |statement: &&Statement| {
        let words = Words::of(statement);
        words.has(&["CONCURRENTLY"]) && !words.begins(&["REFRESH"])
    };
    let at = |statement: &Statement| {
        subject.finding(
            statement.line,
            "concurrently-in-transaction",
            "PostgreSQL refuses CONCURRENTLY inside a transaction",
            "put it alone into a file whose first line is `-- no-transaction`",
        )
    };
    subject.up.iter().filter(concurrent).map(at).collect()
}

fn validate_in_same_transaction(subject: &Subject<'_>) -> Vec<Finding> {
    let added = subject.up.iter().any(|statement| Words::of(statement).has(&["NOT", "VALID"]));
    if !added || subject.migration.directives.no_transaction {
        return Vec::new();
    }
    let validates = |statement: &&Statement| Words::of(statement).has(&["VALIDATE", "CONSTRAINT"]);
    let at = |statement: &Statement| {
        Finding {
        lock: Some("ACCESS EXCLUSIVE"),
        ..subject.finding(
            statement.line,
            "validate-in-same-transaction",
            "the lock of ADD CONSTRAINT … NOT VALID is kept while VALIDATE scans the table, so nothing was won",
            "VALIDATE CONSTRAINT in a migration of its own, after this one",
        )
    }
    };
    subject.up.iter().filter(validates).map(at).collect()
}

fn everything_changed(subject: &Subject<'_>) -> Vec<Finding> {
    let unbounded = |statement: &&Statement| {
        let words = Words::of(statement);
        let whole = words.begins(&["UPDATE"]) || words.begins(&["DELETE", "FROM"]);
        whole
            && !words.has(&["WHERE"])
            && !is_made_here(subject, words.after(&["FROM"]).or(words.at(1)))
    };
    let at = |statement: &Statement| {
        Finding {
        lock: Some("ROW EXCLUSIVE, and a lock on every row"),
        ..subject.finding(
            statement.line,
            "every-row-changed",
            "changes every row in one transaction: all of them stay locked until it ends, and the table grows by as much again",
            "batches by key, each in a transaction of its own; a WHERE clause where not every row is meant",
        )
    }
    };
    subject.up.iter().filter(unbounded).map(at).collect()
}

fn several_risky_statements(subject: &Subject<'_>) -> Vec<Finding> {
    let risky = |statement: &&Statement| is_risky(subject, statement);
    let at = |statement: &Statement| Finding {
        severity: Severity::Warning,
        ..subject.finding(
            statement.line,
            "several-risky-statements",
            "the locks of the risky statements before it are held until this one is done too",
            "one risky statement a migration",
        )
    };
    subject.up.iter().filter(risky).nth(1).map(at).into_iter().collect()
}

/// Whether a statement locks or reads a table that was there before this file.
fn is_risky(subject: &Subject<'_>, statement: &Statement) -> bool {
    let words = Words::of(statement);
    if subject.dialect == Dialect::Sqlite || words.has(&["CONCURRENTLY"]) {
        return false;
    }
    if words.begins(&["CREATE", "INDEX"]) || words.begins(&["CREATE", "UNIQUE", "INDEX"]) {
        return !is_made_here(subject, words.after(&["ON"]));
    }
    if words.begins(&["ALTER", "TABLE"]) {
        let scans = (words.has(&["ADD", "CONSTRAINT"]) && !words.has(&["NOT", "VALID"]))
            || words.has(&["SET", "NOT", "NULL"])
            || words.has(&["VALIDATE"])
            || words.has(&["TYPE"]);
        return scans && !is_made_here(subject, table_after(&words, 2));
    }
    words.begins(&["DROP", "TABLE"]) || words.begins(&["UPDATE"]) || words.begins(&["DELETE"])
}

fn referenced_table_dropped(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for statement in &subject.up {
        let words = Words::of(statement);
        let Some(table) =
            words.begins(&["DROP", "TABLE"]).then(|| table_after(&words, 2)).flatten()
        else {
            continue;
        };
        if subject.migration.directives.rebuild || is_made_here(subject, Some(table)) {
            continue;
        }
        let texts = subject.earlier.iter().map(|migration| &migration.up_sql);
        let refers = texts.flat_map(|text| crate::migrate::scan::statements(text, subject.dialect));
        let referring = refers.into_iter().any(|earlier| {
            let words = Words::of(&earlier);
            words.after(&["REFERENCES"]).is_some_and(|to| to.eq_ignore_ascii_case(table))
        });
        if referring {
            let why = format!(
                "a foreign key refers to {table}: dropping it locks the referring table too, and on SQLite empties it where the key says ON DELETE CASCADE"
            );
            let safe = "drop the foreign key first, in a migration of its own; on SQLite rebuild the table with `-- rebuild`";
            let finding = subject.finding(statement.line, "referenced-table-dropped", why, safe);
            findings.push(Finding { lock: Some("ACCESS EXCLUSIVE on both tables"), ..finding });
        }
    }
    findings
}

fn down_does_not_undo(subject: &Subject<'_>) -> Vec<Finding> {
    if subject.migration.irreversible.is_some() {
        return Vec::new();
    }
    let undone = |kind: &str, name: &str| {
        subject.down.iter().any(|statement| {
            let words = Words::of(statement);
            words.has(&["DROP", kind]) && words.names(name)
        })
    };
    let mut findings = Vec::new();
    for statement in &subject.up {
        let words = Words::of(statement);
        let Some((kind, name)) = made(&words) else { continue };
        // An index or a trigger goes with its table; one that is made and dropped in one file leaves nothing.
        let with_table = matches!(kind, "INDEX" | "TRIGGER")
            && words.after(&["ON"]).is_some_and(|table| undone("TABLE", table));
        let dropped_again = subject.up.iter().any(|later| {
            let words = Words::of(later);
            words.has(&["DROP", kind]) && words.names(name)
        });
        let renamed = subject.migration.directives.rebuild;
        if !undone(kind, name) && !with_table && !dropped_again && !renamed {
            let kind = kind.to_lowercase();
            let why = format!("the down file does not drop the {kind} {name} that this makes");
            let safe = "undo in the down file what the up file does, or declare it irreversible there, with the reason";
            findings.push(subject.finding(statement.line, "down-does-not-undo", why, safe));
        }
    }
    if subject.down.is_empty() && findings.is_empty() && !subject.up.is_empty() {
        let why = "the down file holds no statement";
        let safe = "undo in the down file what the up file does, or declare it irreversible there, with the reason";
        findings.push(subject.finding(1, "down-does-not-undo", why, safe));
    }
    findings
}

/// What a statement makes: its kind and its name.
fn made<'a>(words: &Words<'a>) -> Option<(&'static str, &'a str)> {
    if words.begins(&["ALTER", "TABLE"]) && words.has(&["ADD", "COLUMN"]) {
        let name = words.after(&["ADD", "COLUMN", "IF", "NOT", "EXISTS"]);
        return Some(("COLUMN", name.or(words.after(&["ADD", "COLUMN"]))?));
    }
    if !words.begins(&["CREATE"]) {
        return None;
    }
    for kind in ["TABLE", "INDEX", "VIEW", "TRIGGER", "TYPE", "SEQUENCE"] {
        let position = words.0.iter().take(4).position(|word| word == kind);
        if let Some(position) = position {
            let skipped = ["CONCURRENTLY", "IF", "NOT", "EXISTS"];
            let name =
                words.0[position + 1..].iter().find(|word| !skipped.contains(&word.as_str()));
            return name.map(|name| (kind, name.as_str()));
        }
    }
    None
}

fn is_made_here(subject: &Subject<'_>, table: Option<&str>) -> bool {
    let makes = |statement: &Statement| {
        let words = Words::of(statement);
        made(&words).is_some_and(|(kind, name)| {
            kind == "TABLE" && table.is_some_and(|table| table.eq_ignore_ascii_case(name))
        })
    };
    subject.up.iter().any(makes)
}

/// The table's name after the first `from` words, `IF EXISTS` and `ONLY` left out.
fn table_after<'a>(words: &Words<'a>, from: usize) -> Option<&'a str> {
    let skipped = ["IF", "EXISTS", "ONLY"];
    words.0.get(from..)?.iter().find(|word| !skipped.contains(&word.as_str())).map(String::as_str)
}

/// The words of a statement, parentheses included.
struct Words<'a>(&'a [String]);

impl<'a> Words<'a> {
    fn of(statement: &'a Statement) -> Self {
        Self(&statement.tokens)
    }

    fn begins(&self, words: &[&str]) -> bool {
        self.0.len() >= words.len() && self.0.iter().zip(words).all(|(have, want)| have == want)
    }

    fn has(&self, words: &[&str]) -> bool {
        self.position(words).is_some()
    }

    fn position(&self, words: &[&str]) -> Option<usize> {
        self.0.windows(words.len()).position(|window| window.iter().zip(words).all(|(a, b)| a == b))
    }

    /// The word after these.
    fn after(&self, words: &[&str]) -> Option<&'a str> {
        self.0.get(self.position(words)? + words.len()).map(String::as_str)
    }

    fn at(&self, index: usize) -> Option<&'a str> {
        self.0.get(index).map(String::as_str)
    }

    fn names(&self, name: &str) -> bool {
        self.0.iter().any(|word| word.eq_ignore_ascii_case(name))
    }
}
