//! The lint answers whatever is written in a file.

use proptest::prelude::*;
use rstest::rstest;
use schemakeep::lint::{RULES, lint_files};
use tempfile::TempDir;

use crate::findings::dialect;
use testkit::Backend;
use testkit::lint_table::rows;

/// Both files with this text; whatever comes out names a rule and a line of the file.
fn answers(backend: Backend, text: &str) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("20300103000000_change_library.up.sql");
    std::fs::write(&path, text).unwrap();
    std::fs::write(folder.path().join("20300103000000_change_library.down.sql"), text).unwrap();
    std::fs::write(folder.path().join("20300101000000_create_library.up.sql"), text).unwrap();
    // Some texts are no migration: a NUL, a carriage return, a directive that is wrong.
    let Ok(found) = lint_files(&[path], Some(dialect(backend))) else { return };
    for (_, finding) in found {
        assert!(RULES.iter().any(|rule| rule.name == finding.rule), "{finding:?}");
        assert!((1..=text.lines().count().max(1)).contains(&finding.line), "{finding:?}: {text:?}");
    }
}

fn backend() -> impl Strategy<Value = Backend> {
    prop_oneof![Just(Backend::Postgres), Just(Backend::Sqlite)]
}

/// A migration of the table with a piece cut out and another put in.
fn mangled() -> impl Strategy<Value = (Backend, String)> {
    let piece = prop_oneof![
        "\\PC{0,6}",
        Just("(".to_owned()),
        Just("'".to_owned()),
        Just("\"".to_owned()),
        Just("`".to_owned()),
        Just("[".to_owned()),
        Just("$$".to_owned()),
        Just("/*".to_owned()),
        Just("x'".to_owned()),
        Just("; END;".to_owned()),
        Just(" NOT VALID ".to_owned()),
        Just(" ALTER TABLE ".to_owned()),
        Just(" AS ".to_owned()),
    ];
    (backend(), any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..12_usize, piece)
        .prop_map(|(backend, row, at, cut, piece)| {
            let all = rows(backend);
            let text: Vec<char> = all[row.index(all.len())].up.chars().collect();
            let at = at.index(text.len());
            let rest = text.iter().skip(at + cut);
            (
                backend,
                text[..at].iter().copied().chain(piece.chars()).chain(rest.copied()).collect(),
            )
        })
}

#[rstest]
#[case::open("(".repeat(50_000))]
#[case::closed(format!("{}1{}", "(".repeat(3_000), ")".repeat(3_000)))]
#[case::brackets(format!("ARRAY{}", "[".repeat(3_000)))]
#[case::as_deep_as_is_read(format!("{}1{}", "(".repeat(199), ")".repeat(199)))]
#[case::long("(1),\n".repeat(20_000))]
fn deep_and_long_files_have_an_answer(
    #[values(Backend::Postgres, Backend::Sqlite)] backend: Backend,
    #[case] values: String,
) {
    answers(backend, &format!("-- compat: additive\nINSERT INTO books VALUES {values};\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_has_an_answer(backend in backend(), text in "\\PC{0,200}") {
        answers(backend, &text);
    }

    #[test]
    fn any_lines_have_an_answer(backend in backend(), text in "([a-zA-Z0-9_ ,;()'\"`$\\[\\]*/.:<>=+-]|\n){0,200}") {
        answers(backend, &text);
    }

    #[test]
    fn a_mangled_migration_has_an_answer((backend, text) in mangled()) {
        answers(backend, &text);
    }
}
