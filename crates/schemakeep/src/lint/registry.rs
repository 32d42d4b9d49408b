//! Every rule, once: its name, how grave it is, what it finds and what to write instead.
//!
//! Findings, the SARIF document and `docs/MIGRATIONS.md` take their words from here. Names that squawk has and that
//! say what they mean are squawk's own.

use super::Severity::{self, Error, Warning};
use schemakeep_db::Dialect::{self, Postgres, Sqlite};

#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// As a waiver names it, in kebab-case. Names stay as they are.
    pub name: &'static str,
    /// How grave its findings are.
    pub severity: Severity,
    /// The databases whose files it looks at.
    pub dialects: &'static [Dialect],
    pub about: &'static str,
    pub suggestion: &'static str,
}

const BOTH: &[Dialect] = &[Postgres, Sqlite];
const PG: &[Dialect] = &[Postgres];
const LITE: &[Dialect] = &[Sqlite];

macro_rules! rules {
    ($($id:ident: $name:literal, $severity:ident, $dialects:ident, $about:literal, $suggestion:literal;)*) => {
        $(pub(super) static $id: Rule = Rule {
            name: $name, severity: $severity, dialects: $dialects, about: $about, suggestion: $suggestion,
        };)*
        /// Every rule, in the order of the documentation.
        pub static RULES: &[&Rule] = &[$(&$id),*];
    };
}

