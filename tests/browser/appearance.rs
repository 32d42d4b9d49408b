//! How every view looks and reads: light and dark, wide and narrow, in English and in French.
//!
//! With `SCREENSHOTS=<folder>` the pictures are written there.

use rstest::rstest;
use serde_json::json;
use taskmanager::domain::{Clock, SystemClock};
use time::Duration;
use time::format_description::well_known::Rfc3339;

use crate::axe;
use crate::keys::ESCAPE;
use crate::page::open_for;
use crate::window::{Person, Window};
use testkit::App;
use testkit::Backend::Sqlite;

/// A service with tasks of every kind, some of which have a history.
async fn start() -> App {
    let app = App::start(Sqlite).await;
    let now = SystemClock.now();
    let day = |days: i64| (now + Duration::days(days)).format(&Rfc3339).expect("a date");
    // A month in which most was finished.
    let mut side = app.database.connect().await;
    let microseconds = now.unix_timestamp() * 1_000_000;
    side.execute(&format!(
        "INSERT INTO tasks (id, title, status, priority, created_at, updated_at, completed_at, version, search_text)
         WITH RECURSIVE n (x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < 64),
         made AS (SELECT x, {microseconds} - ((x * 37) % 28 + 1) * 86400000000 AS at FROM n)
         SELECT unhex(printf('01993c1e6f1a7c3e9a51%012x', x)), CASE x % 8 WHEN 0 THEN 'Answer the tax office' WHEN 1 THEN 'Update the dependencies'
                    WHEN 2 THEN 'Call the landlord' WHEN 3 THEN 'Review the budget' WHEN 4 THEN 'Sort the photos'
                    WHEN 5 THEN 'Mend the bicycle' WHEN 6 THEN 'Plan the week' ELSE 'Read the report' END, 'done', 'medium', at, at,
                min(at + ((x * 11) % 9) * 86400000000, {microseconds}), 1, 'a task of the month' FROM made"
    ))
    .await;
    side.close().await;
    let _ = app
        .create_all([
            json!({"title": "Renew the certificate of the mail server", "priority": "high", "due_date": day(-2), "assignee": "Zoé"}),
            json!({"title": "Water the plants", "due_date": day(1)}),
            json!({"title": "Book a table for the team’s dinner on the last evening, somewhere with a terrace and enough light", "assignee": "Max", "priority": "low"}),
            json!({"title": "Write the release notes", "status": "in_progress", "due_date": day(3), "assignee": "Zoé"}),
            json!({"title": "Try the restore on the new machine", "status": "in_progress", "priority": "high"}),
            json!({"title": "Order coffee", "status": "done"}),
            json!({"title": "Rename the old column", "status": "done", "assignee": "Max", "priority": "high"}),
            json!({"title": "Read the plan of the index", "priority": "medium", "due_date": day(9)}),
        ])
        .await;
    app
}

const VIEWS: [&str; 4] = ["board", "list", "figures", "schema"];

/// Waits until a view has what it shows.
async fn until_drawn(window: &Window, view: &str) {
    let what = match view {
        "board" => "[data-test=card]",
        "list" => "[data-test=row]",
        "figures" => ".days .u-over",
        _ => ".schema table",
    };
    window.find(what).await;
}

/// Demands that nothing is wider than the window, but for what scrolls by itself.
async fn fits(window: &Window, what: &str) {
    let widths = window.script("return [document.scrollingElement.scrollWidth, innerWidth, document.querySelector('main').scrollWidth]").await;
    let width = |at: usize| widths[at].as_u64().expect("a width");
    assert!(width(0) <= width(1), "{what} is {} wide in a window of {}", width(0), width(1));
    if !what.contains("board") {
        assert!(
            width(2) <= width(1),
            "{what}: the view is {} wide in a window of {}",
            width(2),
            width(1)
        );
    }
}

