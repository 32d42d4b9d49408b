//! The page's landmarks, by the names that its elements carry for tests (`data-test`).

use fantoccini::elements::{Element, ElementRef};
use serde_json::{Value, json};

use crate::keys::CONTROL;
use crate::window::{Person, Window};
use testkit::Backend::{Postgres, Sqlite};
use testkit::{App, Database, WITHIN, until};

/// How `WebDriver` marks an element in JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Opens a view of the page for the usual person, and waits for its tasks.
pub(crate) async fn open(app: &App, path: &str) -> Window {
    open_for(Person::default(), app, path).await
}

/// Opens a view of the page for this person, and waits for its tasks.
pub(crate) async fn open_for(person: Person, app: &App, path: &str) -> Window {
    let window = Window::of(person, app.base(), path).await;
    window.until_connected().await;
    window
}

impl Window {
    /// An element by its name, as soon as it is visible.
    pub(crate) async fn part(&self, name: &str) -> Element {
        self.find(&format!("[data-test='{name}']")).await
    }

    /// Clicks an element by its name.
    pub(crate) async fn press_part(&self, name: &str) {
        // What moves away under the pointer is tried again.
        until(&format!("{name} to take a click"), WITHIN, async || {
            self.part(name).await.click().await.ok()
        })
        .await;
    }

    /// Waits until there is no such element.
    pub(crate) async fn until_no_part(&self, name: &str) {
        let expression = format!("!document.querySelector(\"[data-test='{name}']\")");
        self.until_script(&format!("{name} to go"), &expression).await;
    }

    /// Clicks the label of a box by its name; the box itself may be hidden behind its picture.
    pub(crate) async fn press_label_of(&self, name: &str) {
        let label = self.find(&format!("label:has([data-test='{name}'])")).await;
        label.click().await.expect("a label takes a click");
    }

    /// The text of an element by its name.
    pub(crate) async fn text_of(&self, name: &str) -> String {
        self.part(name).await.text().await.expect("a text")
    }

    /// Puts a text in the place of what a field holds.
    pub(crate) async fn write(&self, name: &str, text: &str) {
        let field = self.part(name).await;
        field.click().await.expect("a field");
        // As a person does it: what WebDriver calls clearing leaves the field before the text is typed.
        self.press(&[CONTROL, 'a']).await;
        field.send_keys(text).await.expect("a field");
    }

    /// Chooses a value of a choice by its name.
    pub(crate) async fn select(&self, name: &str, value: &str) {
        let option = "return [...document.querySelector(`[data-test='${arguments[0]}']`).options]
            .find((option) => option.value === arguments[1])";
        let found = self.script_with(option, vec![json!(name), json!(value)]).await;
        let found =
            found[ELEMENT].as_str().unwrap_or_else(|| panic!("no choice {value:?} in {name}"));
        self.element(ElementRef::from(found.to_owned())).click().await.expect("a choice");
    }

    /// Waits until the page follows the service's changes.
    pub(crate) async fn until_connected(&self) {
        let state = "document.querySelector('[data-test=connection]')?.dataset.state";
        self.until_script(
            "the page to be connected",
            &format!("['live', 'polling'].includes({state})"),
        )
        .await;
    }

    /// Waits until no edit is kept that has still to be sent or chosen.
    pub(crate) async fn until_nothing_is_kept(&self) {
        let kept =
            "Object.keys(localStorage).some((name) => name.startsWith('taskmanager.outbox.'))";
        self.until_script("nothing to be kept", &format!("!{kept}")).await;
    }

    /// The card (or row) of a title, as soon as it is drawn.
    pub(crate) async fn card(&self, title: &str) -> Element {
        let script = "return [...document.querySelectorAll('[data-test=card], [data-test=row]')]
            .find((card) => card.querySelector('[data-test=open]').textContent.trim() === arguments[0])";
        let found = until(&format!("a card of {title:?}"), WITHIN, async || {
            let found = self.script_with(script, vec![json!(title)]).await;
            found[ELEMENT].as_str().map(ToOwned::to_owned)
        })
        .await;
        self.element(ElementRef::from(found))
    }

