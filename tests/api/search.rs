//! `q`: every word, as a substring, in any of three texts, whatever the case and the accents.

use rstest::rstest;
use serde_json::json;

use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test]
async fn finds(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app
        .create_all([
            json!({"title": "Ma Tâche", "description": "une crème brûlée", "assignee": "Łukasz"}),
            json!({"title": "Hauptstraße", "description": null, "assignee": "Zoë"}),
            json!({"title": "100% done_ish \"quoted\" it's C:\\temp", "description": "AND OR NOT NEAR( * ^"}),
            json!({"title": "ΣΊΣΥΦΟΣ Ёлка 日本語テキスト", "description": "smørrebrød œuvre"}),
            json!({"title": "e\u{301}clair ﬁnal", "description": "line one\nline two"}),
        ])
        .await;
    for (words, expected) in [
        ("tache", &[1][..]),
        ("TÂCHE", &[1]),
        ("ach", &[1]),
        ("ta he", &[1]),
        ("ma che", &[1]),
        ("tache lukasz brulee", &[1]),
        ("tache zoe", &[]),
        ("STRASSE", &[2]),
        ("straße", &[2]),
        ("zoe", &[2]),
        ("%", &[3]),
        ("_", &[3]),
        ("\"", &[3]),
        ("'", &[3]),
        ("\\", &[3]),
        ("c:\\t", &[3]),
        ("100%", &[3]),
        ("\"quoted\"", &[3]),
        ("near(", &[3]),
        ("and not", &[3]),
        ("*", &[3]),
        ("^ or", &[3]),
        ("σισυφος", &[4]),
        ("елка", &[4]),
        ("本語", &[4]),
        ("テ", &[4]),
        ("smorre", &[4]),
        ("OEUVRE", &[4]),
        ("éclair", &[5]),
        ("eclair final", &[5]),
        ("two", &[5]),
        ("one two", &[5]),
        ("a", &[1, 2, 3, 5]),
        ("la", &[5]),
        // No word goes over from one text to the next.
        ("tacheune", &[]),
        ("absent", &[]),
        ("--", &[]),
        ("(", &[3]),
    ] {
        let query = url::form_urlencoded::byte_serialize(words.as_bytes()).collect::<String>();
        let mut lists = Vec::new();
        for path in ["/tasks/search?sort=number&q=", "/tasks?sort=number&q="] {
            let list = app.json(&format!("{path}{query}")).await;
            let numbers: Vec<_> = list
                .as_array()
                .expect("a list")
                .iter()
                .filter_map(|task| task["number"].as_i64())
                .collect();
            lists.push(numbers);
        }
        assert_eq!(lists[0], lists[1], "{words}");
        assert_eq!(lists[0], expected, "{words}");
        let count = app.json(&format!("/tasks/count?q={query}")).await;
        assert_eq!(count["total"], lists[0].len(), "{words}");
    }
}

#[rstest]
#[tokio::test]
async fn the_index_follows_changes(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "before", "description": "kept"})).await;
    let _ =
        app.patch("/tasks/1", &json!({"title": "after", "assignee": "someone"})).await.expect(200);
    for (word, found) in [("before", 0), ("after", 1), ("kept", 1), ("someone", 1)] {
        assert_eq!(app.titles(&format!("/tasks/search?q={word}")).await.len(), found, "{word}");
    }
    let _ = app.patch("/tasks/1", &json!({"description": null})).await.expect(200);
    assert!(app.titles("/tasks/search?q=kept").await.is_empty());
    let _ = app.delete("/tasks/1").await.expect(204);
    assert!(app.titles("/tasks/search?q=after").await.is_empty());
}

#[rstest]
#[tokio::test]
async fn what_a_search_refuses(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    app.get("/tasks/search").await.violates(&["q required"]);
    for blank in ["q=", "q=%20", "q=+%09%C2%A0"] {
        app.get(&format!("/tasks/search?{blank}")).await.violates(&["q empty"]);
        assert_eq!(app.json(&format!("/tasks?{blank}")).await, json!([]), "no filter on /tasks");
    }
    let long = "%C3%A9".repeat(201);
    for path in ["/tasks/search", "/tasks", "/tasks/count", "/tasks/stats"] {
        app.get(&format!("{path}?q={long}")).await.violates(&["q too_long"]);
        app.get(&format!("{path}?q=a&q=b")).await.violates(&["q repeated"]);
        let _ = app.get(&format!("{path}?q={}", &long[6..])).await.expect(200);
    }
    let answer = app.get("/tasks/search?q=a%00b").await;
    assert!(answer.status < 500, "a NUL is the client's affair: {}", answer.describe());
    let _ = app.get("/tasks/search/").await.problem(404, "not-found");
}

/// Two hundred words of one letter are the most that fits; neither database minds.
#[rstest]
#[tokio::test]
async fn many_words(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "a b c"})).await;
    let query = ["a"; 100].join("+");
    assert_eq!(app.titles(&format!("/tasks/search?q={query}")).await, ["a b c"]);
}
