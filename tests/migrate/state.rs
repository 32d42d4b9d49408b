//! The state as a pure function: a table, and properties.

use proptest::prelude::*;
use rstest::rstest;
use schemakeep::directives::{Compat, Directives};
use schemakeep::history::read::{AppliedMigration, SchemaHistory};
use schemakeep::state::{Reason, state};
use schemakeep::{Migration, SchemaState, refusal};
use taskmanager::config::MigrateMode;

fn embedded(versions: &[i64]) -> Vec<Migration> {
    let migration = |version: &i64| Migration {
        version: *version,
        description: format!("step {version}"),
        up_sql: "SELECT 1".into(),
        down_sql: "SELECT 1".into(),
        checksum: vec![1],
        directives: Directives::default(),
        down_directives: Directives::default(),
        irreversible: None,
    };
    versions.iter().map(migration).collect()
}

fn row(version: i64) -> AppliedMigration {
    let (success, checksum) = (true, vec![1]);
    AppliedMigration {
        version,
        description: String::new(),
        success,
        checksum,
        installed_on: None,
        compat: None,
    }
}

/// A record of these rows and nothing else.
fn of(rows: &[AppliedMigration]) -> SchemaHistory {
    SchemaHistory { rows: rows.to_vec(), ..SchemaHistory::default() }
}

fn with(version: i64, compat: Compat) -> AppliedMigration {
    AppliedMigration { compat: Some(compat), ..row(version) }
}

fn changed(version: i64) -> AppliedMigration {
    AppliedMigration { checksum: vec![2], ..row(version) }
}

fn stopped(version: i64) -> AppliedMigration {
    AppliedMigration { success: false, ..row(version) }
}

#[rstest]
#[case::nothing_at_all(&[], &[], &[], SchemaState::Current)]
#[case::fresh(&[1, 2], &[], &["t"], SchemaState::Behind)]
#[case::all(&[1, 2], &[row(1), row(2)], &[], SchemaState::Current)]
#[case::some(&[1, 2], &[row(1)], &[], SchemaState::Behind)]
#[case::lost_table(&[1], &[row(1)], &["t"], SchemaState::Drifted)]
#[case::gap(&[1, 2, 3], &[row(1), row(3)], &[], SchemaState::Diverged)]
#[case::gap_below_unknown(&[1, 2], &[row(1), with(9, Compat::Additive)], &[], SchemaState::Diverged)]
#[case::edited(&[1, 2], &[changed(1)], &[], SchemaState::Diverged)]
#[case::stranger_between(&[1, 3], &[row(1), row(2), row(3)], &[], SchemaState::Diverged)]
#[case::additive(&[1], &[row(1), with(2, Compat::Additive)], &[], SchemaState::AheadCompatible)]
#[case::breaking(&[1], &[row(1), with(2, Compat::Breaking)], &[], SchemaState::AheadIncompatible)]
#[case::undeclared(&[1], &[row(1), with(2, Compat::Additive), row(3)], &[], SchemaState::AheadIncompatible)]
#[case::additive_and_lost(&[1], &[row(1), with(2, Compat::Additive)], &["t"], SchemaState::Drifted)]
#[case::failed_first(&[1, 2], &[changed(1), stopped(2)], &["t"], SchemaState::Failed)]
#[case::diverged_before_ahead(&[1], &[changed(1), row(2)], &[], SchemaState::Diverged)]
fn table(
    #[case] versions: &[i64],
    #[case] record: &[AppliedMigration],
    #[case] missing: &[&str],
    #[case] expected: SchemaState,
) {
    let missing: Vec<_> = missing.iter().map(|name| (*name).to_owned()).collect();
    let report = state(&embedded(versions), &of(record), &missing);
    assert_eq!(report.state, expected);
    let message = refusal(&report, MigrateMode::Auto);
    assert!(message.contains(expected.as_str()) && !message.contains('\n'), "{message}");
    for concern in &report.concerns {
        assert!(message.contains(&concern.version.to_string()), "{message}");
    }
}

#[test]
fn codes_and_words() {
    let codes = SchemaState::ALL.map(SchemaState::exit_code);
    assert_eq!(codes, [0, 3, 4, 5, 6, 7, 8]);
    let serving: Vec<_> = SchemaState::ALL.into_iter().filter(|state| state.can_serve()).collect();
    assert_eq!(serving, [SchemaState::Current, SchemaState::AheadCompatible]);
}

#[test]
fn each_concern_says_why() {
    let report = state(&embedded(&[1, 2, 3]), &of(&[changed(1), row(3)]), &[]);
    let reasons: Vec<_> = report.concerns.iter().map(|c| (c.version, c.reason)).collect();
    assert_eq!(reasons, [(1, Reason::Checksum), (2, Reason::Skipped { head: 3 })]);
}

fn any_row() -> impl Strategy<Value = AppliedMigration> {
    let compat =
        prop_oneof![Just(None), Just(Some(Compat::Additive)), Just(Some(Compat::Breaking))];
    (0..12_i64, any::<bool>(), 1..3_u8, compat).prop_map(|(version, success, checksum, compat)| {
        AppliedMigration { success, checksum: vec![checksum], compat, ..row(version) }
    })
}

proptest! {
    #[test]
    fn a_prefix_is_current_or_behind(total in 0..30_i64, applied in 0..30_i64) {
        let applied = applied.min(total);
        let versions: Vec<_> = (1..=total).collect();
        let record: Vec<_> = (1..=applied).map(row).collect();
        let report = state(&embedded(&versions), &of(&record), &[]);
        let pending: Vec<_> = report.pending.iter().map(|pending| pending.version).collect();
        prop_assert_eq!(pending, (applied + 1..=total).collect::<Vec<_>>());
        let expected = if applied == total { SchemaState::Current } else { SchemaState::Behind };
        prop_assert_eq!(report.state, expected);
        prop_assert_eq!(report.head, (applied > 0).then_some(applied));
    }

    #[test]
    fn never_panics_and_never_serves_what_it_should_not(
        versions in proptest::collection::btree_set(0..12_i64, 0..8),
        record in proptest::collection::vec(any_row(), 0..8),
        missing in proptest::collection::vec("[a-z]{1,4}", 0..8),
    ) {
        let versions: Vec<_> = versions.into_iter().collect();
        let report = state(&embedded(&versions), &of(&record), &missing);
        let _ = refusal(&report, MigrateMode::Check);
        if report.state.can_serve() {
            prop_assert!(report.pending.is_empty() && report.missing.is_empty());
            prop_assert!(record.iter().all(|row| row.success));
        }
        if report.state == SchemaState::Behind {
            prop_assert!(report.pending.iter().all(|pending| report.head < Some(pending.version)));
        }
    }
}
