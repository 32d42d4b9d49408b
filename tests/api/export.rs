//! `GET /tasks/export`.

use std::time::Instant;

use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::titles;
use testkit::{Answer, App, WITHIN, until};

/// Titles that spreadsheets, calendars and readers of tables stumble over.
const TITLES: [&str; 5] =
    ["=1+1", "a \"quoted\", title; and more", "Ma tâche 老虎", "'tis", "-5 \\ n"];

async fn filled(on: Backend) -> App {
    let app = App::start(on).await;
    for (at, title) in TITLES.into_iter().enumerate() {
        let description = (at > 0).then(|| format!("{title}\r\nline two\n\ttabbed").repeat(at));
        let priority = ["low", "medium", "high"][at % 3];
        app.create(json!({"title": title, "description": description, "priority": priority})).await;
    }
    let _ = app.patch("/tasks/2", &json!({"description": "", "completed": true})).await.expect(200);
    let due = json!({"due_date": "2026-12-24T18:00:00.5Z", "assignee": "@Ana"});
    let _ = app.patch("/tasks/3", &due).await.expect(200);
    app
}

fn is_file(answer: &Answer, kind: &str, extension: &str) {
    let header = |name: &str| answer.header(name).unwrap_or_default();
    assert_eq!(header("content-type"), kind, "{}", answer.describe());
    let name = header("content-disposition");
    let date = name.strip_prefix("attachment; filename=\"tasks-");
    let date = date.and_then(|rest| rest.strip_suffix(&format!(".{extension}\"")));
    let is_date = date.is_some_and(|d| d.len() == 8 && d.bytes().all(|b| b.is_ascii_digit()));
    assert!(is_date, "{name}");
    assert_eq!(header("cache-control"), "no-store");
}

#[rstest]
#[tokio::test]
async fn as_json_it_is_the_list(#[values(Sqlite, Postgres)] on: Backend) {
    let app = filled(on).await;
    // Accept does not choose.
    let answer = app.call("GET", "/tasks/export").header("accept", "text/csv").send().await;
    let answer = answer.expect(200);
    is_file(&answer, "application/json", "json");
    assert_eq!(answer.json(), app.json("/tasks?sort=created_at").await);
    for query in [
        "sort=-priority,title&format=json",
        "q=tache",
        "status=done,todo&priority=medium",
        "assignee=@Ana",
        "assignee=&sort=-number",
        "due_after=2026-12-24",
        "overdue=true",
    ] {
        let list = query.replace("&format=json", "");
        let list = if list.contains("sort") { list } else { format!("{list}&sort=created_at") };
        let exported = app.json(&format!("/tasks/export?{query}")).await;
        assert_eq!(exported, app.json(&format!("/tasks?{list}")).await, "{query}");
    }
    let head = app.call("HEAD", "/tasks/export?format=csv").send().await.expect(200);
    is_file(&head, "text/csv; charset=utf-8; header=present", "csv");
}

#[rstest]
#[tokio::test]
async fn as_csv_it_makes_the_same_tasks_again(#[values(Sqlite, Postgres)] on: Backend) {
    let app = filled(on).await;
    let answer = app.get("/tasks/export?format=csv").await.expect(200);
    is_file(&answer, "text/csv; charset=utf-8; header=present", "csv");
    let text = answer.text();
    let header = "id,number,title,description,status,priority,completed,assignee,due_date,\
        created_at,updated_at,completed_at,version\r\n";
    assert!(text.starts_with(header), "{text}");
    // A spreadsheet takes none of them for a formula, and an empty text is not none.
    for cell in [",1,'=1+1,,todo,", ",2,\"a \"\"quoted\"\", title; and more\",',done,", ",'@Ana,"] {
        assert!(text.contains(cell), "{cell}:\n{text}");
    }
    let other = App::start(on).await;
    let file = other.call("POST", "/tasks/import").header("content-type", "text/csv");
    let imported = file.raw(answer.body).send().await.expect(200).json();
    assert_eq!(imported["created"], TITLES.len());
    let given = |mut tasks: Value| {
        for task in tasks.as_array_mut().expect("a list") {
            let task = task.as_object_mut().expect("a task");
            for name in ["id", "created_at", "updated_at", "completed_at", "version"] {
                task.remove(name);
            }
        }
        tasks
    };
    let (before, after) = ("/tasks?sort=created_at", "/tasks?sort=number");
    assert_eq!(given(app.json(before).await), given(other.json(after).await));
}

