//! What every answer has: request ids, headers, compression, HEAD, CORS; and the pages for people.

use rstest::rstest;
use serde_json::{Value, json};

use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::server::field;

#[rstest]
#[tokio::test]
async fn request_ids(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let longest = "~".repeat(128);
    for kept in ["x", "01993c1e-6f1a", "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~", &longest] {
        for path in ["/tasks", "/tasks/9", "/nope", "/health/live", "/metrics"] {
            let answer = app.call("GET", path).header("x-request-id", kept).send().await;
            assert_eq!(answer.header("x-request-id").as_deref(), Some(kept), "{path}");
        }
    }
    let too_long = "x".repeat(129);
    for refused in [&b""[..], b"a b", b"\xc3\xa9", b"a\tb", too_long.as_bytes()] {
        let answer = app.call("GET", "/tasks").header("x-request-id", refused).send().await;
        let made: uuid::Uuid =
            answer.header("x-request-id").unwrap_or_default().parse().expect("a UUID instead");
        assert_eq!(made.get_version_num(), 7, "{refused:?}");
    }
    let first = app.get("/tasks").await.header("x-request-id");
    assert_ne!(app.get("/tasks").await.header("x-request-id"), first);
}

#[rstest]
#[tokio::test]
async fn one_log_line_a_request(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "t"})).await;
    for (id, method, path, route, status) in [
        ("log-1", "GET", "/tasks/1?x=1", "/tasks/{ref}", 200),
        ("log-2", "GET", "/nope", "unmatched", 404),
        ("log-3", "DELETE", "/tasks/2", "/tasks/{ref}", 404),
        ("log-4", "HEAD", "/tasks", "/tasks", 200),
    ] {
        let answer = app.call(method, path).header("x-request-id", id).send().await;
        assert_eq!(answer.status, status);
        let line = app.server.request_line(id).await;
        assert_eq!(field(&line, "method"), Some(json!(method)), "{line}");
        assert_eq!(field(&line, "route"), Some(json!(route)), "{line}");
        assert_eq!(field(&line, "status"), Some(json!(status)), "{line}");
        assert!(field(&line, "duration_ms").is_some_and(|took| took.is_number()), "{line}");
        let lines = app.server.log();
        let of_request = lines.iter().filter(|line| {
            field(line, "request_id").is_some_and(|found| found == id)
                && field(line, "duration_ms").is_some()
        });
        assert_eq!(of_request.count(), 1, "one line: {id}");
    }
}

#[rstest]
#[tokio::test]
async fn a_trace_is_accepted(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    for parent in [&format!("00-{trace}-00f067aa0ba902b7-01"), "00-zz-00-01", ""] {
        let call = app.call("GET", "/tasks").header("traceparent", parent);
        let _ = call.header("x-request-id", "traced").send().await.expect(200);
    }
}

#[rstest]
#[tokio::test]
async fn compression(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let small = app.call("GET", "/tasks").header("accept-encoding", "gzip, br, zstd").send().await;
    assert_eq!(small.expect(200).header("content-encoding"), None, "under 1 KiB");
    let _ = app.create(json!({"title": "t", "description": "long ".repeat(190)})).await;
    let _ = app.create(json!({"title": "u", "description": "text ".repeat(190)})).await;
    let plain = app.get("/tasks").await.expect(200);
    assert_eq!(plain.header("content-encoding"), None);
    for coding in ["gzip", "br", "zstd"] {
        let answer = app.call("GET", "/tasks").header("accept-encoding", coding).send().await;
        assert_eq!(answer.header("content-encoding").as_deref(), Some(coding));
        assert!(answer.body.len() < plain.body.len(), "{coding}");
        let vary = answer.header("vary").unwrap_or_default().to_lowercase();
        assert!(vary.contains("accept-encoding"), "{vary}");
    }
    let unknown = app.call("GET", "/tasks").header("accept-encoding", "compress").send().await;
    assert_eq!(unknown.body, plain.body);
    // A client of each kind reads what it asked for.
    let clients = [
        reqwest::Client::builder().no_brotli().no_zstd(),
        reqwest::Client::builder().no_gzip().no_zstd(),
        reqwest::Client::builder().no_gzip().no_brotli(),
    ];
    for client in clients {
        let client = client.build().expect("a client");
        let answer = client.get(format!("{}/tasks", app.base())).send().await.expect("an answer");
        assert_eq!(answer.json::<Value>().await.expect("JSON"), plain.json());
    }
}

