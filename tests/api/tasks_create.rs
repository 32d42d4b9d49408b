//! `POST /tasks`: what a task is made of, and every rule of its fields.

use rstest::rstest;
use serde_json::{Value, json};

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::text;
use testkit::{App, until};

#[rstest]
#[tokio::test]
async fn a_title_is_enough(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let answer = app.post("/tasks", &json!({"title": "Ma tâche"})).await.expect(201);
    let task = answer.json();
    let id = text(&task, "id");
    let expected = json!({
        "id": id, "number": 1, "title": "Ma tâche", "description": null, "status": "todo",
        "priority": "medium", "completed": false, "assignee": null, "due_date": null,
        "created_at": task["created_at"], "updated_at": task["created_at"], "completed_at": null,
        "version": 1
    });
    assert_eq!(task, expected);
    let uuid: uuid::Uuid = id.parse().expect("a UUID");
    assert_eq!((uuid.get_version_num(), uuid.to_string().as_str()), (7, id));
    assert_eq!(answer.header("location"), Some(format!("/tasks/{id}")));
    assert_eq!(answer.etag(), format!("\"{id}.1\""));
    let created = text(&task, "created_at");
    assert!(created.len() == "2026-11-21T09:00:00.123456Z".len() && created.ends_with('Z'));
}

#[rstest]
#[tokio::test]
async fn every_field_is_kept(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let sent = json!({
        "title": "t 🦀", "description": "line\n\tline\r\n", "status": "in_progress", "priority": "high",
        "assignee": "Zoë", "due_date": "2026-12-24T18:00:00.5+01:00"
    });
    let task = app.create(sent.clone()).await;
    for field in ["title", "description", "status", "priority", "assignee"] {
        assert_eq!(task[field], sent[field], "{field}");
    }
    assert_eq!(task["due_date"], "2026-12-24T17:00:00.500000Z");
    assert_eq!(app.json(&format!("/tasks/{}", text(&task, "id"))).await, task);
    assert_eq!(app.json("/tasks/1").await, task);
}

#[rstest]
#[tokio::test]
async fn bodies_that_break_a_rule(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let long = |count: usize| "é".repeat(count);
    let cases: Vec<(Value, &[&str])> = vec![
        (json!({}), &["/title required"]),
        (json!({"title": null}), &["/title not_null"]),
        (json!({"title": 7}), &["/title invalid_type"]),
        (json!({"title": ""}), &["/title too_short"]),
        (json!({"title": " \u{a0}\u{2003}\t"}), &["/title too_short"]),
        (json!({"title": long(201)}), &["/title too_long"]),
        (json!({"title": "a\u{0}b"}), &["/title control_character"]),
        (json!({"title": "a\nb"}), &["/title control_character"]),
        (json!({"title": "a\tb"}), &["/title control_character"]),
        (json!({"title": "a\rb"}), &["/title control_character"]),
        (json!({"title": "a\u{7f}b"}), &["/title control_character"]),
        (json!({"title": "a\u{85}b"}), &["/title control_character"]),
        (json!({"title": "x", "description": long(1001)}), &["/description too_long"]),
        (json!({"title": "x", "description": "\u{0}"}), &["/description control_character"]),
        (json!({"title": "x", "description": "\u{1b}"}), &["/description control_character"]),
        (json!({"title": "x", "description": []}), &["/description invalid_type"]),
        (json!({"title": "\u{200b}"}), &["/title invisible"]),
        (json!({"title": "\u{202e}\u{202c}"}), &["/title invisible"]),
        (json!({"title": "x", "assignee": "\u{3164}"}), &["/assignee invisible"]),
        (json!({"title": "x", "assignee": long(101)}), &["/assignee too_long"]),
        (json!({"title": "x", "assignee": "a\nb"}), &["/assignee control_character"]),
        (json!({"title": "x", "assignee": false}), &["/assignee invalid_type"]),
        (json!({"title": "x", "status": "Done"}), &["/status not_allowed"]),
        (json!({"title": "x", "status": null}), &["/status not_null"]),
        (json!({"title": "x", "status": 1}), &["/status invalid_type"]),
        (json!({"title": "x", "priority": "urgent"}), &["/priority not_allowed"]),
        (json!({"title": "x", "priority": null}), &["/priority not_null"]),
        (json!({"title": "x", "completed": null}), &["/completed not_null"]),
        (json!({"title": "x", "completed": "true"}), &["/completed invalid_type"]),
        (json!({"title": "x", "due_date": 20_261_224}), &["/due_date invalid_type"]),
        (json!({"title": "x", "a/b~c": 1}), &["/a~1b~0c unknown_field"]),
        (json!({"title": "x", "Title": "y"}), &["/Title unknown_field"]),
        (json!({"title": "x", "": 1}), &["/ unknown_field"]),
        // All at once, not the first.
        (
            json!({"description": 1, "status": "x", "priority": "y", "due_date": "z", "other": 0}),
            &[
                "/title required",
                "/description invalid_type",
                "/status not_allowed",
                "/priority not_allowed",
                "/due_date invalid_date",
                "/other unknown_field",
            ],
        ),
        (json!([]), &[" invalid_type"]),
        (json!("title"), &[" invalid_type"]),
        (json!(null), &[" invalid_type"]),
        (json!(3), &[" invalid_type"]),
    ];
    for (body, expected) in cases {
        app.post("/tasks", &body).await.violates(expected);
    }
    assert_eq!(app.json("/tasks").await, json!([]), "nothing was stored");
}