#[rstest]
#[tokio::test]
async fn as_a_calendar(#[values(Sqlite, Postgres)] on: Backend) {
    let app = filled(on).await;
    let answer = app.get("/tasks/export?format=ics&sort=number").await.expect(200);
    is_file(&answer, "text/calendar; charset=utf-8", "ics");
    let text = answer.text();
    assert!(text.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:"), "{text}");
    assert!(text.ends_with("END:VTODO\r\nEND:VCALENDAR\r\n"), "{text}");
    assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')), "{text}");
    let unfolded = text.replace("\r\n ", "");
    let todos: Vec<_> = unfolded.split("BEGIN:VTODO\r\n").skip(1).collect();
    assert_eq!(todos.len(), TITLES.len());
    let id = app.json("/tasks/3").await["id"].as_str().expect("an id").to_owned();
    let uid = format!("UID:{id}");
    for (todo, line) in [
        (0, "SUMMARY:=1+1"),
        (0, "PRIORITY:9"),
        (1, "SUMMARY:a \"quoted\"\\, title\\; and more"),
        (1, "STATUS:COMPLETED"),
        (1, "COMPLETED:2"),
        (2, uid.as_str()),
        (2, "DUE:20261224T180000Z"),
        (2, "DESCRIPTION:Ma tâche 老虎\\nline two\\n\ttabbedMa"),
        (2, "STATUS:NEEDS-ACTION"),
        (4, "SUMMARY:-5 \\\\ n"),
    ] {
        assert!(todos[todo].contains(line), "{line}:\n{}", todos[todo]);
    }
}

#[rstest]
#[case("format=xml", &["format not_allowed"])]
#[case("format=", &["format empty"])]
#[case("format=CSV&limit=5&sort=x", &["format not_allowed", "limit unknown_parameter", "sort not_allowed"])]
#[case("cursor=x&skip=1&count=true", &["cursor unknown_parameter", "skip unknown_parameter", "count unknown_parameter"])]
#[case("format=csv&format=ics&status=open", &["format repeated", "status not_allowed"])]
#[tokio::test]
async fn a_bad_question(#[case] query: &str, #[case] expected: &[&str]) {
    let app = App::start(Sqlite).await;
    let answer = app.get(&format!("/tasks/export?{query}")).await;
    answer.violates(expected);
    if query == "format=xml" {
        assert!(answer.text().contains("json, csv, ics"), "{}", answer.describe());
    }
}

/// More rows than the buffers between the two sides hold, and more than one page.
async fn heavy(on: Backend, variables: &[(&str, &str)]) -> App {
    let app = App::with(on, variables).await;
    // Random, so that it fills the buffers when it is compressed too.
    let (rows, id, at, filler) = match on {
        Sqlite => (
            "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 30000) ",
            "randomblob(16)",
            "1700000000000000 + n / 7",
            "hex(randomblob(490))",
        ),
        Postgres => (
            "WITH r AS (SELECT n FROM generate_series(1, 30000) n) ",
            "gen_random_uuid()",
            "timestamptz '2026-01-01' + n / 7 * interval '1 s'",
            "(SELECT string_agg(md5(random()::text || g || n), '') FROM generate_series(1, 31) g)",
        ),
    };
    let mut side = app.database.connect().await;
    side.execute(&format!(
        "{rows}INSERT INTO tasks (id, title, description, status, priority, created_at, updated_at, version, search_text) \
         SELECT {id}, 'task ' || n, {filler}, 'todo', 'low', {at}, {at}, 1, 'x' FROM r"
    ))
    .await;
    app
}

/// Every row once, in whatever order, also where many were made in the same moment.
#[rstest]
#[tokio::test]
async fn many_pages(#[values(Sqlite, Postgres)] on: Backend) {
    let app = heavy(on, &[]).await;
    for sort in ["created_at", "-created_at", "number"] {
        let exported = app.json(&format!("/tasks/export?sort={sort}")).await;
        let mut found = titles(&exported);
        assert_eq!(found.len(), 30_000, "{sort}");
        found.sort();
        found.dedup();
        assert_eq!(found.len(), 30_000, "{sort}");
    }
    let csv = app.get("/tasks/export?format=csv&q=x").await.expect(200).text();
    assert_eq!(csv.split_terminator("\r\n").count(), 30_001);
    let ics = app.get("/tasks/export?format=ics").await.expect(200).text();
    assert_eq!(ics.matches("\r\nEND:VTODO\r\n").count(), 30_000);
}

/// Asks for an export and reads its head.
async fn begin(app: &App, query: &str, coding: &str) -> (TcpStream, Vec<u8>) {
    let mut stream =
        TcpStream::connect(("127.0.0.1", app.server.port)).await.expect("a connection");
    let request = format!(
        "GET /tasks/export?{query} HTTP/1.1\r\nhost: localhost\r\naccept-encoding: {coding}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("the request goes out");
    let mut read = vec![0; 2_000];
    stream.read_exact(&mut read).await.expect("the head");
    assert!(read.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&read));
    (stream, read)
}

/// The end of a body whose length was not announced (RFC 9112 section 7.1).
const END: &[u8] = b"\r\n0\r\n\r\n";

/// The body of an answer that came in chunks.
fn body(answer: &[u8]) -> Vec<u8> {
    let at = |bytes: &[u8], end: &[u8]| {
        bytes.windows(end.len()).position(|window| window == end).expect("an end")
    };
    let mut rest = &answer[at(answer, b"\r\n\r\n") + 4..];
    let mut body = Vec::new();
    loop {
        let line = at(rest, b"\r\n");
        let length = std::str::from_utf8(&rest[..line]).expect("a length");
        let length = usize::from_str_radix(length, 16).expect("a length");
        if length == 0 {
            return body;
        }
        body.extend_from_slice(&rest[line + 2..line + 2 + length]);
        rest = &rest[line + 2 + length + 2..];
    }
}

/// A slow client gets everything, whatever the time of a request.
#[rstest]
#[tokio::test]
async fn a_slow_client_gets_the_whole(#[values(Sqlite, Postgres)] on: Backend) {
    let app = heavy(on, &[("REQUEST_TIMEOUT", "1s")]).await;
    let (mut stream, mut read) = begin(&app, "format=csv", "identity").await;
    let start = Instant::now();
    until("the time of a request to be over", WITHIN, async || {
        (start.elapsed().as_millis() > 1_500).then_some(())
    })
    .await;
    // Meanwhile it holds no connection to the database.
    let _ = app.get("/tasks?limit=1").await.expect(200);
    stream.read_to_end(&mut read).await.expect("the rest");
    assert!(read.ends_with(END));
    let lines = body(&read).windows(9).filter(|bytes| bytes == b",todo,low").count();
    assert_eq!(lines, 30_000);
}

/// A part never looks like the whole.
#[rstest]
#[tokio::test]
async fn what_breaks_off_has_no_end(
    #[values(Sqlite, Postgres)] on: Backend,
    #[values("identity", "gzip")] coding: &str,
) {
    let app = heavy(on, &[]).await;
    let (mut stream, mut read) = begin(&app, "format=csv", coding).await;
    let mut side = app.database.connect().await;
    side.execute("ALTER TABLE tasks RENAME TO tasks_gone").await;
    // It may be cut hard.
    let _ = stream.read_to_end(&mut read).await;
    assert!(!read.ends_with(END), "it looks whole");
    let said = app.server.log().into_iter().find(|line| line.to_string().contains("broken off"));
    assert!(said.is_some_and(|line| line.to_string().contains("request_id")));
}

#[rstest]
#[tokio::test]
async fn without_a_task(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    assert_eq!(app.json("/tasks/export").await, json!([]));
    let csv = app.get("/tasks/export?format=csv").await.expect(200).text();
    assert_eq!(csv.lines().count(), 1);
    let ics = app.get("/tasks/export?format=ics").await.expect(200).text();
    assert!(ics.ends_with("//EN\r\nEND:VCALENDAR\r\n"), "{ics}");
}
