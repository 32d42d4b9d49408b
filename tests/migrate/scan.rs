//! The scanner, as a table of texts.

use rstest::rstest;
use schemakeep::Dialect;
use schemakeep::Dialect::{Postgres, Sqlite};
use schemakeep::lexer::{forbidden, line_of, statements};

#[rstest]
#[case(Postgres, "SELECT 1; -- ; COMMIT;\nSELECT 2", 2)]
#[case(Postgres, "/* ; /* ; */ COMMIT; */ SELECT 1;;", 1)]
#[case(Postgres, "SELECT 'it''s; COMMIT;', E'\\'; COMMIT;', \"a;b\";", 1)]
#[case(Postgres, "DO $$ BEGIN; COMMIT; $$; SELECT $a$ ; $$ ; $a$", 2)]
#[case(Postgres, "SELECT $1; SELECT a$b; SELECT 'x'", 3)]
#[case(Postgres, "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3", 2)]
#[case(
    Postgres,
    "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3;",
    2
)]
#[case(Sqlite, "SELECT `a;b`, [c;d], 'e;f', \"g;h\"; SELECT 2", 2)]
#[case(Sqlite, "/* no /* nesting */ SELECT 1; SELECT 2;", 2)]
#[case(
    Sqlite,
    "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN SELECT CASE WHEN 1 THEN 2 END; SELECT 3; END; SELECT 4;",
    2
)]
#[case(Sqlite, "", 0)]
#[case(Sqlite, " ; -- nothing\n;", 0)]
fn counts_statements(#[case] dialect: Dialect, #[case] sql: &str, #[case] expected: usize) {
    assert_eq!(statements(sql, dialect).len(), expected, "{:?}", statements(sql, dialect));
    assert_eq!(forbidden(sql, dialect), None);
}

#[rstest]
#[case("START TRANSACTION")]
#[case("END")]
#[case("abort")]
#[case("savepoint a")]
#[case("RELEASE a")]
#[case("SET TRANSACTION READ ONLY")]
#[case("PREPARE TRANSACTION 'a'")]
#[case("COPY t FROM STDIN")]
fn refuses(#[case] statement: &str) {
    let sql = format!("SELECT 1;\n{statement};");
    assert_eq!(forbidden(&sql, Postgres).map(|(line, _)| line), Some(2));
}

#[test]
fn lets_the_embedded_files_pass() {
    for dialect in [Postgres, Sqlite] {
        for migration in taskmanager::program::migrations(dialect).unwrap().migrations() {
            assert_eq!(forbidden(&migration.up_sql, dialect), None);
            assert_eq!(forbidden(&migration.down_sql, dialect), None);
        }
    }
    let search = taskmanager::program::migrations(Sqlite).unwrap();
    assert_eq!(statements(&search.get(20_261_121_090_200).unwrap().up_sql, Sqlite).len(), 5);
}

#[test]
fn lines_count_characters() {
    assert_eq!(line_of("é\nx\ny", 1), 1);
    assert_eq!(line_of("é\nx\ny", 3), 2);
    assert_eq!(line_of("é\nx\ny", 99), 3);
}

proptest::proptest! {
    #[test]
    fn never_panics(sql in ".{0,80}", dialect in proptest::bool::ANY) {
        let dialect = if dialect { Postgres } else { Sqlite };
        for statement in statements(&sql, dialect) {
            proptest::prop_assert!(sql.get(statement.start..statement.end).is_some());
        }
    }

    #[test]
    fn never_panics_on_delimiters(sql in r#"[;'"$(/*\-)aE\\\n \[`éBEGINTRIG]{0,60}"#) {
        for dialect in [Postgres, Sqlite] {
            for statement in statements(&sql, dialect) {
                proptest::prop_assert!(sql.get(statement.start..statement.end).is_some());
            }
        }
    }
}
