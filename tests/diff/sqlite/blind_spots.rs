//! What a comparison must see, and what it must not.

use rstest::rstest;
use schemakeep::diff::{compare, draft};

use super::world::declared;

const T: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER);";

#[rstest]
#[case::default_in_letters("a TEXT DEFAULT 'New'", "a TEXT DEFAULT 'new'", "column t.a")]
#[case::default_that_looks_like_a_name(
    "a TEXT DEFAULT \"New\"",
    "a TEXT DEFAULT \"new\"",
    "column t.a"
)]
#[case::default_by_number("a TEXT DEFAULT 1", "a TEXT DEFAULT '1'", "column t.a")]
#[case::default_gone("a TEXT DEFAULT ''", "a TEXT", "column t.a")]
#[case::default_clock("a TEXT DEFAULT CURRENT_TIME", "a TEXT DEFAULT CURRENT_DATE", "column t.a")]
#[case::collation("a TEXT COLLATE NOCASE", "a TEXT COLLATE RTRIM", "column t.a")]
#[case::length("a VARCHAR(20)", "a VARCHAR(30)", "column t.a")]
#[case::scale("a NUMERIC(10, 2)", "a NUMERIC(10, 3)", "column t.a")]
#[case::null("a TEXT NOT NULL", "a TEXT", "column t.a")]
#[case::null_conflict("a TEXT NOT NULL ON CONFLICT IGNORE", "a TEXT NOT NULL", "column t.a")]
#[case::stored("a TEXT AS (b) STORED, b", "a TEXT AS (b) VIRTUAL, b", "column t.a")]
#[case::generated("a TEXT AS (b + 1), b", "a TEXT AS (b + 2), b", "column t.a")]
#[case::named_check("a, CONSTRAINT c CHECK (a > 1)", "a, CONSTRAINT c CHECK (a > 2)", "check t.c")]
#[case::check_in_letters(
    "a, CONSTRAINT c CHECK (a IN ('x'))",
    "a, CONSTRAINT c CHECK (a IN ('X'))",
    "check t.c"
)]
#[case::text_in_double_quotes(
    "a, CONSTRAINT c CHECK (a <> \"X\")",
    "a, CONSTRAINT c CHECK (a <> \"x\")",
    "check t.c"
)]
#[case::unique_conflict(
    "a, CONSTRAINT u UNIQUE (a) ON CONFLICT FAIL",
    "a, CONSTRAINT u UNIQUE (a)",
    "unique t.u"
)]
#[case::unique_collation(
    "a, CONSTRAINT u UNIQUE (a COLLATE NOCASE)",
    "a, CONSTRAINT u UNIQUE (a)",
    "unique t.u"
)]
#[case::key_named("a TEXT CONSTRAINT k PRIMARY KEY", "a TEXT PRIMARY KEY", "primary key t.k")]
#[case::autoincrement(
    "a INTEGER PRIMARY KEY AUTOINCREMENT",
    "a INTEGER PRIMARY KEY",
    "primary key t.PRIMARY KEY (a AUTOINCREMENT)"
)]
#[case::no_row_number(
    "a INTEGER PRIMARY KEY DESC",
    "a INTEGER, PRIMARY KEY (a DESC)",
    "primary key t.PRIMARY KEY (a DESC)"
)]
#[case::key_order(
    "a, b, PRIMARY KEY (a, b)",
    "a, b, PRIMARY KEY (b, a)",
    "primary key t.PRIMARY KEY (a, b)"
)]
#[case::action(
    "a CONSTRAINT f REFERENCES p ON DELETE CASCADE",
    "a CONSTRAINT f REFERENCES p",
    "foreign key t.f"
)]
#[case::update_action(
    "a CONSTRAINT f REFERENCES p ON UPDATE CASCADE",
    "a CONSTRAINT f REFERENCES p ON UPDATE RESTRICT",
    "foreign key t.f"
)]
#[case::deferred(
    "a CONSTRAINT f REFERENCES p DEFERRABLE INITIALLY DEFERRED",
    "a CONSTRAINT f REFERENCES p",
    "foreign key t.f"
)]
#[case::column_referenced(
    "a CONSTRAINT f REFERENCES p (id)",
    "a CONSTRAINT f REFERENCES p (code)",
    "foreign key t.f"
)]
#[tokio::test]
async fn a_difference_in_a_table_is_seen(
    #[case] expected: &str,
    #[case] found: &str,
    #[case] object: &str,
) {
    let table = |body: &str| {
        format!(
            "CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT UNIQUE); CREATE TABLE t ({body});"
        )
    };
    sees(&table(expected), &table(found), object).await;
}

