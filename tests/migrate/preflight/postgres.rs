//! What only PostgreSQL has statements for: each with what is asked before it.

use rstest::rstest;
use schemakeep::Dialect::Postgres;

use super::asked;

#[rstest]
#[case::not_null("ALTER TABLE tasks ALTER assignee SET NOT NULL", &["2 rows with NULL in tasks.assignee [1 3]"])]
#[case::not_null_already("ALTER TABLE tasks ALTER id SET NOT NULL", &[])]
#[case::not_null_of_nothing(
    "ALTER TABLE tasks ALTER nobody SET NOT NULL",
    &["? rows with NULL in tasks.nobody: the column is not there"]
)]
#[case::qualified("ALTER TABLE public.tasks ALTER assignee SET NOT NULL", &["2 rows with NULL in public.tasks.assignee [1 3]"])]
#[case::other_schema(
    "ALTER TABLE other.tasks ALTER assignee SET NOT NULL",
    &["? rows with NULL in other.tasks.assignee: the table is not there"]
)]
#[case::added_and_required(
    "ALTER TABLE tasks ADD COLUMN x text; ALTER TABLE tasks ALTER x SET NOT NULL",
    &["4 rows with NULL in tasks.x [1 2 3 4]"]
)]
#[case::added_filled_required(
    "ALTER TABLE tasks ADD COLUMN x text;\nUPDATE tasks SET x = title;\nALTER TABLE tasks ALTER x SET NOT NULL",
    &["? rows with NULL in tasks.x: x is filled by line 2"]
)]
#[case::block_first(
    "DO $$ BEGIN UPDATE tasks SET assignee = 'x'; END $$;\nALTER TABLE tasks ALTER assignee SET NOT NULL",
    &["? rows with NULL in tasks.assignee: DO in line 1 may change rows first"]
)]
#[case::function_first(
    "SELECT fix();\nALTER TABLE tasks ALTER assignee SET NOT NULL",
    &["? rows with NULL in tasks.assignee: fix in line 1 may change rows first"]
)]
#[case::primary(
    "ALTER TABLE tasks DROP CONSTRAINT tasks_pkey; ALTER TABLE tasks ADD PRIMARY KEY (person)",
    &["1 rows with NULL in tasks.person [4]", "no rows with the same person in tasks"]
)]
#[case::concurrently("CREATE UNIQUE INDEX CONCURRENTLY i ON tasks (code)", &["2 rows with the same code in tasks [1 2]"])]
#[case::using_index("ALTER TABLE tasks ADD CONSTRAINT k UNIQUE USING INDEX i", &[])]
#[case::nulls_not_distinct(
    "CREATE UNIQUE INDEX i ON tasks (assignee) NULLS NOT DISTINCT",
    &["2 rows with the same assignee in tasks [1 3]"]
)]
#[case::orphans(
    "ALTER TABLE tasks ADD FOREIGN KEY (person) REFERENCES people",
    &["1 rows of tasks whose person is not in people [3]"]
)]
#[case::orphans_not_valid("ALTER TABLE tasks ADD FOREIGN KEY (person) REFERENCES people NOT VALID", &[])]
#[case::orphans_validated(
    "ALTER TABLE tasks ADD CONSTRAINT f FOREIGN KEY (person) REFERENCES people (id) NOT VALID; ALTER TABLE tasks VALIDATE CONSTRAINT f",
    &["1 rows of tasks whose person is not in people [3]"]
)]
#[case::parents_added(
    "INSERT INTO people VALUES (9, 'x');\nALTER TABLE tasks ADD FOREIGN KEY (person) REFERENCES people",
    &["? rows of tasks whose person is not in people: rows of people are added by line 1"]
)]
#[case::orphans_of_a_new_table(
    "CREATE TABLE teams (id int PRIMARY KEY); ALTER TABLE tasks ADD FOREIGN KEY (person) REFERENCES teams",
    &["3 rows of tasks whose person is not in teams [1 2 3]"]
)]
#[case::orphans_of_nothing(
    "ALTER TABLE tasks ADD FOREIGN KEY (person) REFERENCES nothing",
    &["? rows of tasks whose person is not in nothing: the table nothing is not there"]
)]
#[case::new_reference("ALTER TABLE tasks ADD COLUMN boss int REFERENCES people", &["no rows of tasks whose boss is not in people"])]
#[case::check(
    "ALTER TABLE tasks ADD CHECK (tasks.estimate > 0)",
    &["1 rows of tasks for which (tasks.estimate > 0) is false [4]"]
)]
#[case::check_not_valid("ALTER TABLE tasks ADD CONSTRAINT c CHECK (estimate > 0) NOT VALID", &[])]
#[case::check_renamed(
    "ALTER TABLE tasks RENAME COLUMN estimate TO minutes; ALTER TABLE tasks ADD CHECK (minutes > 0)",
    &["1 rows of tasks for which (minutes > 0) is false [4]"]
)]
#[case::longer(
    "ALTER TABLE tasks ALTER title TYPE varchar(4)",
    &["1 values longer than 4 characters in tasks.title [3]"]
)]
#[case::long_enough("ALTER TABLE tasks ALTER title TYPE varchar(5)", &["no values longer than 5 characters in tasks.title"])]
#[case::wider("ALTER TABLE tasks ALTER person TYPE bigint, ALTER title TYPE text", &[])]
#[case::out_of_range(
    "ALTER TABLE tasks ALTER estimate TYPE integer",
    &["1 values out of the range of integer in tasks.estimate [2]"]
)]
#[case::digits(
    "ALTER TABLE tasks ALTER estimate TYPE numeric(4, 2)",
    &["1 values with more than 2 digits before the point in tasks.estimate [2]"]
)]
#[case::no_integer(
    "ALTER TABLE tasks ALTER code TYPE int USING code::int",
    &["4 values that are no integer in tasks.code [1 2 3 4]"]
)]
#[case::no_uuid("ALTER TABLE tasks ALTER code TYPE uuid USING (code::uuid)", &["4 values that are no uuid in tasks.code [1 2 3 4]"])]
#[case::no_date(
    "ALTER TABLE tasks ALTER code TYPE date USING CAST(code AS date)",
    &["? values not written as YYYY-MM-DD in tasks.code: 4 found, and PostgreSQL reads other ways of writing a date too, and only running it shows which"]
)]
#[case::by_hand(
    "ALTER TABLE tasks ALTER title TYPE varchar(4) USING left(title, 4)",
    &["? values in tasks.title that do not fit varchar(4): only running it shows what `USING left(title, 4)` makes"]
)]
#[case::emptied("TRUNCATE people; CREATE UNIQUE INDEX i ON people (name)", &["2 rows of people, which is emptied [1 2]"])]
#[case::set_by_the_database("ALTER TABLE tasks ADD COLUMN n bigserial UNIQUE", &["? rows with the same n in tasks: n is filled by line 1"])]
#[case::no_equality(
    "ALTER TABLE tasks ADD COLUMN j json; CREATE UNIQUE INDEX i ON tasks (j)",
    &["? rows with the same j in tasks: the database says: could not identify an equality operator for type json (42883)"]
)]
#[case::values_stay_inside(
    "ALTER TABLE tasks ADD CHECK (code::int > 0)",
    &["? rows of tasks for which (code::int > 0) is false: a value cannot be evaluated (22P02)"]
)]
#[tokio::test]
async fn postgres(#[case] sql: &str, #[case] expected: &[&str]) {
    assert_eq!(asked(Postgres, "", sql).await, expected);
}

#[rstest]
#[case::check(
    "ALTER TABLE tasks ADD CONSTRAINT c CHECK (estimate > 0) NOT VALID",
    "1 rows of tasks for which ((estimate > 0)) is false [4]"
)]
#[case::foreign_key(
    "ALTER TABLE tasks ADD CONSTRAINT c FOREIGN KEY (person) REFERENCES people NOT VALID",
    "1 rows of tasks whose person is not in people [3]"
)]
#[tokio::test]
async fn what_was_added_not_valid_long_ago_is_checked(#[case] first: &str, #[case] expected: &str) {
    let sql = "ALTER TABLE tasks VALIDATE CONSTRAINT c";
    assert_eq!(asked(Postgres, first, sql).await, [expected]);
}
