//! Databases that somebody has changed by hand: what was changed is named and nothing else, and each difference can
//! be ended either way.

use rstest::rstest;
use schemakeep::diff::{Fix, compare, fix};

use super::catalogue;
use super::place::{Place, connect, run};

const SCHEMA: &str = "
CREATE TYPE status AS ENUM ('open', 'done');
CREATE SEQUENCE ticket_numbers;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    status status NOT NULL DEFAULT 'open',
    note text,
    effort integer DEFAULT 1,
    owner_id integer,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tasks_title_length CHECK (length(title) > 0),
    CONSTRAINT tasks_owner FOREIGN KEY (owner_id) REFERENCES users ON DELETE CASCADE
);
CREATE INDEX tasks_owner_idx ON tasks (owner_id);
CREATE INDEX tasks_open_idx ON tasks (updated_at) WHERE status = 'open';
CREATE VIEW open_tasks AS SELECT id, title FROM tasks WHERE status = 'open';
CREATE TRIGGER tasks_touch BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TABLE labels (name text PRIMARY KEY, colour text);
";

const ROWS: &str = "
INSERT INTO users SELECT n, n || '@example.org' FROM generate_series(1, 5) n;
INSERT INTO tasks (title, owner_id, note) SELECT 'task ' || n, 1 + n % 5, 'note' FROM generate_series(1, 50) n;
INSERT INTO labels SELECT 'label ' || n, 'red' FROM generate_series(1, 5) n;
";

/// What was done by hand, and the object that it shows in.
type Hand = (&'static str, &'static str);

const TEN: [Hand; 10] = [
    ("CREATE INDEX handmade ON tasks (title)", "index tasks.handmade"),
    ("DROP INDEX tasks_owner_idx", "index tasks.tasks_owner_idx"),
    ("ALTER TABLE users ALTER email TYPE varchar(200)", "column users.email"),
    ("ALTER TABLE tasks ADD hotfix text", "column tasks.hotfix"),
    ("ALTER TABLE tasks ALTER updated_at DROP NOT NULL", "column tasks.updated_at"),
    ("ALTER TABLE tasks ALTER effort SET DEFAULT 2", "column tasks.effort"),
    ("ALTER TABLE tasks DROP CONSTRAINT tasks_title_length", "check tasks.tasks_title_length"),
    (
        "ALTER TABLE tasks DROP CONSTRAINT tasks_owner, \
         ADD CONSTRAINT tasks_owner FOREIGN KEY (owner_id) REFERENCES users",
        "foreign key tasks.tasks_owner",
    ),
    ("CREATE TABLE tasks_backup AS SELECT * FROM tasks", "table tasks_backup"),
    ("DROP TRIGGER tasks_touch ON tasks", "trigger tasks.tasks_touch"),
];

const TEN_MORE: [Hand; 10] = [
    ("ALTER TYPE status ADD VALUE 'late'", "enum status"),
    ("ALTER SEQUENCE ticket_numbers INCREMENT BY 7", "sequence ticket_numbers"),
    (
        "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql \
         AS $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$",
        "function touch()",
    ),
    ("ALTER TABLE tasks DISABLE TRIGGER tasks_touch", "trigger tasks.tasks_touch"),
    ("CREATE OR REPLACE VIEW open_tasks AS SELECT id, title FROM tasks", "view open_tasks"),
    (
        "ALTER TABLE tasks DROP CONSTRAINT tasks_title_length, \
         ADD CONSTRAINT tasks_title_length CHECK (length(title) > 0) NOT VALID",
        "check tasks.tasks_title_length",
    ),
    (
        // As CREATE INDEX CONCURRENTLY leaves it when it is interrupted.
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'tasks_owner_idx'::regclass",
        "index tasks.tasks_owner_idx",
    ),
    ("ALTER TABLE users DROP CONSTRAINT users_email_key", "unique users.users_email_key"),
    ("ALTER TABLE tasks DROP COLUMN note", "column tasks.note"),
    ("DROP TABLE labels", "table labels"),
];

