//! The page and its files over HTTP, as a browser asks for them.

use std::collections::BTreeSet;
use std::io::Read;

use testkit::{Answer, App, Backend};

/// Of all that a first visit fetches, compressed, in bytes.
const MOST_BYTES: usize = 120_000;

async fn app() -> App {
    // The page knows no database; one is enough.
    App::start(Backend::Sqlite).await
}

async fn coded(app: &App, path: &str, coding: &str) -> Answer {
    app.call("GET", path).header("accept-encoding", coding).send().await.expect(200)
}

/// Every file that the page names, by its URL.
fn named(page: &str) -> BTreeSet<String> {
    let words = page.split('"').filter(|word| word.starts_with("/assets/"));
    words.map(ToOwned::to_owned).collect()
}

fn decoded(coding: &str, bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let read = match coding {
        "br" => brotli::Decompressor::new(bytes, 4096).read_to_end(&mut plain),
        _ => flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain),
    };
    read.expect("whole");
    plain
}

#[tokio::test]
async fn the_page_is_asked_for_again_and_its_files_never() {
    let app = app().await;
    let page = app.get("/").await.expect(200);
    assert_eq!(page.header("content-type").as_deref(), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control").as_deref(), Some("no-cache"));
    let files = named(&page.text());
    // The icon, the style sheet, the script and what it imports: the fewer, the sooner it shows.
    assert!((3..8).contains(&files.len()), "{} files: {files:?}", files.len());
    for path in &files {
        let file = app.get(path).await.expect(200);
        let expected = match path.rsplit_once('.') {
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            Some((_, "svg")) => "image/svg+xml",
            _ => panic!("{path}"),
        };
        assert_eq!(file.header("content-type").as_deref(), Some(expected), "{path}");
        let cache = file.header("cache-control");
        assert_eq!(cache.as_deref(), Some("public, max-age=31536000, immutable"), "{path}");
        assert!(!file.body.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn the_policy_allows_the_pages_own_files_and_nothing_else() {
    let app = app().await;
    let page = app.get("/").await.expect(200);
    let known = app.call("GET", "/").header("if-none-match", page.etag()).send().await.expect(304);
    // A browser takes the policy from a 304, too.
    for answer in [&page, &known] {
        let policy = answer.header("content-security-policy").expect("a policy");
        let rules: BTreeSet<_> = policy.split("; ").collect();
        let expected = [
            "default-src 'self'",
            "object-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ];
        assert_eq!(rules, expected.into(), "{policy}");
    }
    let html = page.text();
    assert!(!html.contains("<style") && !html.contains(" style="), "{html}");
    assert!(!html.contains(" onclick=") && !html.contains(" onload="), "{html}");
    for script in html.split("<script").skip(1) {
        let (tag, rest) = script.split_once('>').expect("a tag");
        assert!(tag.contains(" src=") && rest.starts_with("</script>"), "inline: {script}");
    }
    assert!(!html.contains("{hash}") && !html.contains("<!-- preload"), "{html}");
}

#[tokio::test]
async fn what_is_known_is_not_sent_again() {
    let app = app().await;
    let page = app.get("/").await.expect(200);
    let file = named(&page.text()).into_iter().next().expect("a file");
    for path in ["/", file.as_str()] {
        let first = app.get(path).await.expect(200);
        let tag = first.etag();
        for known in [tag.clone(), format!("\"other\", {tag}"), tag.replace("W/", ""), "*".into()] {
            let again = app.call("GET", path).header("if-none-match", &known).send().await;
            let again = again.expect(304);
            assert_eq!(again.etag(), tag, "{path} {known}");
            assert_eq!(again.header("cache-control"), first.header("cache-control"), "{path}");
        }
        let other = app.call("GET", path).header("if-none-match", "W/\"other\"").send().await;
        assert_eq!(other.expect(200).body, first.body, "{path}");
    }
}

#[tokio::test]
async fn head_tells_what_get_would() {
    let app = app().await;
    let page = app.get("/").await.expect(200);
    let file = named(&page.text()).into_iter().next().expect("a file");
    for path in ["/", file.as_str()] {
        let (get, head) = (app.get(path).await, app.call("HEAD", path).send().await.expect(200));
        for name in ["content-type", "cache-control", "etag", "content-length", "vary"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
        let not_allowed = app.call("POST", path).send().await.problem(405, "method-not-allowed");
        assert!(not_allowed.header("allow").is_some_and(|allow| allow.contains("GET")));
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    let app = app().await;
    let page = app.get("/").await.expect(200).text();
    let file = named(&page).into_iter().find(|path| path.ends_with("main.js")).expect("a file");
    let hash = file.split('/').nth(2).expect("a hash");
    for path in [
        file.replace(hash, "0000000000000000"),
        file.replace("main.js", "nothing.js"),
        format!("/assets/{hash}/index.html"),
        format!("/assets/{hash}/../Cargo.toml"),
        format!("/assets/{hash}/app/%2e%2e/%2e%2e/Cargo.toml"),
        format!("/assets/{hash}/%2e%2e/Cargo.toml"),
        format!("/assets/{hash}/package.json"),
        format!("/assets/{hash}/vendor/VENDOR.json"),
        format!("/assets/{hash}/vendor/preact/preact.d.ts"),
        format!("/assets/{hash}/%ff"),
        format!("/assets/{hash}/"),
        format!("/assets/{hash}"),
        "/assets/".to_owned(),
    ] {
        let _ = app.get(&path).await.problem(404, "not-found");
    }
}

#[tokio::test]
async fn files_come_compressed_and_are_the_same() {
    let app = app().await;
    let page = app.get("/").await.expect(200).text();
    for path in named(&page).iter().filter(|path| path.contains("/dist/")) {
        let plain = app.get(path).await.expect(200);
        assert_eq!(plain.header("content-encoding"), None, "{path}");
        assert_eq!(plain.header("vary").as_deref(), Some("accept-encoding"), "{path}");
        for coding in ["br", "gzip"] {
            let answer = coded(&app, path, coding).await;
            if plain.body.len() <= 1024 {
                continue;
            }
            assert_eq!(answer.header("content-encoding").as_deref(), Some(coding), "{path}");
            assert_eq!(answer.etag(), plain.etag(), "{path}");
            assert!(answer.body.len() < plain.body.len(), "{path}");
            assert_eq!(decoded(coding, &answer.body), plain.body, "{path}");
        }
    }
}

/// A debug build compresses fast, a release well: what is within the limit here is well within it there.
#[tokio::test]
async fn a_first_visit_is_light() {
    let app = app().await;
    let page = coded(&app, "/", "br").await;
    let mut bytes = page.body.len();
    let html = app.get("/").await.expect(200).text();
    let mut fetched = Vec::new();
    for path in named(&html) {
        let size = coded(&app, &path, "br").await.body.len();
        bytes += size;
        fetched.push((size, path));
    }
    fetched.sort();
    assert!(bytes < MOST_BYTES, "{bytes} bytes: {fetched:#?}");
    // Only what the page needs to begin: the charts come when they are looked at.
    assert!(
        fetched.iter().all(|(_, path)| !path.contains("uplot") && !path.contains("figures")),
        "{fetched:#?}"
    );
    for begin in ["dist/main.js", "dist/page.css"] {
        assert!(fetched.iter().any(|(_, path)| path.ends_with(begin)), "{begin} is not fetched");
    }
    // A script that is not named here is asked for only when another has come.
    let hash = html.split("/assets/").nth(1).and_then(|rest| rest.split('/').next());
    let main = format!("/assets/{}/dist/main.js", hash.expect("a hash"));
    let main = app.get(&main).await.expect(200).text();
    let imported = main.split("from\"./").skip(1).filter_map(|rest| rest.split('"').next());
    let imported: Vec<_> = imported.collect();
    assert!(!imported.is_empty(), "nothing is shared with the views");
    for name in imported {
        assert!(html.contains(&format!("/dist/{name}\"")), "{name} is not preloaded");
    }
}

/// The viewer of the document: its own files and those that are vendored, nothing else, from nowhere else.
#[tokio::test]
async fn the_viewer_is_served_from_here() {
    let app = app().await;
    let page = app.get("/docs").await.expect(200);
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'self'") && !policy.contains("unsafe"), "{policy}");
    let known = app.call("GET", "/docs").header("if-none-match", page.etag()).send().await;
    assert_eq!(known.expect(304).header("content-security-policy").as_deref(), Some(&*policy));
    for (name, kind) in [
        ("swagger-ui.css", "text/css; charset=utf-8"),
        ("index.css", "text/css; charset=utf-8"),
        ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("start.js", "text/javascript; charset=utf-8"),
        ("favicon-32x32.png", "image/png"),
    ] {
        let path = format!("/docs/{name}");
        assert!(page.text().contains(&format!("\"{path}\"")), "{name} is named by the page");
        let file = app.get(&path).await.expect(200);
        assert_eq!(file.header("content-type").as_deref(), Some(kind), "{name}");
        assert_eq!(
            file.header("cache-control").as_deref(),
            Some("public, max-age=86400"),
            "{name}"
        );
        let again = app.call("GET", &path).header("if-none-match", file.etag()).send().await;
        let _ = again.expect(304);
        let packed = coded(&app, &path, "gzip").await;
        if packed.header("content-encoding").is_some() {
            assert_eq!(decoded("gzip", &packed.body), file.body, "{name}");
        }
    }
    for name in ["VENDOR.json", "vendor/NOTICE", "LICENSE", "..%2findex.html", "%ff", "nothing.js"]
    {
        let _ = app.get(&format!("/docs/{name}")).await.problem(404, "not-found");
    }
}