#[rstest]
#[tokio::test]
async fn head_is_get_without_the_body(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create_all(["a", "b"].map(|title| json!({"title": title}))).await;
    for path in [
        "/tasks?limit=1&count=true",
        "/tasks/1",
        "/tasks/9",
        "/tasks/count",
        "/tasks/stats",
        "/tasks/search?q=a",
        "/tasks/search",
        "/tasks/filter/todo",
        "/tasks?limit=0",
        "/health",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/openapi.json",
        "/problems/validation",
        "/nope",
    ] {
        let get = app.get(path).await;
        let head = app.call("HEAD", path).send().await.expect(get.status);
        for name in ["content-type", "etag", "link", "x-total-count", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn cors_is_off(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let get =
        app.call("GET", "/tasks").header("origin", "https://a.example").send().await.expect(200);
    let preflight = app
        .call("OPTIONS", "/tasks")
        .header("origin", "https://a.example")
        .header("access-control-request-method", "POST");
    let preflight = preflight.send().await.problem(405, "method-not-allowed");
    for answer in [get, preflight] {
        let named = answer.headers.keys().any(|name| name.as_str().starts_with("access-control-"));
        assert!(!named, "{}", answer.describe());
    }
}

#[rstest]
#[tokio::test]
async fn cors_is_on(
    #[values(Sqlite, Postgres)] on: Backend,
    #[values("https://a.example,https://b.example:8443", "*")] origins: &str,
) {
    let app = App::with(on, &[("CORS_ORIGINS", origins)]).await;
    let words = |text: Option<String>| {
        let text = text.unwrap_or_default().to_lowercase();
        text.split(',').map(|word| word.trim().to_owned()).collect::<Vec<_>>()
    };
    for origin in ["https://a.example", "https://b.example:8443"] {
        let expected = if origins == "*" { "*" } else { origin };
        for path in ["/tasks", "/tasks/9", "/tasks?limit=0"] {
            let answer = app.call("GET", path).header("origin", origin).send().await;
            let allowed = answer.header("access-control-allow-origin");
            assert_eq!(allowed.as_deref(), Some(expected), "{path}");
            let mut exposed = words(answer.header("access-control-expose-headers"));
            exposed.sort();
            assert_eq!(
                exposed,
                [
                    "etag",
                    "idempotency-replayed",
                    "link",
                    "location",
                    "retry-after",
                    "x-request-id",
                    "x-total-count"
                ]
            );
            if origins != "*" {
                let vary = words(answer.header("vary"));
                assert!(vary.contains(&"origin".to_owned()), "{vary:?}");
            }
        }
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
            let preflight = app
                .call("OPTIONS", "/tasks/1")
                .header("origin", origin)
                .header("access-control-request-method", method)
                .header("access-control-request-headers", "content-type,if-match");
            let answer = preflight.send().await;
            assert!(matches!(answer.status, 200 | 204), "{}", answer.describe());
            let methods = words(answer.header("access-control-allow-methods"));
            assert!(methods.contains(&method.to_lowercase()), "{methods:?}");
            let headers = words(answer.header("access-control-allow-headers"));
            for name in ["content-type", "if-match", "if-none-match", "x-request-id", "traceparent"]
            {
                assert!(headers.iter().any(|header| header == name), "{name}: {headers:?}");
            }
        }
    }
    if origins != "*" {
        for stranger in ["https://c.example", "http://a.example", "https://a.example.evil", "null"]
        {
            let answer = app.call("GET", "/tasks").header("origin", stranger).send().await;
            assert_eq!(
                answer.expect(200).header("access-control-allow-origin"),
                None,
                "{stranger}"
            );
        }
    }
}

/// Addresses that people and other services' clients write.
#[rstest]
#[case("GET", "/tasks/?status=done&q=%C3%A9", "/tasks?status=done&q=%C3%A9")]
#[case("HEAD", "/tasks/", "/tasks")]
#[case("POST", "/tasks/", "/tasks")]
#[case("GET", "/redoc", "/docs")]
#[tokio::test]
async fn addresses_that_lead_elsewhere(
    #[case] method: &str,
    #[case] path: &str,
    #[case] leads_to: &str,
) {
    let app = App::start(Sqlite).await;
    let answer = app.call(method, path).send().await.expect(308);
    assert_eq!(answer.header("location").as_deref(), Some(leads_to));
}

#[rstest]
#[tokio::test]
async fn the_document_and_its_viewer(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let document = app.json("/openapi.json").await;
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    for path in [
        "/tasks",
        "/tasks/count",
        "/tasks/stats",
        "/tasks/search",
        "/tasks/filter/{status}",
        "/health",
        "/health/live",
        "/health/ready",
        "/metrics",
    ] {
        assert!(document["paths"][path]["get"].is_object(), "{path} is described");
    }
    let root = app.get("/").await.expect(200);
    let links = root.header("link").expect("the page leads programs to what is for them");
    assert!(links.contains("</openapi.json>; rel=\"service-desc\""), "{links}");
    assert!(links.contains("</docs>; rel=\"service-doc\""), "{links}");

    let mut page = app.get("/docs").await;
    if (300..400).contains(&page.status) {
        let to = page.header("location").expect("where to");
        page = app.get(&to).await;
    }
    let html = page.clone().expect(200).text();
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    let links = html.split(['"', '\'']).filter(|word| {
        [".js", ".css", ".png"].iter().any(|end| word.ends_with(end)) && !word.contains(' ')
    });
    let mut seen = 0;
    for link in links {
        assert!(!link.starts_with("//") && !link.contains("://"), "from the binary: {link}");
        let path = if link.starts_with('/') {
            link.to_owned()
        } else {
            format!("/docs/{}", link.trim_start_matches("./"))
        };
        let asset = app.get(&path).await.expect(200);
        assert!(!asset.body.is_empty(), "{path}");
        seen += 1;
    }
    assert!(seen >= 2, "a script and a style: {html}");
    assert!(!html.contains("<script>") && !html.contains("style=\""), "the policy forbids both");
}
