//! The tests' own instruments: what they are blind to, no test of the page can see.

use crate::axe;
use crate::window::{Person, Window};
use testkit::App;
use testkit::Backend::Sqlite;

/// A page of the service that is there whatever becomes of the others.
const PAGE: &str = "/problems/not-found";

/// A window on that page, which has no icon.
async fn open(app: &App, person: Person) -> Window {
    let mut window = Window::of(person, app.base(), PAGE).await;
    window.expect_fault("/favicon.ico");
    window
}

#[tokio::test]
async fn a_quiet_window_has_no_faults() {
    let app = App::start(Sqlite).await;
    let mut window = open(&app, Person::default()).await;
    assert_eq!(window.address().await, PAGE);
    assert_eq!(window.names("link").await, ["The API"]);
    let asked = window.requests().await;
    assert!(asked.contains(&format!("{}{PAGE}", app.base())), "{asked:?}");
    window.close().await;
}

#[tokio::test]
async fn errors_breaches_of_the_policy_and_foreign_requests_are_heard() {
    let app = App::start(Sqlite).await;
    let mut window = open(&app, Person::default()).await;
    window
        .script(
            "console.error('said aloud');
             const inline = document.createElement('script');
             inline.textContent = 'globalThis.ran = true';
             document.body.append(inline);
             document.body.setAttribute('style', 'color: red');
             const image = new Image();
             image.src = 'http://127.0.0.2:9/elsewhere.png';
             document.body.append(image);",
        )
        .await;
    let heard = window.faults().await.join("\n");
    for fault in ["said aloud", "script-src", "style-src", "img-src"] {
        assert!(heard.contains(fault), "{fault} was not heard:\n{heard}");
    }
    assert_eq!(window.script("return !!globalThis.ran").await, false);

    // What a test says it provokes is let pass, and nothing else.
    window.expect_fault("said aloud");
    let heard = window.faults().await.join("\n");
    assert!(!heard.contains("said aloud") && heard.contains("script-src"), "{heard}");
    for expected in ["Content Security Policy", "elsewhere.png"] {
        window.expect_fault(expected);
    }
    window.close().await;
}

#[tokio::test]
async fn the_person_is_who_the_test_says() {
    let app = App::start(Sqlite).await;
    let person = Person { languages: "fr-FR,fr", dark: true, width: 360 };
    let mut window = open(&app, person).await;
    let seen = window
        .script(
            "return [...navigator.languages, innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]",
        )
        .await;
    assert_eq!(seen, serde_json::json!(["fr-FR", "fr", 360, true]));

    window.set_dark(false).await;
    assert_eq!(
        window.script("return matchMedia('(prefers-color-scheme: dark)').matches").await,
        false
    );
    window.set_offline(true).await;
    assert_eq!(window.script("return navigator.onLine").await, false);
    let fetched = "return fetch('/health/live').then(() => 'answered', () => 'failed')";
    assert_eq!(window.script(fetched).await, "failed");
    window.set_offline(false).await;
    assert_eq!(window.script(fetched).await, "answered");
    window.expect_fault("ERR_INTERNET_DISCONNECTED");
    window.close().await;
}

#[tokio::test]
#[should_panic(expected = "image-alt")]
async fn axe_finds_what_is_not_accessible() {
    let app = App::start(Sqlite).await;
    let window = open(&app, Person::default()).await;
    axe::check(&window, "the page as it is").await;
    window.script("document.body.append(new Image(10, 10))").await;
    axe::check(&window, "the page with an image that says nothing").await;
    window.close().await;
}
