//! What comparisons of other tools pass over, each seen and named; and what makes no difference, seen as none.
//!
//! Alembic's tracker has them: enum values (issues 278, 826), checks (508, 1600), functional and partial indexes
//! (676, 750), operator classes (1098), defaults (1454), serials and identities (730, 1479).

use rstest::rstest;
use schemakeep::diff::compare;

use super::place::Place;

async fn differences(from: &str, to: &str) -> Vec<String> {
    let place = Place::take().await;
    let (expected, found) = (place.declared(from).await, place.begun(to).await);
    let differences = compare(&expected, &found);
    assert_eq!(expected == found, differences.is_empty(), "{differences:?}");
    place.give_back().await;
    differences.iter().map(|it| it.object.to_string()).collect()
}

const ENUM: &str = "CREATE TYPE status AS ENUM ('open', 'done'); CREATE TABLE t (a status);";
const USERS: &str = "CREATE TABLE users (id integer PRIMARY KEY);";
const FUNCTION: &str =
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;";

fn table(columns: &str) -> String {
    format!("CREATE TABLE t ({columns});")
}

#[rstest]
#[case::enum_value(
    "CREATE TYPE status AS ENUM ('open', 'done', 'late'); CREATE TABLE t (a status);",
    ENUM,
    "enum status"
)]
#[case::enum_order(
    "CREATE TYPE status AS ENUM ('done', 'open'); CREATE TABLE t (a status);",
    ENUM,
    "enum status"
)]
#[case::enum_unused("CREATE TYPE status AS ENUM ('open', 'done');", "", "enum status")]
#[case::enum_of_other_name(
    ENUM,
    "CREATE TYPE state AS ENUM ('open', 'done'); CREATE TABLE t (a state);",
    "enum state, enum status, column t.a"
)]
#[case::check_named(
    "CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0));",
    "CREATE TABLE t (a int);",
    "check t.c"
)]
#[case::check_unnamed(
    "CREATE TABLE t (a int CHECK (a > 0));",
    "CREATE TABLE t (a int);",
    "check t.t_a_check"
)]
#[case::check_condition(
    "CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0));",
    "CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 1));",
    "check t.c"
)]
#[case::check_on_table(
    "CREATE TABLE t (a int, b int, CHECK (a < b));",
    "CREATE TABLE t (a int, b int, CHECK (a <= b));",
    "check t.t_check"
)]
#[case::check_of_values(
    "CREATE TABLE t (a varchar(9) CHECK (a IN ('x', 'y')));",
    "CREATE TABLE t (a varchar(9) CHECK (a IN ('x', 'z')));",
    "check t.t_a_check"
)]
#[case::check_not_inherited(
    "CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0) NO INHERIT);",
    "CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0));",
    "check t.c"
)]
#[case::check_not_valid(
    "CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0));",
    "CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;",
    "check t.c"
)]
#[case::index_on_function(
    "CREATE TABLE t (a text); CREATE INDEX i ON t (lower(a));",
    "CREATE TABLE t (a text); CREATE INDEX i ON t (upper(a));",
    "index t.i"
)]
#[case::index_on_function_missing(
    "CREATE TABLE t (a text); CREATE INDEX i ON t (lower(a));",
    "CREATE TABLE t (a text);",
    "index t.i"
)]
#[case::index_partial(
    "CREATE TABLE t (a int); CREATE INDEX i ON t (a) WHERE a > 0;",
    "CREATE TABLE t (a int); CREATE INDEX i ON t (a) WHERE a > 1;",
    "index t.i"
)]
#[case::index_partial_or_whole(
    "CREATE TABLE t (a int); CREATE INDEX i ON t (a) WHERE a > 0;",
    "CREATE TABLE t (a int); CREATE INDEX i ON t (a);",
    "index t.i"
)]
#[case::index_method(
    "CREATE TABLE t (a int); CREATE INDEX i ON t USING hash (a);",
    "CREATE TABLE t (a int); CREATE INDEX i ON t (a);",
    "index t.i"
)]
#[case::index_order(
    "CREATE TABLE t (a int); CREATE INDEX i ON t (a DESC);",
    "CREATE TABLE t (a int); CREATE INDEX i ON t (a);",
    "index t.i"
)]
#[case::index_columns_turned(
    "CREATE TABLE t (a int, b int); CREATE INDEX i ON t (a, b);",
    "CREATE TABLE t (a int, b int); CREATE INDEX i ON t (b, a);",
    "index t.i"
)]
#[case::index_operator_class(
    "CREATE TABLE t (a text); CREATE INDEX i ON t (a text_pattern_ops);",
    "CREATE TABLE t (a text); CREATE INDEX i ON t (a);",
    "index t.i"
)]
#[case::index_collation(
    "CREATE TABLE t (a text); CREATE INDEX i ON t (a COLLATE \"C\");",
    "CREATE TABLE t (a text); CREATE INDEX i ON t (a);",
    "index t.i"
)]
#[case::index_include(
    "CREATE TABLE t (a int, b int); CREATE INDEX i ON t (a) INCLUDE (b);",
    "CREATE TABLE t (a int, b int); CREATE INDEX i ON t (a);",
    "index t.i"
)]
#[case::index_unique(
    "CREATE TABLE t (a int); CREATE UNIQUE INDEX i ON t (a);",
    "CREATE TABLE t (a int); CREATE INDEX i ON t (a);",
    "index t.i"
)]
#[case::index_nulls_not_distinct(
    "CREATE TABLE t (a int); CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT;",
    "CREATE TABLE t (a int); CREATE UNIQUE INDEX i ON t (a);",
    "index t.i"
)]
#[case::index_on_json(
    "CREATE TABLE t (a jsonb); CREATE INDEX i ON t ((a ->> 'x'));",
    "CREATE TABLE t (a jsonb); CREATE INDEX i ON t ((a ->> 'y'));",
    "index t.i"
)]
#[case::unique_or_index(
    "CREATE TABLE t (a int, CONSTRAINT u UNIQUE (a));",
    "CREATE TABLE t (a int); CREATE UNIQUE INDEX u ON t (a);",
    "unique t.u, index t.u"
)]
#[case::unique_name(
    "CREATE TABLE t (a int, CONSTRAINT u UNIQUE (a));",
    "CREATE TABLE t (a int, CONSTRAINT v UNIQUE (a));",
    "unique t.u, unique t.v"
)]
#[case::unique_deferrable(
    "CREATE TABLE t (a int, CONSTRAINT u UNIQUE (a) DEFERRABLE);",
    "CREATE TABLE t (a int, CONSTRAINT u UNIQUE (a));",
    "unique t.u"
)]
#[case::key_columns(
    "CREATE TABLE t (a int NOT NULL, b int NOT NULL, PRIMARY KEY (a, b));",
    "CREATE TABLE t (a int NOT NULL, b int NOT NULL, PRIMARY KEY (b, a));",
    "primary key t.t_pkey"
)]
#[case::default(
    "CREATE TABLE t (a int DEFAULT 1);",
    "CREATE TABLE t (a int DEFAULT 2);",
    "column t.a"
)]
#[case::default_missing(
    "CREATE TABLE t (a text DEFAULT '');",
    "CREATE TABLE t (a text);",
    "column t.a"
)]
#[case::default_function(
    "CREATE TABLE t (a timestamptz DEFAULT now());",
    "CREATE TABLE t (a timestamptz DEFAULT clock_timestamp());",
    "column t.a"
)]
#[case::length("CREATE TABLE t (a varchar(10));", "CREATE TABLE t (a varchar(20));", "column t.a")]
#[case::precision(
    "CREATE TABLE t (a numeric(8, 2));",
    "CREATE TABLE t (a numeric(8, 3));",
    "column t.a"
)]
#[case::length_in_array(
    "CREATE TABLE t (a varchar(10)[]);",
    "CREATE TABLE t (a varchar(20)[]);",
    "column t.a"
)]
#[case::precision_of_time(
    "CREATE TABLE t (a timestamptz(3));",
    "CREATE TABLE t (a timestamptz);",
    "column t.a"
)]
#[case::time_zone("CREATE TABLE t (a timestamp);", "CREATE TABLE t (a timestamptz);", "column t.a")]
#[case::collation(
    "CREATE TABLE t (a text COLLATE \"C\");",
    "CREATE TABLE t (a text);",
    "column t.a"
)]
#[case::null("CREATE TABLE t (a int NOT NULL);", "CREATE TABLE t (a int);", "column t.a")]
#[case::generated(
    "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) STORED);",
    "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 3) STORED);",
    "column t.b"
)]
#[case::generated_or_default(
    "CREATE TABLE t (a int GENERATED ALWAYS AS (1) STORED);",
    "CREATE TABLE t (a int DEFAULT 1);",
    "column t.a"
)]
#[case::identity(
    "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY);",
    "CREATE TABLE t (a int GENERATED BY DEFAULT AS IDENTITY);",
    "column t.a"
)]
#[case::identity_options(
    "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY (INCREMENT 10));",
    "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY);",
    "column t.a"
)]
#[case::identity_or_serial(
    "CREATE TABLE t (a int GENERATED BY DEFAULT AS IDENTITY NOT NULL);",
    "CREATE TABLE t (a serial);",
    "column t.a"
)]
#[case::serial_or_plain(
    "CREATE TABLE t (a serial);",
    "CREATE TABLE t (a int NOT NULL);",
    "column t.a"
)]
#[case::sequence("CREATE SEQUENCE s INCREMENT 2;", "CREATE SEQUENCE s;", "sequence s")]
#[case::sequence_missing("CREATE SEQUENCE s;", "", "sequence s")]
#[case::domain(
    "CREATE DOMAIN d AS text CHECK (VALUE <> '');",
    "CREATE DOMAIN d AS text;",
    "domain d"
)]
#[case::exclusion(
    "CREATE TABLE t (a int4range, CONSTRAINT e EXCLUDE USING gist (a WITH &&));",
    "CREATE TABLE t (a int4range);",
    "exclusion t.e"
)]
#[case::view(
    "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t WHERE a > 0;",
    "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t;",
    "view v"
)]
#[case::view_option(
    "CREATE TABLE t (a int); CREATE VIEW v WITH (security_barrier) AS SELECT a FROM t;",
    "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t;",
    "view v"
)]
#[case::view_or_materialized(
    "CREATE TABLE t (a int); CREATE MATERIALIZED VIEW v AS SELECT a FROM t;",
    "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t;",
    "view v"
)]
#[case::function(
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';",
    "function f()"
)]
#[case::function_volatility(
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
    "function f()"
)]
#[tokio::test]
async fn each_is_seen_and_nothing_else(
    #[case] from: &str,
    #[case] to: &str,
    #[case] expected: &str,
) {
    assert_eq!(differences(from, to).await.join(", "), expected);
}