#[rstest]
#[case::english("en-US,en", "Board")]
#[case::french("fr-FR,fr", "Tableau")]
#[tokio::test]
async fn every_view_in_every_light_and_width(#[case] languages: &'static str, #[case] board: &str) {
    let app = start().await;
    let lang = &languages[..2];
    let window = open_for(Person { languages, ..Person::default() }, &app, "/").await;
    assert_eq!(window.text_of("nav-board").await, board);
    assert_eq!(window.script("return document.documentElement.lang").await, lang);
    for view in VIEWS {
        window.press_part(&format!("nav-{view}")).await;
        until_drawn(&window, view).await;
        for (width, breadth) in [(1280, "wide"), (360, "narrow")] {
            window.set_width(width).await;
            for (dark, light) in [(false, "light"), (true, "dark")] {
                window.set_dark(dark).await;
                window.until_still().await;
                let name = format!("{view}-{light}-{breadth}");
                axe::check(&window, &format!("{name}, {lang}")).await;
                fits(&window, &name).await;
                if lang == "en" {
                    window.picture(&name).await;
                } else if light == "light" && breadth == "wide" {
                    window.picture(&format!("{view}-french")).await;
                }
            }
        }
        window.set_width(1280).await;
    }
    window.close().await;
}

#[rstest]
#[case::english_light_wide(Person { languages: "en-US,en", dark: false, width: 1280 })]
#[case::french_dark_narrow(Person { languages: "fr-FR,fr", dark: true, width: 360 })]
#[tokio::test]
async fn what_opens_above_a_view(#[case] person: Person) {
    let app = start().await;
    let mut window = open_for(person, &app, "/").await;
    window.card("Water the plants").await;
    window.press(&['n']).await;
    window.part("quick-add").await;
    axe::check(&window, "quick add").await;
    window.press(&[ESCAPE]).await;
    window.until_no_part("quick-add").await;
    window.press(&['?']).await;
    window.part("keys").await;
    axe::check(&window, "the keys").await;
    window.press(&[ESCAPE]).await;
    window.until_no_part("keys").await;
    window.press_part("filters-toggle").await;
    window.part("filters").await;
    axe::check(&window, "filters").await;
    fits(&window, "filters").await;

    let task = app.json("/tasks?q=water").await[0].clone();
    let (number, id) = (&task["number"], task["id"].as_str().expect("an id"));
    window.expect_answer(412, &format!("/tasks/{id}"));
    window.goto(&format!("/?task={number}")).await;
    window.write("field-title", "Water all plants").await;
    axe::check(&window, "a task's sheet").await;
    window.picture(if person.dark { "sheet-dark-narrow" } else { "sheet-light-wide" }).await;
    let _ = app
        .patch(&format!("/tasks/{number}"), &json!({"title": "Water the cactus"}))
        .await
        .expect(200);
    window.part("changed-meanwhile").await;
    window.press_part("save").await;
    window.part("conflict").await;
    axe::check(&window, "a conflict").await;
    fits(&window, "a conflict").await;
    window.picture(if person.dark { "conflict-dark-narrow" } else { "conflict-light-wide" }).await;
    window.press_part("keep-theirs").await;
    window.until_no_part("conflict").await;

    window.expect_fault("ERR_INTERNET_DISCONNECTED");
    window.set_offline(true).await;
    window.part("offline").await;
    axe::check(&window, "without a connection").await;
    window.set_offline(false).await;
    window.until_no_part("offline").await;
    window.close().await;
}

#[tokio::test]
async fn the_language_is_the_browsers_until_the_person_chooses() {
    let app = App::start(Sqlite).await;
    let window = open_for(Person { languages: "de,fr,en", ..Person::default() }, &app, "/").await;
    assert_eq!(window.text_of("nav-figures").await, "Chiffres");
    window.press_part("lang").await;
    window.until_script("English", "document.documentElement.lang === 'en'").await;
    assert_eq!(window.text_of("nav-figures").await, "Figures");
    window.reload().await;
    assert_eq!(window.text_of("nav-figures").await, "Figures");
    window.close().await;
}