rules! {
    SYNTAX_ERROR: "syntax-error", Error, BOTH,
        "a statement that the database's parser does not take",
        "correct the statement";
    TRANSACTION_CONTROL: "transaction-control", Error, BOTH,
        "BEGIN, COMMIT and their like inside a file",
        "remove it: each migration runs in one transaction of its own";
    NOT_IN_TRANSACTION: "not-in-transaction", Error, BOTH,
        "VACUUM, CREATE DATABASE and others that the database refuses inside a transaction",
        "do it outside of migrations, or alone in a file whose first line is `-- no-transaction` (PostgreSQL)";
    UNDECLARED_COMPAT: "undeclared-compat", Warning, BOTH,
        "a file that does not say whether the release before it can serve the schema after it",
        "begin the file with `-- compat: additive` or `-- compat: breaking`";
    WRONG_COMPAT: "wrong-compat", Error, BOTH,
        "a file declared additive that drops, renames or narrows what the running release may use",
        "expand now and contract in the next release, or declare `-- compat: breaking`";
    EVERY_ROW_CHANGED: "every-row-changed", Error, BOTH,
        "UPDATE or DELETE without a condition",
        "batches by key, each in a transaction of its own; a WHERE clause where not every row is meant";
    ADDING_REQUIRED_FIELD: "adding-required-field", Error, BOTH,
        "ADD COLUMN … NOT NULL without a default, which fails on a table that has rows",
        "give a default, or add it nullable, fill it in batches and make it NOT NULL later";
    REFERENCED_TABLE_DROPPED: "referenced-table-dropped", Error, BOTH,
        "DROP of a table that a foreign key refers to (SQLite: RENAME too)",
        "drop the foreign key first, in a migration of its own; on SQLite rebuild the table with `-- rebuild`";
    DOWN_DOES_NOT_UNDO: "down-does-not-undo", Error, BOTH,
        "something that the up file makes and the down file leaves behind",
        "undo in the down file what the up file does, or declare it irreversible there, with the reason";
    UNUSED_WAIVER: "unused-waiver", Warning, BOTH,
        "an `-- allow:` for which there is no finding",
        "remove the line, or correct the rule's name";
    SEVERAL_RISKY_STATEMENTS: "several-risky-statements", Warning, PG,
        "two statements in one transaction that each lock or read a table that was there before",
        "one risky statement a migration";
    ADDING_FIELD_WITH_DEFAULT: "adding-field-with-default", Error, PG,
        "ADD COLUMN with a volatile default, serial, identity or GENERATED … STORED",
        "add the column nullable, set its default, fill it in batches, then make it NOT NULL";
    CHANGING_COLUMN_TYPE: "changing-column-type", Error, PG,
        "ALTER COLUMN … TYPE, unless the values stay as they are on disk (varchar made wider, varchar to text)",
        "a new column, filled in batches and swapped in a later release";
    ADDING_NOT_NULLABLE_FIELD: "adding-not-nullable-field", Error, PG,
        "SET NOT NULL without a validated CHECK (column IS NOT NULL)",
        "CHECK (column IS NOT NULL) NOT VALID, VALIDATE in a later migration, then SET NOT NULL, which reads nothing, and drop the check";
    CONSTRAINT_MISSING_NOT_VALID: "constraint-missing-not-valid", Error, PG,
        "ADD CHECK without NOT VALID",
        "NOT VALID now, VALIDATE CONSTRAINT in a later migration";
    ADDING_FOREIGN_KEY_CONSTRAINT: "adding-foreign-key-constraint", Error, PG,
        "ADD FOREIGN KEY without NOT VALID",
        "NOT VALID now, VALIDATE CONSTRAINT in a later migration";
    ADDING_UNIQUE_CONSTRAINT: "adding-unique-constraint", Error, PG,
        "ADD UNIQUE, PRIMARY KEY or EXCLUDE that builds its index on the spot",
        "CREATE UNIQUE INDEX CONCURRENTLY in a migration of its own, then ADD CONSTRAINT … USING INDEX";
    REQUIRE_CONCURRENT_INDEX_CREATION: "require-concurrent-index-creation", Error, PG,
        "CREATE INDEX without CONCURRENTLY",
        "CREATE INDEX CONCURRENTLY, alone in a file whose first line is `-- no-transaction`";
    REQUIRE_CONCURRENT_INDEX_DELETION: "require-concurrent-index-deletion", Error, PG,
        "DROP INDEX without CONCURRENTLY",
        "DROP INDEX CONCURRENTLY, alone in a file whose first line is `-- no-transaction`";
    REQUIRE_CONCURRENT_REINDEX: "require-concurrent-reindex", Error, PG,
        "REINDEX without CONCURRENTLY",
        "REINDEX … CONCURRENTLY, alone in a file whose first line is `-- no-transaction`";
    REQUIRE_CONCURRENT_PARTITION_DETACH: "require-concurrent-partition-detach", Error, PG,
        "DETACH PARTITION without CONCURRENTLY",
        "DETACH PARTITION … CONCURRENTLY, alone in a file whose first line is `-- no-transaction`";
    CONCURRENTLY_IN_TRANSACTION: "concurrently-in-transaction", Error, PG,
        "CONCURRENTLY in a file that runs in a transaction",
        "put it alone into a file whose first line is `-- no-transaction`";
    VALIDATE_IN_SAME_TRANSACTION: "validate-in-same-transaction", Error, PG,
        "VALIDATE CONSTRAINT in the transaction that added it NOT VALID",
        "VALIDATE CONSTRAINT in a migration of its own, after this one";
    REFERENCING_TABLE_DROPPED: "referencing-table-dropped", Error, PG,
        "DROP of a table whose foreign key refers to another one",
        "drop the foreign key first, in a migration of its own";
    BAN_TRUNCATE: "ban-truncate", Error, PG,
        "TRUNCATE",
        "never in a migration; delete in batches what is meant";
    BAN_TRUNCATE_CASCADE: "ban-truncate-cascade", Error, PG,
        "TRUNCATE … CASCADE, which empties every table that refers to this one",
        "never in a migration; name each table whose rows are meant, and delete them in batches";
    REWRITING_TABLE: "rewriting-table", Error, PG,
        "VACUUM FULL, CLUSTER, SET TABLESPACE, SET LOGGED or UNLOGGED, SET ACCESS METHOD",
        "never in a migration; a tool that rebuilds beside the table, such as pg_repack, at a quiet hour";
    BAN_ALTER_DOMAIN_WITH_ADD_CONSTRAINT: "ban-alter-domain-with-add-constraint", Error, PG,
        "ALTER DOMAIN … ADD CONSTRAINT, which reads every table that uses the domain",
        "NOT VALID now and VALIDATE later, or a check on the table in the domain's place";
    BAN_DROP_DATABASE: "ban-drop-database", Error, PG,
        "DROP DATABASE",
        "never in a migration";
    BAN_DUPLICATE_COLUMN_ASSIGNMENTS: "ban-duplicate-column-assignments", Error, PG,
        "an UPDATE that sets one column twice, which PostgreSQL refuses",
        "set each column once";
    IDENTIFIER_TOO_LONG: "identifier-too-long", Error, PG,
        "a name of more than 63 bytes, which PostgreSQL cuts off in silence",
        "a shorter name";
    BAN_CHAR_FIELD: "ban-char-field", Warning, PG,
        "char(n), which pads with blanks and compares without them",
        "text, with a check on its length";
    PREFER_TIMESTAMPTZ: "prefer-timestamptz", Warning, PG,
        "timestamp without a time zone",
        "timestamptz, which holds a moment whatever the session's zone";
    REQUIRE_ENUM_VALUE_ORDERING: "require-enum-value-ordering", Warning, PG,
        "ALTER TYPE … ADD VALUE without its place in the order",
        "say BEFORE or AFTER which value";
    REBUILD_ON_POSTGRES: "rebuild-on-postgres", Error, PG,
        "`-- rebuild` in a file for PostgreSQL",
        "remove the directive";
    NO_TRANSACTION_ON_SQLITE: "no-transaction-on-sqlite", Error, LITE,
        "`-- no-transaction` in a file for SQLite",
        "remove the directive";
    UNSUPPORTED_ADD_COLUMN: "unsupported-add-column", Error, LITE,
        "ADD COLUMN with UNIQUE, PRIMARY KEY, an expression as default, STORED, or a reference with a default",
        "add it plain, and put a unique index beside it; else rebuild the table with `-- rebuild`";
    UNSUPPORTED_DROP_COLUMN: "unsupported-drop-column", Error, LITE,
        "DROP COLUMN of one that is a key, unique, or used by an index, a check, a view or a trigger",
        "drop what uses it first; a key or a constraint needs a rebuild of the table with `-- rebuild`";
    UNSUPPORTED_ALTER_TABLE: "unsupported-alter-table", Error, LITE,
        "an ALTER TABLE that SQLite has not: of a type, a default, a constraint",
        "rebuild the table with `-- rebuild`";
    STATEMENT_REFUSED: "statement-refused", Error, LITE,
        "a statement that SQLite refuses after the files before it, even on empty tables",
        "correct the statement";
    PRAGMA_FOREIGN_KEYS: "pragma-foreign-keys", Error, LITE,
        "PRAGMA foreign_keys, which does nothing inside a transaction",
        "remove it, and declare `-- rebuild` where foreign keys must be off";
}