#[rstest]
#[case::on_delete("", " ON DELETE CASCADE")]
#[case::on_update("", " ON UPDATE CASCADE")]
#[case::kind_of_action(" ON DELETE CASCADE", " ON DELETE SET NULL")]
#[case::deferrable("", " DEFERRABLE")]
#[case::deferred(" DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED")]
#[case::match_full("", " MATCH FULL")]
#[case::some_columns_only(" ON DELETE SET NULL", " ON DELETE SET NULL (a)")]
#[tokio::test]
async fn what_a_foreign_key_does_is_seen(#[case] from: &str, #[case] to: &str) {
    let with = |action: &str| {
        format!(
            "{USERS} CREATE TABLE t (a int, CONSTRAINT r FOREIGN KEY (a) REFERENCES users{action});"
        )
    };
    assert_eq!(differences(&with(from), &with(to)).await, ["foreign key t.r"]);
}

#[rstest]
#[case::event("BEFORE INSERT ON t FOR EACH ROW", "BEFORE INSERT OR UPDATE ON t FOR EACH ROW")]
#[case::time("BEFORE INSERT ON t FOR EACH ROW", "AFTER INSERT ON t FOR EACH ROW")]
#[case::level("AFTER INSERT ON t FOR EACH ROW", "AFTER INSERT ON t FOR EACH STATEMENT")]
#[case::column("AFTER UPDATE ON t FOR EACH ROW", "AFTER UPDATE OF a ON t FOR EACH ROW")]
#[case::condition(
    "AFTER UPDATE ON t FOR EACH ROW",
    "AFTER UPDATE ON t FOR EACH ROW WHEN (NEW.a > 0)"
)]
#[tokio::test]
async fn what_a_trigger_does_is_seen(#[case] from: &str, #[case] to: &str) {
    let with = |when: &str| {
        format!("{FUNCTION} {} CREATE TRIGGER g {when} EXECUTE FUNCTION f();", table("a int"))
    };
    assert_eq!(differences(&with(from), &with(to)).await, ["trigger t.g"]);
}

