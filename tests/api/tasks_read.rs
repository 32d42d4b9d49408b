//! `GET /tasks/{ref}`: both names of a task, and all that is no name.

use rstest::rstest;
use serde_json::json;

use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::text;

#[rstest]
#[tokio::test]
async fn by_id_and_by_number(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let task = app.create(json!({"title": "x"})).await;
    let id = text(&task, "id");
    for reference in [id, "1"] {
        let answer = app.get(&format!("/tasks/{reference}")).await.expect(200);
        assert_eq!(answer.json(), task);
        assert_eq!(answer.etag(), format!("\"{id}.1\""));
    }
    // A single task takes no parameter and ignores what is sent.
    let _ = app.get("/tasks/1?nonsense=1&limit=x").await.expect(200);
}

#[rstest]
#[tokio::test]
async fn if_none_match(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "x"})).await;
    let tag = app.get("/tasks/1").await.etag();
    for (field, status) in [
        (tag.clone(), 304),
        (format!("W/{tag}"), 304),
        (format!("\"other\", {tag}"), 304),
        ("*".to_owned(), 304),
        ("\"other\"".to_owned(), 200),
        (tag.replace(".1\"", ".2\""), 200),
        (tag.trim_matches('"').to_owned(), 200),
    ] {
        for method in ["GET", "HEAD"] {
            let call = app.call(method, "/tasks/1").header("if-none-match", &field);
            let answer = call.send().await.expect(status);
            assert_eq!(answer.etag(), tag, "{field}");
        }
    }
    let two_lines =
        app.call("GET", "/tasks/1").header("if-none-match", "\"a\"").header("if-none-match", &tag);
    let _ = two_lines.send().await.expect(304);
    let missing = app.call("GET", "/tasks/2").header("if-none-match", "*").send().await;
    let _ = missing.problem(404, "not-found");
}

#[rstest]
#[tokio::test]
async fn what_is_no_task(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let task = app.create(json!({"title": "x"})).await;
    let id = text(&task, "id");
    let no_refs = [
        "2".to_owned(),
        "0".to_owned(),
        "01".to_owned(),
        "-1".to_owned(),
        "+1".to_owned(),
        "1.0".to_owned(),
        "1%20".to_owned(),
        "%201".to_owned(),
        "9223372036854775807".to_owned(),
        "9223372036854775808".to_owned(),
        "99999999999999999999999999".to_owned(),
        "x".to_owned(),
        "%D9%A1".to_owned(),
        id.to_uppercase(),
        id.replace('-', ""),
        format!("%7B{id}%7D"),
        format!("urn:uuid:{id}"),
        "01993c1e-6f1a-7c3e-9a51-0f6e6a4b2d11".to_owned(),
        "1/".to_owned(),
        format!("{id}/"),
        "1/x".to_owned(),
        "%ff".to_owned(),
        "%zz".to_owned(),
        "%".to_owned(),
        "%00".to_owned(),
        "'%20OR%201=1".to_owned(),
    ];
    for reference in no_refs {
        let path = format!("/tasks/{reference}");
        let _ = app.get(&path).await.problem(404, "not-found");
        let _ = app.delete(&path).await.problem(404, "not-found");
        let _ = app.patch(&path, &json!({"title": "y"})).await.problem(404, "not-found");
        let _ = app.put(&path, &json!({"title": "y"})).await.problem(404, "not-found");
    }
    assert_eq!(app.json("/tasks/1").await, task);
}

#[rstest]
#[tokio::test]
async fn a_percent_encoded_ref_is_the_ref(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let task = app.create(json!({"title": "x"})).await;
    assert_eq!(app.json("/tasks/%31").await, task);
}
