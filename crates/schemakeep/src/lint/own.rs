//! The rules that are the same for both dialects: about directives, transactions, and the way back.

use super::registry::{
    CONCURRENTLY_IN_TRANSACTION, DOWN_DOES_NOT_UNDO, NO_TRANSACTION_ON_SQLITE, NOT_IN_TRANSACTION,
    REBUILD_ON_POSTGRES, SEVERAL_RISKY_STATEMENTS, TRANSACTION_CONTROL, UNDECLARED_COMPAT,
};
use super::{Finding, Reading, Subject};
use schemakeep_db::Dialect;
use schemakeep_files::files::Direction;
use schemakeep_sql::lexer::{Statement, forbidden};

type Check = fn(&Subject<'_>, &Reading) -> Vec<Finding>;

/// Every rule that needs no dialect.
pub(super) const ALL: [Check; 7] = [
    no_compat,
    transaction_control,
    wrong_directive,
    concurrently_in_transaction,
    not_in_transaction,
    several_risky_statements,
    down_does_not_undo,
];

fn no_compat(subject: &Subject<'_>, _: &Reading) -> Vec<Finding> {
    if subject.migration.compat().is_some() {
        return Vec::new();
    }
    let why = "nothing says whether the release before this one can serve the schema after it, so it will refuse to";
    vec![subject.finding(&UNDECLARED_COMPAT, 1, why)]
}

fn transaction_control(subject: &Subject<'_>, _: &Reading) -> Vec<Finding> {
    let migration = subject.migration;
    let files = [(Direction::Up, &migration.up_sql), (Direction::Down, &migration.down_sql)];
    let found = files.into_iter().filter_map(|(direction, text)| {
        let (line, statement) = forbidden(text, subject.dialect)?;
        let why = format!(
            "{statement} would end the transaction that holds the migration and its record together"
        );
        Some(subject.in_file(direction, subject.finding(&TRANSACTION_CONTROL, line, why)))
    });
    found.collect()
}

fn wrong_directive(subject: &Subject<'_>, _: &Reading) -> Vec<Finding> {
    let directives = &subject.migration.directives;
    let mut findings = Vec::new();
    if directives.no_transaction && subject.dialect == Dialect::Sqlite {
        let why = "SQLite has nothing that cannot run in a transaction, and half a migration cannot be taken back";
        findings.push(subject.finding(&NO_TRANSACTION_ON_SQLITE, 1, why));
    }
    if directives.rebuild && subject.dialect == Dialect::Postgres {
        let why = "PostgreSQL changes tables in place; a rebuild is SQLite's way";
        findings.push(subject.finding(&REBUILD_ON_POSTGRES, 1, why));
    }
    findings
}

fn concurrently_in_transaction(subject: &Subject<'_>, _: &Reading) -> Vec<Finding> {
    let concurrent = |statement: &&Statement| {
        let mut words = statement.tokens.iter().map(String::as_str);
        // A materialized view may be refreshed so in a transaction.
        words.clone().next() != Some("REFRESH") && words.any(|word| word == "CONCURRENTLY")
    };
    let at = |statement: &Statement| {
        let why = "PostgreSQL refuses CONCURRENTLY inside a transaction";
        subject.finding(&CONCURRENTLY_IN_TRANSACTION, statement.line, why)
    };
    if subject.dialect == Dialect::Sqlite || !subject.in_transaction() {
        return Vec::new();
    }
    subject.up.iter().filter(concurrent).map(at).collect()
}

fn not_in_transaction(subject: &Subject<'_>, _: &Reading) -> Vec<Finding> {
    let postgres = subject.dialect == Dialect::Postgres;
    if postgres && !subject.in_transaction() {
        return Vec::new();
    }
    let refused = subject.up.iter().filter_map(|statement| {
        let words: Vec<_> = statement.words.iter().map(String::as_str).collect();
        let what = match words.as_slice() {
            ["VACUUM", ..] => "VACUUM",
            ["ALTER", "SYSTEM", ..] if postgres => "ALTER SYSTEM",
            ["CREATE" | "DROP", "DATABASE", ..] if postgres => "CREATE and DROP DATABASE",
            ["CREATE" | "DROP", "TABLESPACE", ..] if postgres => "CREATE and DROP TABLESPACE",
            ["REINDEX", "DATABASE" | "SYSTEM" | "SCHEMA", ..] if postgres => {
                "REINDEX of more than a table"
            }
            ["CLUSTER"] if postgres => "CLUSTER of every table",
            _ => return None,
        };
        let why = format!("{} refuses {what} inside a transaction", subject.dialect.name());
        Some(subject.finding(&NOT_IN_TRANSACTION, statement.line, why))
    });
    refused.collect()
}

fn several_risky_statements(subject: &Subject<'_>, reading: &Reading) -> Vec<Finding> {
    if !subject.in_transaction() {
        return Vec::new();
    }
    let second = reading.risky.iter().nth(1).map(|line| {
        let why = "the locks of the risky statements before it are held until this one is done too";
        subject.finding(&SEVERAL_RISKY_STATEMENTS, *line, why)
    });
    second.into_iter().collect()
}

fn down_does_not_undo(subject: &Subject<'_>, reading: &Reading) -> Vec<Finding> {
    let (migration, Some(down)) = (subject.migration, &reading.down) else { return Vec::new() };
    // A rebuild gives a new table the old one's name: what is made there is not what is left.
    if migration.irreversible.is_some() {
        return Vec::new();
    }
    if subject.down.is_empty() {
        let why = "the down file holds no statement";
        let nothing = subject.up.is_empty();
        return (!nothing)
            .then(|| subject.finding(&DOWN_DOES_NOT_UNDO, 1, why))
            .into_iter()
            .collect();
    }
    if migration.directives.rebuild {
        return Vec::new();
    }
    let left = |thing: &&super::effects::Thing| {
        !down.takes_away(thing) && !down.replaces(thing) && !reading.up.takes_away(thing)
    };
    let at = |thing: &super::effects::Thing| {
        let (kind, name) = (thing.kind.as_str(), &thing.name);
        let why = format!("the down file does not drop the {kind} {name} that this makes");
        subject.finding(&DOWN_DOES_NOT_UNDO, thing.line, why)
    };
    reading.up.made.iter().filter(left).map(at).collect()
}
