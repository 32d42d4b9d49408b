//! Statements and the changes that they make, on both databases.

use proptest::prelude::*;
use rstest::rstest;

use super::{Change, Definition, TableName, changes};
use schemakeep_db::Dialect::{self, Postgres, Sqlite};

/// A name with its schema.
fn of(table: &TableName) -> String {
    match &table.schema {
        Some(schema) => format!("{schema}.{}", table.name),
        None => table.name.clone(),
    }
}

fn flag(on: bool, word: &str) -> String {
    if on { format!(" {word}") } else { String::new() }
}

fn after(word: &str, text: Option<&String>) -> String {
    text.map(|text| format!("{word}{text}")).unwrap_or_default()
}

fn parts(d: &Definition) -> String {
    let columns: Vec<_> = d
        .columns
        .iter()
        .map(|c| {
            format!(
                "{} {}{}{}{}",
                c.name,
                c.ty,
                flag(c.not_null, "not null"),
                flag(c.filled, "filled"),
                after(" = ", c.default.as_ref())
            )
        })
        .collect();
    let keys: Vec<_> = d
        .keys
        .iter()
        .map(|k| format!("{}{}", k.columns.join("+"), flag(k.primary, "primary")))
        .collect();
    let foreign: Vec<_> = d
        .foreign_keys
        .iter()
        .map(|k| format!("{}->{}", k.columns.join("+"), of(&k.target)))
        .collect();
    format!(
        "({}) keys [{}] checks [{}] refers [{}]{}",
        columns.join(", "),
        keys.join(", "),
        d.checks.join(", "),
        foreign.join(", "),
        flag(d.strict, "strict")
    )
}

/// A change in few words.
fn brief(change: &Change) -> String {
    match change {
        Change::CreateTable { table, definition, .. } => {
            let parts = definition.as_deref().map_or("of a query".to_owned(), parts);
            format!("create {} {parts}", of(table))
        }
        Change::DropTable { table, rows_only, cascade } => {
            format!("drop {}{}{}", of(table), flag(*rows_only, "rows"), flag(*cascade, "cascade"))
        }
        Change::RenameTable { table, to } => format!("rename {} to {to}", of(table)),
        Change::AddColumn { table, column, ty, not_null, default, filled, .. } => format!(
            "add {}.{column} {ty}{}{}{}",
            of(table),
            flag(*not_null, "not null"),
            flag(*filled, "filled"),
            after(" = ", default.as_ref())
        ),
        Change::DropColumn { table, column } => format!("drop {}.{column}", of(table)),
        Change::RenameColumn { table, column, to } => {
            format!("rename {}.{column} to {to}", of(table))
        }
        Change::AlterType { table, column, to, using } => {
            format!("type {}.{column} {to} using {using:?}", of(table))
        }
        Change::SetNotNull { table, column } => format!("not null {}.{column}", of(table)),
        Change::AddUnique {
            table,
            columns,
            predicate,
            nulls_not_distinct,
            primary,
            using_index,
        } => {
            format!(
                "unique {} ({}){}{}{}{}",
                of(table),
                columns.join(", "),
                after(" where ", predicate.as_ref()),
                flag(*nulls_not_distinct, "nulls too"),
                flag(*primary, "primary"),
                flag(*using_index, "using index")
            )
        }
        Change::AddForeignKey { table, key, name, not_valid } => format!(
            "foreign key {} ({}) -> {} ({}) {name:?}{}",
            of(table),
            key.columns.join(", "),
            of(&key.target),
            key.target_columns.join(", "),
            flag(*not_valid, "not valid")
        ),
        Change::AddCheck { table, name, expression, not_valid } => {
            format!("check {} {expression} {name:?}{}", of(table), flag(*not_valid, "not valid"))
        }
        Change::Validate { table, constraint } => format!("validate {}.{constraint}", of(table)),
        Change::ChangeRows { table, deletes, bounded, sets } => format!(
            "{} {}{} {sets:?}",
            if *deletes { "delete" } else { "update" },
            of(table),
            flag(*bounded, "some")
        ),
        Change::InsertRows { table, columns, source, tolerant } => format!(
            "insert {} ({}) {:?}{}",
            of(table),
            columns.join(", "),
            source
                .as_ref()
                .map(|s| (s.query.as_str(), s.tables.iter().map(of).collect::<Vec<_>>())),
            flag(*tolerant, "tolerant")
        ),
        Change::Opaque { what } => format!("opaque {what}"),
    }
}

fn briefly(sql: &str, dialect: Dialect) -> Vec<String> {
    changes(sql, dialect).iter().map(|it| brief(&it.change)).collect()
}