async fn differences(place: &Place) -> Vec<String> {
    let expected = schemakeep::schema::read_from(&place.model).await.unwrap();
    let differences = compare(&expected.unwrap(), &place.now().await);
    differences.iter().map(|it| it.object.to_string()).collect()
}

async fn drifted(by: &[Hand]) -> Place {
    let place = Place::take().await;
    place.declared(SCHEMA).await;
    place.begun(SCHEMA).await;
    run(&mut place.connect().await, ROWS).await;
    run(&mut connect(&place.model).await, ROWS).await;
    assert_eq!(differences(&place).await, [""; 0], "a clean database");
    let mut connection = place.connect().await;
    for (statement, _) in by {
        run(&mut connection, statement).await;
    }
    place
}

#[rstest]
#[case::ten(&TEN)]
#[case::ten_more(&TEN_MORE)]
#[tokio::test]
async fn each_change_is_named_and_nothing_else(#[case] by: &[Hand]) {
    let place = drifted(by).await;
    let mut expected: Vec<&str> = by.iter().map(|(_, object)| *object).collect();
    let mut found = differences(&place).await;
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
    place.give_back().await;
}

/// Which side the statements are for.
#[derive(Clone, Copy, Debug)]
enum Direction {
    Database,
    Migration,
}

/// Each difference goes with its own statements, and none comes with them.
#[rstest]
#[tokio::test]
async fn a_difference_ends_with_the_statements_that_mend_it(
    #[values(&TEN, &TEN_MORE)] by: &[Hand],
    #[values(Direction::Database, Direction::Migration)] way: Direction,
) {
    let place = drifted(by).await;
    let expected = schemakeep::schema::read_from(&place.model).await.unwrap().unwrap();
    let found = place.now().await;
    let all = compare(&expected, &found);
    assert_eq!(all.len(), by.len());
    let mut connection = match way {
        Direction::Database => place.connect().await,
        Direction::Migration => connect(&place.model).await,
    };
    for (done, difference) in all.iter().enumerate() {
        let Fix { database, migration } = fix(&expected, &found, difference);
        let statements = match way {
            Direction::Database => database,
            Direction::Migration => migration,
        };
        assert!(!statements.is_empty(), "nothing fixes {}", difference.object);
        for statement in &statements {
            run(&mut connection, statement).await;
        }
        let left: Vec<String> = all[done + 1..].iter().map(|it| it.object.to_string()).collect();
        let mut now = differences(&place).await;
        if statements.iter().all(|it| it.starts_with("--")) {
            // Nobody can want an index that is not valid: it is said, and is ended from the other side.
            assert_eq!(difference.object.to_string(), "index tasks.tasks_owner_idx");
            assert!(matches!(way, Direction::Migration), "{statements:?}");
            run(&mut place.connect().await, "REINDEX INDEX tasks_owner_idx").await;
            now = differences(&place).await;
        }
        assert_eq!(now, left, "after\n{}", statements.join(";\n"));
    }
    catalogue::same("fixed", &place.wanted().await, &place.everything().await).unwrap();
    place.give_back().await;
}

/// One drift at a time, so that a fix leans on no other.
#[rstest]
#[tokio::test]
async fn a_change_alone_is_mended_alone(#[values(&TEN, &TEN_MORE)] by: &[Hand]) {
    for hand in by {
        let place = drifted(&[*hand]).await;
        let expected = schemakeep::schema::read_from(&place.model).await.unwrap().unwrap();
        let found = place.now().await;
        let all = compare(&expected, &found);
        let [difference] = all.as_slice() else { panic!("{}: {all:?}", hand.0) };
        let mut connection = place.connect().await;
        for statement in fix(&expected, &found, difference).database {
            run(&mut connection, &statement).await;
        }
        assert_eq!(differences(&place).await, [""; 0], "after {}", hand.0);
        place.give_back().await;
    }
}