#[rstest]
#[tokio::test]
async fn lengths_are_taken_after_trimming(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let (title, assignee) = ("🦀".repeat(200), "ß".repeat(100));
    let padded = |text: &str| format!("\u{2003} \n{text}\t\u{a0}");
    let task = app
        .create(json!({"title": padded(&title), "assignee": padded(&assignee),
            "description": "d".repeat(1000)}))
        .await;
    assert_eq!((text(&task, "title"), text(&task, "assignee")), (&*title, &*assignee));
    // A description is not trimmed, and the empty one is a text.
    for description in ["", "  x  ", "\n", &"é".repeat(1000)] {
        let task = app.create(json!({"title": "x", "description": description})).await;
        assert_eq!(task["description"], description);
    }
    // Nobody is left of an assignee.
    for assignee in ["", " \u{a0}"] {
        let task = app.create(json!({"title": "x", "assignee": assignee})).await;
        assert!(task["assignee"].is_null(), "{task}");
    }
    let explicit = json!({"title": "x", "description": null, "assignee": null, "due_date": null});
    let task = app.create(explicit).await;
    assert!(task["description"].is_null() && task["assignee"].is_null());
}

/// Nobody can see, search or click what shows nothing. Beside what shows something, invisible characters stay.
#[rstest]
#[tokio::test]
async fn what_shows_nothing_is_no_title(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "kept", "assignee": "kept"})).await;
    let ranges = [
        '\u{200b}'..='\u{200f}',
        '\u{2060}'..='\u{2064}',
        '\u{202a}'..='\u{202e}',
        '\u{2066}'..='\u{2069}',
    ];
    let single = [
        '\u{ad}',
        '\u{61c}',
        '\u{115f}',
        '\u{1160}',
        '\u{2800}',
        '\u{3164}',
        '\u{feff}',
        '\u{ffa0}',
        '\u{fe0f}',
        '\u{e0041}',
    ];
    let invisible: Vec<char> = ranges.into_iter().flatten().chain(single).collect();
    let mut texts: Vec<String> = invisible.iter().map(ToString::to_string).collect();
    texts.push(invisible.iter().collect());
    texts.push("\u{200b} \u{200b}".to_owned());
    for text in &texts {
        let both = json!({"title": text, "assignee": text});
        let expected = &["/assignee invisible", "/title invisible"];
        app.post("/tasks", &both).await.violates(expected);
        app.patch("/tasks/1", &both).await.violates(expected);
        app.put("/tasks/1", &both).await.violates(expected);
        let bulk = json!({"operations": [{"op": "create", "task": {"title": text}}]});
        app.post("/tasks/bulk", &bulk).await.violates(&["/operations/0/task/title invisible"]);
        app.post("/tasks/import", &json!([both]))
            .await
            .violates(&["/0/assignee invisible", "/0/title invisible"]);
        let table = format!("title\r\n\"{text}\"\r\n");
        let csv = app.call("POST", "/tasks/import").header("content-type", "text/csv");
        csv.raw(table).send().await.violates(&["/0/title invisible"]);
    }
    let detail = app.post("/tasks", &json!({"title": "\u{200b}\u{2060}"})).await.json();
    let detail = text(&detail, "detail").to_owned();
    assert!(
        detail.contains("at least one visible character") && detail.contains("U+200B, U+2060"),
        "{detail}"
    );
    assert_eq!(app.json("/tasks/count").await, json!({"total": 1}), "nothing was stored");
    for kept in ["👩\u{200d}🚀", "می\u{200c}خواهم", "\u{202e}abc", "x\u{200b}", "\u{feff}x"]
    {
        let task = app.create(json!({"title": kept, "assignee": kept})).await;
        assert_eq!((text(&task, "title"), text(&task, "assignee")), (kept, kept));
    }
}