#[rstest]
#[case("CREATE TABLE Tasks (id uuid PRIMARY KEY, n bigserial, \"Big\" text NOT NULL DEFAULT 'x', p int REFERENCES app.p, CHECK (n > 0), UNIQUE (n, p))",
    &["create tasks (id uuid not null, n bigserial filled, Big text not null = 'x', p int) keys [id primary, n+p] checks [n > 0] refers [p->app.p]"])]
#[case("CREATE TABLE a AS SELECT * FROM b", &["create a of a query", "insert a () Some((\"SELECT * FROM b\", [\"b\"]))"])]
#[case("CREATE TEMP TABLE a AS SELECT 1", &["insert a () Some((\"SELECT 1\", []))"])]
#[case("CREATE TEMP TABLE a (id int)", &[])]
#[case("CREATE TABLE a (LIKE b)", &["create a of a query"])]
#[case("DROP TABLE a, app.\"B\" CASCADE", &["drop a cascade", "drop app.B cascade"])]
#[case("TRUNCATE a", &["drop a rows"])]
#[case("ALTER TABLE a RENAME TO b", &["rename a to b"])]
#[case("ALTER TABLE a RENAME COLUMN x TO \"Y\"", &["rename a.x to Y"])]
#[case("ALTER TABLE a ADD x int NOT NULL DEFAULT 1, ADD COLUMN y int GENERATED ALWAYS AS IDENTITY, DROP COLUMN z",
    &["add a.x int not null = 1", "add a.y int filled", "drop a.z"])]
#[case("ALTER TABLE a ADD COLUMN x int UNIQUE REFERENCES b (id) CHECK (x > 0)",
    &["add a.x int", "unique a (\"x\")", "foreign key a (x) -> b (id) None", "check a x > 0 None"])]
#[case("ALTER TABLE ONLY app.a ALTER x SET NOT NULL", &["not null app.a.x"])]
#[case("ALTER TABLE a ALTER x TYPE varchar(5) USING left(x, 5)", &["type a.x varchar(5) using Some(\"left(x, 5)\")"])]
#[case("ALTER TABLE a ADD CONSTRAINT k UNIQUE NULLS NOT DISTINCT (x, y)", &["unique a (\"x\", \"y\") nulls too"])]
#[case("ALTER TABLE a ADD PRIMARY KEY (x)", &["unique a (\"x\") primary"])]
#[case("ALTER TABLE a ADD CONSTRAINT k UNIQUE USING INDEX i", &["unique a () using index"])]
#[case("CREATE UNIQUE INDEX CONCURRENTLY i ON a (lower(x), y DESC) INCLUDE (z) WHERE y > 0",
    &["unique a (lower(x), \"y\") where y > 0"])]
#[case("CREATE INDEX i ON a (x)", &[])]
#[case("ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (x, y) REFERENCES b (m, n) NOT VALID",
    &["foreign key a (x, y) -> b (m, n) Some(\"f\") not valid"])]
#[case("ALTER TABLE a ADD CONSTRAINT c CHECK (x > 0) NOT VALID; ALTER TABLE a VALIDATE CONSTRAINT c",
    &["check a x > 0 Some(\"c\") not valid", "validate a.c"])]
#[case("UPDATE a SET x = 1, (y, z) = (2, 3) WHERE x IS NULL",
    &["update a some [(\"x\", \"1\"), (\"y\", \"(y, z) = (2, 3)\"), (\"z\", \"(y, z) = (2, 3)\")]"])]
#[case("DELETE FROM app.a", &["delete app.a []"])]
#[case("WITH gone AS (DELETE FROM a WHERE x > 1 RETURNING *) INSERT INTO b SELECT * FROM gone",
    &["insert b () None", "delete a some []"])]
#[case("INSERT INTO a (x) SELECT y FROM b ON CONFLICT (x) DO UPDATE SET x = 2",
    &["update a some [(\"x\", \"2\")]", "insert a (x) Some((\"SELECT y FROM b\", [\"b\"])) tolerant"])]
#[case("INSERT INTO a VALUES (1)", &["insert a () None"])]
#[case("COPY a FROM '/tmp/x'", &["insert a () None"])]
#[case("DO $$ BEGIN DELETE FROM a; END $$", &["opaque DO"])]
#[case("SELECT fix(); SELECT setval('s', 1), now()", &["opaque fix"])]
#[case("SET search_path = app", &["opaque SET"])]
#[case("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM a'", &[])]
#[case("ALTER TABLE a SET SCHEMA b", &["opaque SET"])]
#[case("COMMENT ON TABLE a IS 'x'; CREATE TYPE m AS ENUM ('x')", &[])]
#[case("ALTER TABLE a ADD; ALTER TABLE a DROP COLUMN x", &["drop a.x"])]
#[case("UPDATE a SET;", &["opaque UPDATE"])]
fn postgres(#[case] sql: &str, #[case] expected: &[&str]) {
    assert_eq!(briefly(sql, Postgres), expected);
}