#[rstest]
#[case::strict("CREATE TABLE t (a TEXT) STRICT", "CREATE TABLE t (a TEXT)", "table t")]
#[case::without_rowid(
    "CREATE TABLE t (a TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE t (a TEXT PRIMARY KEY)",
    "table t"
)]
#[case::unnamed_check(
    "CREATE TABLE t (a CHECK (a > 0))",
    "CREATE TABLE t (a)",
    "check t.CHECK (a > 0)"
)]
#[case::predicate(
    "CREATE INDEX i ON t (a) WHERE b > 1",
    "CREATE INDEX i ON t (a) WHERE b > 2",
    "index t.i"
)]
#[case::no_predicate("CREATE INDEX i ON t (a) WHERE b > 1", "CREATE INDEX i ON t (a)", "index t.i")]
#[case::expression("CREATE INDEX i ON t (lower(a))", "CREATE INDEX i ON t (upper(a))", "index t.i")]
#[case::order("CREATE INDEX i ON t (a DESC)", "CREATE INDEX i ON t (a)", "index t.i")]
#[case::index_collation(
    "CREATE INDEX i ON t (a COLLATE NOCASE)",
    "CREATE INDEX i ON t (a)",
    "index t.i"
)]
#[case::index_unique("CREATE UNIQUE INDEX i ON t (a)", "CREATE INDEX i ON t (a)", "index t.i")]
#[case::index_columns("CREATE INDEX i ON t (a, b)", "CREATE INDEX i ON t (b, a)", "index t.i")]
#[case::view("CREATE VIEW v AS SELECT a FROM t", "CREATE VIEW v AS SELECT b AS a FROM t", "view v")]
#[case::view_text("CREATE VIEW v AS SELECT 'A'", "CREATE VIEW v AS SELECT 'a'", "view v")]
#[case::trigger_when(
    "CREATE TRIGGER g AFTER INSERT ON t WHEN new.b > 1 BEGIN SELECT 1; END",
    "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
    "trigger t.g"
)]
#[case::trigger_time(
    "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
    "CREATE TRIGGER g INSERT ON t BEGIN SELECT 1; END",
    "trigger t.g"
)]
#[case::trigger_columns(
    "CREATE TRIGGER g UPDATE OF a ON t BEGIN SELECT 1; END",
    "CREATE TRIGGER g UPDATE OF b ON t BEGIN SELECT 1; END",
    "trigger t.g"
)]
#[case::tokenizer(
    "CREATE VIRTUAL TABLE f USING fts5 (a, tokenize = 'trigram')",
    "CREATE VIRTUAL TABLE f USING fts5 (a)",
    "table f"
)]
#[tokio::test]
async fn a_difference_beside_a_table_is_seen(
    #[case] expected: &str,
    #[case] found: &str,
    #[case] object: &str,
) {
    let whole = |statement: &str| {
        if statement.starts_with("CREATE TABLE") {
            statement.to_owned()
        } else {
            format!("{T} {statement};")
        }
    };
    sees(&whole(expected), &whole(found), object).await;
}

async fn sees(expected: &str, found: &str, object: &str) {
    let (expected, found) = (declared(expected).await, declared(found).await);
    let named = |differences: Vec<schemakeep::diff::Difference>| {
        differences.into_iter().map(|it| it.object.to_string()).collect::<Vec<_>>()
    };
    let (one, two) = (named(compare(&expected, &found)), named(compare(&found, &expected)));
    assert_eq!(one, [object]);
    assert_eq!(two.len(), 1, "{two:?}");
    assert_ne!(expected, found);
}

