//! How the databases carry out what the store sends them: by index, and in one statement.

use std::time::Duration;

use rstest::rstest;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use taskmanager::domain::{DayWindow, Sort, Task, TaskFilter, TaskRef};
use taskmanager::store::{Start, StoreError};
use time::macros::datetime;

use crate::fixture::{Fixture, after, task};
use crate::statements::during;
use testkit::Backend;
use testkit::database::Side;
use testkit::poll::until;

const ROWS: u32 = 5_000;

/// A table in which reading everything is dear, written without the store to be quick.
async fn filled(backend: Backend) -> Fixture {
    let fixture = Fixture::new(backend).await;
    let columns = "id, title, description, status, priority, due_date, created_at, updated_at, version, search_text";
    let (id, filler, at, rows) = match backend {
        Backend::Sqlite => (
            "randomblob(16)",
            "hex(zeroblob(450))",
            "1700000000000000 + n * 7919 % 5000 * 1000000",
            format!(
                "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < {ROWS}) "
            ),
        ),
        Backend::Postgres => (
            "gen_random_uuid()",
            "repeat('0', 900)",
            "timestamptz '2026-01-01' + n * 7919 % 5000 * interval '1 s'",
            format!("WITH r AS (SELECT n FROM generate_series(1, {ROWS}) n) "),
        ),
    };
    let values = format!(
        "{id}, 'task ' || n, {filler}, 'todo', 'low', CASE WHEN n % 3 = 0 THEN {at} END, {at}, {at}, 1, \
         'task ' || n || char(10) || char(10)"
    );
    let values =
        if backend == Backend::Postgres { values.replace("char(", "chr(") } else { values };
    // A common table expression stands before INSERT on PostgreSQL, and may on SQLite.
    fixture.execute(&format!("{rows}INSERT INTO tasks ({columns}) SELECT {values} FROM r")).await;
    fixture.execute("ANALYZE").await;
    fixture
}

/// The plan of a statement of the store's, in the database's own words.
async fn plan(fixture: &Fixture, statement: &str) -> String {
    match fixture.database.connect().await {
        // The plan does not depend on the values, which are all null here.
        Side::Sqlite(mut connection) => {
            let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
            let rows = connection.fetch_all(explain).await.expect("a plan");
            rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("\n")
        }
        Side::Postgres(connection) => postgres_plan(connection, statement).await,
    }
}

/// The plan for typical values, whatever parameters the statement has.
async fn postgres_plan(mut connection: PgConnection, statement: &str) -> String {
    let prepare = AssertSqlSafe(format!("PREPARE asked AS {statement}"));
    connection.execute(sqlx::raw_sql(prepare)).await.expect("a statement");
    let types: Vec<String> = sqlx::query_scalar(
        "SELECT unnest(parameter_types)::text FROM pg_prepared_statements WHERE name = 'asked'",
    )
    .fetch_all(&mut connection)
    .await
    .expect("its parameters");
    let values = types.iter().map(|kind| match kind.as_str() {
        "bigint" => "101",
        "text" => "'%4711%'",
        "uuid" => "'00000000-0000-0000-0000-000000000000'",
        "timestamp with time zone" => "'2026-01-01 00:30:00Z'",
        other => panic!("no value for a {other} in {statement}"),
    });
    let values = values.collect::<Vec<_>>().join(", ");
    let values = if types.is_empty() { values } else { format!("({values})") };
    let explain = AssertSqlSafe(format!(
        "SET plan_cache_mode = force_custom_plan; EXPLAIN EXECUTE asked{values}"
    ));
    let rows = connection.fetch_all(sqlx::raw_sql(explain)).await.expect("a plan");
    let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    connection.close().await.expect("a clean goodbye");
    lines.join("\n")
}

/// The plan of the statement that fetches a page. Before it SQLite may only count what a search finds, and
/// not without a bound.
async fn page_plan(fixture: &Fixture, filter: &TaskFilter, sort: &Sort, start: Start) -> String {
    let (page, statements) = during(fixture.page(filter, sort, 100, start)).await;
    assert!(!page.tasks.is_empty(), "a page to look at");
    let Some((statement, before)) = statements.split_last() else { panic!("no statement") };
    let bounded = |s: &&String| s.starts_with("SELECT count(*) FROM (") && s.contains("LIMIT $2");
    assert!(before.len() <= 1 && before.iter().all(|s| bounded(&s)), "{statements:#?}");
    plan(fixture, statement).await
}