#[rstest]
#[case("CREATE TABLE Main.Tasks (id INTEGER PRIMARY KEY, [Big] TEXT NOT NULL DEFAULT 'x' COLLATE NOCASE, p INT REFERENCES p, CHECK (p > 0), UNIQUE (id, p)) STRICT",
    &["create tasks (id INTEGER filled, big TEXT not null = 'x', p INT) keys [id primary, id+p] checks [p > 0] refers [p->p] strict"])]
#[case("CREATE TABLE a (x TEXT PRIMARY KEY, y NOT NULL ON CONFLICT REPLACE)", &["create a (x TEXT, y ) keys [x primary] checks [] refers []"])]
#[case("CREATE TABLE a (x TEXT PRIMARY KEY) WITHOUT ROWID", &["create a (x TEXT not null) keys [x primary] checks [] refers []"])]
#[case("CREATE TABLE a AS SELECT * FROM b", &["create a of a query", "insert a () Some((\"SELECT * FROM b\", [\"b\"]))"])]
#[case("CREATE TEMP TABLE a (id)", &[])]
#[case("DROP TABLE IF EXISTS `A b`", &["drop a b"])]
#[case("ALTER TABLE a RENAME TO b", &["rename a to b"])]
#[case("ALTER TABLE a RENAME x TO y", &["rename a.x to y"])]
#[case("ALTER TABLE a ADD x INT NOT NULL DEFAULT 1 CHECK (x > 0) REFERENCES b (id)",
    &["add a.x INT not null = 1", "foreign key a (x) -> b (id) None", "check a x > 0 None"])]
#[case("ALTER TABLE a DROP COLUMN x", &["drop a.x"])]
#[case("CREATE UNIQUE INDEX i ON a (lower(x), \"Y\" COLLATE NOCASE DESC, z) WHERE z > 0",
    &["unique a (lower (x), \"y\" COLLATE NOCASE, \"z\") where z > 0"])]
#[case("CREATE INDEX i ON a (x)", &[])]
#[case("UPDATE a SET x = y || 'z' WHERE x IS NULL", &["update a some [(\"x\", \"y || 'z'\")]"])]
#[case("DELETE FROM a", &["delete a []"])]
#[case("INSERT INTO a (x, y) SELECT z, 1 FROM b JOIN c USING (z)",
    &["insert a (x, y) Some((\"SELECT z, 1 FROM b JOIN c USING (z)\", [\"b\", \"c\"]))"])]
#[case("INSERT OR IGNORE INTO a SELECT * FROM b", &["insert a () Some((\"SELECT * FROM b\", [\"b\"])) tolerant"])]
#[case("INSERT INTO a VALUES (1)", &["insert a () None"])]
#[case("CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END", &[])]
#[case("PRAGMA user_version = 1; nonsense; DROP TABLE x", &["opaque NONSENSE", "drop x"])]
fn sqlite(#[case] sql: &str, #[case] expected: &[&str]) {
    assert_eq!(briefly(sql, Sqlite), expected);
}

#[test]
fn lines_are_those_of_the_statements() {
    let sql = "-- one\n\nDROP TABLE a;\n/* b */\n  DROP\n TABLE b;";
    for dialect in [Postgres, Sqlite] {
        let lines: Vec<_> = changes(sql, dialect).iter().map(|it| it.line).collect();
        assert_eq!(lines, [3, 5]);
    }
}

/// Words of SQL in any order, which a parser meets more often than any other text.
fn salad() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "ALTER",
        "TABLE",
        "ADD",
        "COLUMN",
        "CREATE",
        "UNIQUE",
        "INDEX",
        "ON",
        "a",
        "\"b\"",
        "(",
        ")",
        ",",
        ";",
        "x",
        "1",
        "'s'",
        "NOT",
        "NULL",
        "DEFAULT",
        "PRIMARY",
        "KEY",
        "REFERENCES",
        "CHECK",
        "DROP",
        "UPDATE",
        "SET",
        "=",
        "WHERE",
        "INSERT",
        "INTO",
        "SELECT",
        "*",
        "FROM",
        "DELETE",
        "TRUNCATE",
        "VALIDATE",
        "CONSTRAINT",
        "TYPE",
        "USING",
        "WITH",
        "AS",
        ".",
        "$$",
        "DO",
        "COPY",
        "RENAME",
        "TO",
        "[",
        "]",
        "`",
        "\"",
        "'",
        "--",
        "/*",
        "é",
        "\0",
    ]);
    prop::collection::vec(words, 0..24).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn no_text_is_too_odd(text in prop_oneof![any::<String>(), salad()]) {
        let lines = text.lines().count().max(1);
        for dialect in [Postgres, Sqlite] {
            for located in changes(&text, dialect) {
                prop_assert!((1..=lines).contains(&located.line));
            }
        }
    }
}