    /// A part of the card (or row) of a title.
    pub(crate) async fn part_of_card(&self, title: &str, part: &str) -> Element {
        let card = self.card(title).await;
        let part = format!("[data-test='{part}']");
        card.find(fantoccini::Locator::Css(&part)).await.expect("a part of a card")
    }

    /// Clicks a part of the card (or row) of a title.
    pub(crate) async fn press_on_card(&self, title: &str, part: &str) {
        let what = format!("{part} of {title:?} to take a click");
        until(&what, WITHIN, async || self.part_of_card(title, part).await.click().await.ok())
            .await;
    }

    /// The titles of the cards that are drawn in a column, in order.
    pub(crate) async fn column(&self, status: &str) -> Vec<String> {
        self.titles(&format!("[data-test=column-{status}] [data-test=card]")).await
    }

    /// Waits until a column shows these titles, in this order.
    pub(crate) async fn until_column(&self, status: &str, titles: &[&str]) {
        let what = format!("column {status} to show {titles:?}");
        until(&what, WITHIN, async || (self.column(status).await == titles).then_some(())).await;
    }

    /// The titles of the rows that are drawn, in order.
    pub(crate) async fn rows(&self) -> Vec<String> {
        self.titles("[data-test=row]").await
    }

    /// Waits until the list shows these titles, in this order.
    pub(crate) async fn until_rows(&self, titles: &[&str]) {
        let what = format!("the list to show {titles:?}");
        until(&what, WITHIN, async || (self.rows().await == titles).then_some(())).await;
    }

    async fn titles(&self, cards: &str) -> Vec<String> {
        // By place: what is drawn last may stand first.
        let script = "return [...document.querySelectorAll(arguments[0])]
            .map((card) => [card.getBoundingClientRect().top, card.querySelector('[data-test=open]').textContent.trim()])
            .sort(([a], [b]) => a - b).map(([, title]) => title)";
        let titles = self.script_with(script, vec![json!(cards)]).await;
        serde_json::from_value(titles).expect("titles")
    }

    /// Gives the focus to the title of a card (or row), as Tab does.
    pub(crate) async fn focus_card(&self, title: &str) {
        let title = self.part_of_card(title, "open").await;
        self.script_with(
            "arguments[0].focus()",
            vec![serde_json::to_value(&title).expect("a reference")],
        )
        .await;
    }

    /// Waits until the focus is on the title of a card (or row).
    pub(crate) async fn until_focus_on(&self, title: &str) {
        let focused =
            format!("document.activeElement.textContent.trim() === {}", Value::from(title));
        self.until_script(&format!("the focus to be on {title:?}"), &focused).await;
    }
}

/// Puts this many tasks into a database, `Task 00001` and on: three fifths to do, one in progress, one done.
pub(crate) async fn seed(database: &Database, tasks: u32) {
    let (id, title, time, numbers) = match database.backend() {
        Sqlite => (
            "unhex(printf('01993c1e6f1a7c3e9a51%012x', x))",
            "printf('Task %05d', x)",
            "1760000000000000 + x * 1000000",
            format!(
                "(WITH RECURSIVE n (x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < {tasks}) SELECT x FROM n)"
            ),
        ),
        Postgres => (
            "('01993c1e-6f1a-7c3e-9a51-' || lpad(to_hex(x), 12, '0'))::uuid",
            "'Task ' || lpad(x::text, 5, '0')",
            "timestamptz '2025-10-09T08:53:20Z' + x * interval '1 second'",
            format!("(SELECT generate_series(1, {tasks}) AS x)"),
        ),
    };
    let mut side = database.connect().await;
    side.execute(&format!(
        "INSERT INTO tasks (id, title, status, priority, created_at, updated_at, completed_at, version, search_text)
         SELECT {id}, {title}, CASE x % 5 WHEN 0 THEN 'done' WHEN 1 THEN 'in_progress' ELSE 'todo' END,
                CASE x % 7 WHEN 0 THEN 'high' WHEN 1 THEN 'low' ELSE 'medium' END,
                {time}, {time}, CASE x % 5 WHEN 0 THEN {time} END, 1, lower({title}) FROM {numbers} AS numbers"
    ))
    .await;
    side.close().await;
}