/// Neither reads nor sorts the whole table, and goes by `index`.
#[track_caller]
fn assert_by(index: &str, plan: &str) {
    assert!(plan.contains(index), "not by {index}:\n{plan}");
    for dear in ["Seq Scan on tasks", "SCAN tasks\n"] {
        assert!(!format!("{plan}\n").contains(dear), "{dear}:\n{plan}");
    }
}

#[track_caller]
fn assert_unsorted(plan: &str) {
    for sort in ["Sort", "TEMP B-TREE"] {
        assert!(!plan.contains(sort), "sorted:\n{plan}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_first_page_and_every_other_go_by_an_index(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = filled(backend).await;
    let all = TaskFilter::default();
    for (order, index) in
        [("-created_at", "tasks_created_at_idx"), ("due_date", "tasks_due_date_idx")]
    {
        let sort = Sort::parse(order).expect("a sort");
        let first = page_plan(&fixture, &all, &sort, Start::Skip(0)).await;
        assert_by(index, &first);
        assert_unsorted(&first);
        let page = fixture.page(&all, &sort, 1000, Start::Skip(500)).await;
        let start = after(page.tasks.last().expect("a row"), &sort, &all);
        let next = page_plan(&fixture, &all, &sort, start).await;
        assert_by(index, &next);
        assert_unsorted(&next);
    }
    for order in ["-updated_at", "updated_at"] {
        let sort = Sort::parse(order).expect("a sort");
        let first = page_plan(&fixture, &all, &sort, Start::Skip(0)).await;
        let page = fixture.page(&all, &sort, 1000, Start::Skip(500)).await;
        let start = after(page.tasks.last().expect("a row"), &sort, &all);
        for plan in [first, page_plan(&fixture, &all, &sort, start).await] {
            assert_by("tasks_updated_at_idx", &plan);
            match order {
                "-updated_at" => assert_unsorted(&plan),
                // Those of the same moment stand in the other order in the index, and are sorted as they come.
                _ => assert!(
                    ["Incremental Sort", "FOR LAST TERM OF ORDER BY"]
                        .iter()
                        .any(|s| plan.contains(s)),
                    "{plan}"
                ),
            }
        }
    }
    // SQLite's table is its own index of numbers.
    if backend == Backend::Postgres {
        let sort = Sort::parse("number").expect("a sort");
        let plan = page_plan(&fixture, &all, &sort, Start::Skip(0)).await;
        assert_by("tasks_number_idx", &plan);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_search_for_three_letters_or_more_goes_by_the_trigrams(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[values("4711", "task 4711", "711 k")] q: &str,
) {
    let fixture = filled(backend).await;
    let filter = TaskFilter { words: taskmanager::domain::fold::words(q), ..TaskFilter::default() };
    let index = match backend {
        // "VIRTUAL TABLE INDEX … M" is FTS5's own word for a MATCH that its index answers.
        Backend::Sqlite => "SCAN tasks_search VIRTUAL TABLE INDEX 0:M",
        Backend::Postgres => "tasks_search_text_idx",
    };
    let plan = page_plan(&fixture, &filter, &Sort::default(), Start::Skip(0)).await;
    assert_by(index, &plan);
    let (count, statements) = during(fixture.tasks.count(&filter, crate::fixture::NOW)).await;
    assert!(count.expect("a count") > 0);
    assert_eq!(statements.len(), 1, "{statements:#?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_task_is_found_by_its_keys(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = filled(backend).await;
    let [made] = fixture.store([task("x")]).await.try_into().expect("one");
    for (reference, index) in [
        (TaskRef::Id(made.id), ["tasks_pkey", "sqlite_autoindex_tasks_1"]),
        (TaskRef::Number(made.number), ["tasks_number_idx", "INTEGER PRIMARY KEY (rowid=?)"]),
    ] {
        let (found, statements) = during(fixture.tasks.get(reference)).await;
        assert!(found.expect("an answer").is_some());
        let [statement] = statements.as_slice() else { panic!("one: {statements:#?}") };
        let plan = plan(&fixture, statement).await;
        assert!(index.iter().any(|index| plan.contains(index)), "{plan}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_census_reads_an_index_only(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = filled(backend).await;
    let (status_counts, statements) = during(fixture.tasks.status_counts()).await;
    assert_eq!(status_counts.expect("a status_counts")[0].tasks, i64::from(ROWS));
    let [statement] = statements.as_slice() else { panic!("one: {statements:#?}") };
    let covering = [
        "Index Only Scan using tasks_status_priority_idx",
        "COVERING INDEX tasks_status_priority_idx",
    ];
    // PostgreSQL chooses it once a vacuum has found every row visible to all, which anyone who looks at the
    // table meanwhile puts off.
    until("a plan that reads the index only", Duration::from_secs(30), async || {
        fixture.execute("VACUUM").await;
        let plan = plan(&fixture, statement).await;
        covering.iter().any(|words| plan.contains(words)).then_some(())
    })
    .await;
}

/// A hundred days of tasks, of which the last day is asked for.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn figures_of_days_read_those_days_only(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = filled(backend).await;
    let (back, now) = match backend {
        Backend::Sqlite => ("number % 100 * 86400000000", datetime!(2023-11-14 23:30 UTC)),
        Backend::Postgres => ("number % 100 * interval '1 day'", datetime!(2026-01-01 00:30 UTC)),
    };
    fixture.execute(&format!("UPDATE tasks SET created_at = created_at - {back}")).await;
    fixture
        .execute(
            "UPDATE tasks SET status = 'done', completed_at = created_at WHERE number % 10 <> 0",
        )
        .await;
    fixture.execute("ANALYZE").await;
    let (figures, statements) = during(fixture.tasks.daily(&DayWindow::ending(now, 1))).await;
    assert!(figures.expect("figures")[0].created > 0);
    let [statement] = statements.as_slice() else { panic!("one: {statements:#?}") };
    let plan = plan(&fixture, statement).await;
    assert_by("tasks_created_at_idx", &plan);
    assert_by("tasks_completed_at_idx", &plan);
}

/// As many statements as there are batches.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn many_tasks_take_few_statements(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let tasks: Vec<_> = (0..1_201).map(|n| task(&format!("task {n}"))).collect();
    let (made, statements) = during(fixture.tasks.create_many(tasks.clone())).await;
    let titles = |tasks: &[Task]| tasks.iter().map(|task| task.title.clone()).collect::<Vec<_>>();
    assert_eq!(titles(&made.expect("tasks")), titles(&tasks));
    // SQLite: a power of two of tasks at a time, up to 512, and their events; PostgreSQL: 1,000 at a time, with theirs.
    let few = if backend == Backend::Sqlite { 2 * 6 } else { 2 };
    assert_eq!(statements.len(), few, "{} statements", statements.len());
    assert_eq!(fixture.tasks.create_many(Vec::new()).await.expect("none"), []);
    // The last one is refused, and none of its batch or of those before it stays.
    let mut tasks: Vec<_> = (0..600).map(|n| task(&format!("again {n}"))).collect();
    tasks.push(Task { title: String::new(), ..task("x") });
    let refused = fixture.tasks.create_many(tasks).await;
    assert!(matches!(refused, Err(StoreError::Driver(_))), "{refused:?}");
    let count = fixture.tasks.count(&TaskFilter::default(), crate::fixture::NOW).await;
    assert_eq!(count.expect("a count"), 1_201);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn figures_are_one_statement(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let fixture = Fixture::new(backend).await;
    fixture.store([task("x"), task("y")]).await;
    let filter =
        TaskFilter { overdue: Some(false), words: vec!["x".into()], ..TaskFilter::default() };
    let (figures, statements) = during(fixture.tasks.stats(&filter, crate::fixture::NOW)).await;
    assert_eq!(figures.expect("figures").total, 1);
    assert_eq!(statements.len(), 1, "{statements:#?}");
}