#[rstest]
#[tokio::test]
async fn dates(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    for (sent, kept) in [
        ("2026-12-24", "2026-12-24T00:00:00.000000Z"),
        ("2026-12-24T18:00:00", "2026-12-24T18:00:00.000000Z"),
        ("2026-12-24T18:00:00.123456999Z", "2026-12-24T18:00:00.123456Z"),
        ("2026-12-24T18:00:00-05:30", "2026-12-24T23:30:00.000000Z"),
        ("2028-02-29t00:00:00z", "2028-02-29T00:00:00.000000Z"),
        ("0001-01-01", "0001-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
    ] {
        let task = app.create(json!({"title": "x", "due_date": sent})).await;
        assert_eq!(task["due_date"], kept, "{sent}");
        assert_eq!(app.json(&format!("/tasks/{}", task["number"])).await["due_date"], kept);
    }
    for bad in [
        "",
        "tomorrow",
        "2026-02-29",
        "2026-12-24T18:00Z",
        "2026-12-24 18:00:00Z",
        "2026-12-24T18:00:00+0100",
        "20261224",
        "2026-W52-4",
        "2026-12-24T18:00:60Z",
        "0000-12-31",
        "10000-01-01",
        "9999-12-31T23:59:59-01:00",
        "0001-01-01T00:00:00+01:00",
    ] {
        let answer = app.post("/tasks", &json!({"title": "x", "due_date": bad})).await;
        answer.violates(&["/due_date invalid_date"]);
    }
}

#[rstest]
#[tokio::test]
async fn completed_and_status(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    for (sent, status) in [
        (json!({"completed": true}), Some("done")),
        (json!({"completed": false}), Some("todo")),
        (json!({"completed": true, "status": "done"}), Some("done")),
        (json!({"completed": false, "status": "in_progress"}), Some("in_progress")),
        (json!({"status": "done"}), Some("done")),
        (json!({"completed": true, "status": "todo"}), None),
        (json!({"completed": true, "status": "in_progress"}), None),
        (json!({"completed": false, "status": "done"}), None),
    ] {
        let mut body = sent.clone();
        body["title"] = json!("x");
        let answer = app.post("/tasks", &body).await;
        let Some(status) = status else {
            assert_eq!(answer.status, 422, "{}", answer.describe());
            let found = answer.violations();
            assert!(found.len() == 1 && found[0].ends_with(" contradiction"), "{found:?}");
            continue;
        };
        let task = answer.expect(201).json();
        let done = status == "done";
        assert_eq!((&task["status"], &task["completed"]), (&json!(status), &json!(done)), "{sent}");
        let at = if done { task["created_at"].clone() } else { Value::Null };
        assert_eq!(task["completed_at"], at, "{sent}");
    }
}

#[rstest]
#[tokio::test]
async fn what_was_got_may_be_sent_back(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let first = app.create(json!({"title": "x", "completed": true, "assignee": "a"})).await;
    let second = app.create(first.clone()).await;
    assert_ne!(second["id"], first["id"]);
    assert_eq!((&second["number"], &second["version"]), (&json!(2), &json!(1)));
    assert_eq!(second["title"], first["title"]);
    // A read-only field is ignored whatever its value.
    let odd = json!({"title": "x", "id": 7, "number": "x", "created_at": [], "updated_at": null,
        "completed_at": {"a": 1}, "version": -1});
    assert_eq!(app.create(odd).await["version"], 1);
    for number in ["1e999999", &"9".repeat(5_000)] {
        let odd = format!(r#"{{"title":"x","version":{number}}}"#);
        let made = app.call("POST", "/tasks").header("content-type", "application/json").raw(odd);
        assert_eq!(made.send().await.expect(201).json()["version"], 1);
        let odd = format!(r#"{{"title":{number}}}"#);
        let wrong = app.call("POST", "/tasks").header("content-type", "application/json").raw(odd);
        wrong.send().await.violates(&["/title invalid_type"]);
    }
}

#[rstest]
#[tokio::test]
async fn numbers_are_not_given_again(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let tasks = app.create_all((0..3).map(|n| json!({"title": n.to_string()}))).await;
    assert!(tasks.windows(2).all(|pair| pair[0]["number"].as_i64() < pair[1]["number"].as_i64()));
    let last = tasks[2]["number"].as_i64().expect("a number");
    let _ = app.delete(&format!("/tasks/{last}")).await.expect(204);
    let next = app.create(json!({"title": "x"})).await["number"].as_i64();
    assert!(next > Some(last), "{next:?} after {last}");
}

#[rstest]
#[tokio::test]
async fn text_is_data(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    for title in ["'; DROP TABLE tasks; --", "\"q\" \\ % _ $1 ?1", "<script>", "NULL", "e\u{301}"] {
        let task = app.create(json!({"title": title, "description": title})).await;
        let read = app.json(&format!("/tasks/{}", text(&task, "id"))).await;
        assert_eq!((&read["title"], &read["description"]), (&json!(title), &json!(title)));
    }
}

/// SQLite has one writer at a time: the others wait, and none is turned away.
#[rstest]
#[tokio::test]
async fn fifty_clients_at_once(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let clients: Vec<_> = (0..50)
        .map(|client| {
            let api = (*app).clone();
            tokio::spawn(async move {
                for turn in 0..4 {
                    api.create(json!({"title": format!("{client}/{turn}")})).await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("no client fails");
    }
    assert_eq!(app.json("/tasks/count").await, json!({"total": 200}));
    let tasks = app.json("/tasks?limit=1000").await;
    let numbers: std::collections::BTreeSet<_> =
        tasks.as_array().expect("a list").iter().map(|task| task["number"].as_i64()).collect();
    assert_eq!(numbers.len(), 200, "each number is given once");
}

#[rstest]
#[tokio::test]
async fn times_come_from_the_server_and_move_on(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let first = app.create(json!({"title": "x", "created_at": "2000-01-01"})).await;
    assert!(text(&first, "created_at") > "2020", "the server's own time: {first}");
    let later = until("a later created_at", testkit::WITHIN, async || {
        let next = app.create(json!({"title": "x"})).await;
        (text(&next, "created_at") > text(&first, "created_at")).then_some(next)
    })
    .await;
    assert!(text(&later, "id") > text(&first, "id"), "UUIDv7 begins with the time");
}
