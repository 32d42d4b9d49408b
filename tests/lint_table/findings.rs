//! Each migration of the table gives its findings and none else.

use std::collections::BTreeSet;

use rstest::rstest;
use schemakeep::lint::{Finding, RULES, lint};
use schemakeep::{Dialect, MigrationSet};
use tempfile::TempDir;

use crate::measured::strongest;
use testkit::Backend;
use testkit::lint_table::{Row, rows};

/// The version in question.
const ROW: i64 = 20_300_103_000_000;

pub(crate) fn dialect(backend: Backend) -> Dialect {
    match backend {
        Backend::Postgres => Dialect::Postgres,
        Backend::Sqlite => Dialect::Sqlite,
    }
}

fn found(row: &Row) -> Vec<Finding> {
    let folder = TempDir::new().unwrap();
    let write = |stem: &str, up: &str, down: &str| {
        std::fs::write(folder.path().join(format!("{stem}.up.sql")), up).unwrap();
        std::fs::write(folder.path().join(format!("{stem}.down.sql")), down).unwrap();
    };
    write("20300101000000_create_library", &row.base, "SELECT 1;\n");
    if !row.before.is_empty() {
        write("20300102000000_prepare_library", &row.before, "SELECT 1;\n");
    }
    write("20300103000000_change_library", &row.up, &row.down);
    let set = MigrationSet::from_directory(folder.path()).unwrap();
    lint(&set, dialect(row.dialect), |version| version == ROW)
}

#[rstest]
#[case(Backend::Postgres)]
#[case(Backend::Sqlite)]
fn each_migration_has_its_findings_and_none_else(#[case] backend: Backend) {
    let mut wrong = Vec::new();
    for row in rows(backend) {
        let mut expected = row.expected.clone();
        expected.sort_by_key(|(rule, line)| (*line, rule.clone()));
        let found: Vec<_> =
            found(&row).iter().map(|finding| (finding.rule.to_owned(), finding.line)).collect();
        if found != expected {
            wrong.push(format!("{}:\n  expected {expected:?}\n  found    {found:?}", row.name));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// What a finding says of lock, rewrite and scan is what the row says, which is what is measured.
#[test]
fn findings_claim_what_the_row_has() {
    let mut wrong = Vec::new();
    for row in rows(Backend::Postgres) {
        let costly: Vec<_> = found(&row).into_iter().filter(|it| it.lock.is_some()).collect();
        if costly.is_empty() || row.fails {
            continue;
        }
        let locks: Vec<String> =
            costly.iter().filter_map(|finding| finding.lock.map(str::to_owned)).collect();
        let claimed = (
            strongest(&locks),
            costly.iter().any(|finding| finding.rewrites),
            costly.iter().any(|finding| finding.scans),
        );
        let measured = row.cost.as_ref().map(|it| (it.lock.clone(), it.rewrites, it.scans));
        if Some(&claimed) != measured.as_ref() {
            wrong.push(format!("{}: claims {claimed:?}, the row has {measured:?}", row.name));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn the_table_is_long_and_has_every_rule() {
    let all: Vec<Row> = [Backend::Postgres, Backend::Sqlite].into_iter().flat_map(rows).collect();
    assert!(all.len() >= 40, "{}", all.len());
    let found: BTreeSet<&str> =
        all.iter().flat_map(|row| &row.expected).map(|(rule, _)| rule.as_str()).collect();
    let known: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(found, known);
    let names: BTreeSet<_> = all.iter().map(|row| (row.name.clone(), row.dialect as u8)).collect();
    assert_eq!(names.len(), all.len(), "two rows have one name");
}