#[rstest]
#[case::order_of_columns("CREATE TABLE t (a int, b text);", "CREATE TABLE t (b text, a int);")]
#[case::column_dropped_before(
    "CREATE TABLE t (a int, b text);",
    "CREATE TABLE t (x int, a int); ALTER TABLE t DROP x; ALTER TABLE t ADD b text;"
)]
#[case::comment(
    "CREATE TABLE t (a int);",
    "CREATE TABLE t (a int); COMMENT ON TABLE t IS 'x'; COMMENT ON COLUMN t.a IS 'y';"
)]
#[case::owner_and_grants(
    "CREATE TABLE t (a int);",
    "CREATE TABLE t (a int); GRANT SELECT ON t TO PUBLIC;"
)]
#[case::storage(
    "CREATE TABLE t (a text);",
    "CREATE TABLE t (a text) WITH (fillfactor = 70); ALTER TABLE t ALTER a SET STORAGE EXTERNAL;"
)]
#[case::names_of_types(
    "CREATE TABLE t (a int4, b bool, c timestamptz, d varchar(3), e decimal(3, 1), f float8);",
    "CREATE TABLE t (a integer, b boolean, c timestamp with time zone, d character varying(3), e numeric(3,1), f double precision);"
)]
#[case::serial_written_out(
    "CREATE TABLE t (a serial);",
    "CREATE SEQUENCE t_a_seq AS integer; CREATE TABLE t (a integer NOT NULL DEFAULT nextval('t_a_seq')); ALTER SEQUENCE t_a_seq OWNED BY t.a;"
)]
#[case::key_written_out(
    "CREATE TABLE t (a int PRIMARY KEY);",
    "CREATE TABLE t (a int); ALTER TABLE t ALTER a SET NOT NULL; CREATE UNIQUE INDEX t_pkey ON t (a); ALTER TABLE t ADD PRIMARY KEY USING INDEX t_pkey;"
)]
#[case::check_in_its_own_words(
    "CREATE TABLE t (a varchar(9) CHECK (a IN ('x', 'y')));",
    "CREATE TABLE t (a varchar(9), CONSTRAINT t_a_check CHECK (((a)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[]))));"
)]
#[case::predicate_in_its_own_words(
    "CREATE TABLE t (a varchar(9)); CREATE INDEX i ON t (a) WHERE a IN ('x', 'y');",
    "CREATE TABLE t (a varchar(9)); CREATE INDEX i ON t (a) WHERE ((a)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[]));"
)]
#[case::view_in_its_own_words(
    "CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT * FROM t;",
    "CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT t.a, t.b FROM t;"
)]
#[case::constraint_validated(
    "CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0));",
    "CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c;"
)]
#[case::enum_grown(
    "CREATE TYPE e AS ENUM ('a', 'b', 'c');",
    "CREATE TYPE e AS ENUM ('a', 'c'); ALTER TYPE e ADD VALUE 'b' BEFORE 'c';"
)]
#[case::record_tables(
    "CREATE TABLE t (a int);",
    "CREATE TABLE t (a int); CREATE TABLE _migrate_log (id bigserial PRIMARY KEY, a text); CREATE INDEX l ON _migrate_log (a);"
)]
#[case::other_schema(
    "CREATE TABLE t (a int);",
    "CREATE TABLE t (a int); DROP SCHEMA IF EXISTS other CASCADE; CREATE SCHEMA other; CREATE TABLE other.x (a int);"
)]
#[case::extension("CREATE TABLE t (a int);", "CREATE TABLE t (a int); CREATE EXTENSION pg_trgm;")]
#[tokio::test]
async fn what_means_the_same_is_the_same(#[case] from: &str, #[case] to: &str) {
    assert_eq!(differences(from, to).await, [""; 0]);
}