#[rstest]
#[case::spacing("CREATE TABLE t(id INTEGER PRIMARY KEY,a TEXT,b INTEGER)")]
#[case::comments(
    "CREATE TABLE t ( -- a table\n id INTEGER /* so */ PRIMARY KEY, a TEXT, b INTEGER)"
)]
#[case::letters("create table T (ID integer primary key, A text, B Integer)")]
#[case::quotes("CREATE TABLE \"t\" ([id] INTEGER PRIMARY KEY, `a` TEXT, \"b\" \"INTEGER\")")]
#[case::at_the_table("CREATE TABLE t (id INTEGER, a TEXT, b INTEGER, PRIMARY KEY (id))")]
#[case::row_number_both_ways(
    "CREATE TABLE t (id INTEGER, a TEXT, b INTEGER, PRIMARY KEY (id DESC))"
)]
#[case::not_null_of_a_row_number(
    "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a TEXT, b INTEGER)"
)]
#[case::null_default(
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NULL DEFAULT NULL, b INTEGER)"
)]
#[case::own_collation("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE BINARY, b INTEGER)")]
#[case::order_of_columns("CREATE TABLE t (b INTEGER, a TEXT, id INTEGER PRIMARY KEY)")]
#[case::added(
    "CREATE TABLE t (id INTEGER PRIMARY KEY); ALTER TABLE t ADD COLUMN a TEXT; ALTER TABLE t ADD b INTEGER"
)]
#[case::renamed(
    "CREATE TABLE s (id INTEGER PRIMARY KEY, a TEXT, c INTEGER); ALTER TABLE s RENAME c TO b; ALTER TABLE s RENAME TO t"
)]
#[case::dropped(
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, z TEXT, b INTEGER); ALTER TABLE t DROP COLUMN z"
)]
#[tokio::test]
async fn a_table_may_be_written_and_made_in_many_ways(#[case] other: &str) {
    let (expected, found) = (declared(T).await, declared(other).await);
    assert_eq!(compare(&expected, &found), []);
    assert_eq!(expected, found);
    assert_eq!(draft(&found, &expected, &[]), Ok(schemakeep::diff::Draft::default()));
}

#[rstest]
#[case::inline_check("CREATE TABLE x (a CHECK (a > 0))", "CREATE TABLE x (a, CHECK (a > 0))")]
#[case::inline_unique("CREATE TABLE x (a UNIQUE)", "CREATE TABLE x (a, UNIQUE (a ASC))")]
#[case::inline_reference(
    "CREATE TABLE x (a REFERENCES t)",
    "CREATE TABLE x (a, FOREIGN KEY (a) REFERENCES T (id) ON DELETE NO ACTION NOT DEFERRABLE)"
)]
#[case::match_is_forgotten(
    "CREATE TABLE x (a REFERENCES t MATCH FULL)",
    "CREATE TABLE x (a REFERENCES t)"
)]
#[case::operators(
    "CREATE TABLE x (a, b, CHECK (a <> b AND a NOTNULL))",
    "CREATE TABLE x (a, b, CHECK ((a != b and a IS NOT NULL)))"
)]
#[case::equality("CREATE TABLE x (a, CHECK (a == 1))", "CREATE TABLE x (a, CHECK (a = 1))")]
#[case::default_in_parentheses(
    "CREATE TABLE x (a DEFAULT (1), b DEFAULT +2)",
    "CREATE TABLE x (a DEFAULT 1, b DEFAULT 2)"
)]
#[case::default_word(
    "CREATE TABLE x (a DEFAULT \"it\", b DEFAULT TRUE)",
    "CREATE TABLE x (a DEFAULT 'it', b DEFAULT true)"
)]
#[case::key_of_a_strict_table(
    "CREATE TABLE x (a TEXT NOT NULL PRIMARY KEY) STRICT",
    "CREATE TABLE x (a TEXT PRIMARY KEY) STRICT"
)]
#[case::abort("CREATE TABLE x (a UNIQUE ON CONFLICT ABORT)", "CREATE TABLE x (a UNIQUE)")]
#[case::index_defaults(
    "CREATE INDEX i ON t (a COLLATE binary ASC) WHERE (b > 1)",
    "create index I on T(\"a\") where b>1"
)]
#[case::trigger_defaults(
    "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN SELECT 1; END",
    "create trigger g insert on t begin select 1; end"
)]
#[case::view_spelling(
    "CREATE VIEW v AS SELECT \"a\", count(*) AS n FROM t -- all\n",
    "create view V as select A,count( * ) as N from T"
)]
#[case::arguments(
    "CREATE VIRTUAL TABLE f USING fts5(a,tokenize='trigram')",
    "CREATE VIRTUAL TABLE f USING FTS5 (a, tokenize = 'trigram')"
)]
#[case::generated_is_virtual(
    "CREATE TABLE x (a, b AS (a))",
    "CREATE TABLE x (a, b GENERATED ALWAYS AS ((a)) VIRTUAL)"
)]
#[case::type_spelling(
    "CREATE TABLE x (a varchar( 20 ), b double   precision)",
    "CREATE TABLE x (a VARCHAR(20), b DOUBLE PRECISION)"
)]
#[tokio::test]
async fn what_means_the_same_is_no_difference(#[case] one: &str, #[case] two: &str) {
    let whole = |statement: &str| format!("{T} {statement};");
    let (one, two) = (declared(&whole(one)).await, declared(&whole(two)).await);
    assert_eq!(compare(&one, &two), []);
    assert_eq!(one, two);
}
