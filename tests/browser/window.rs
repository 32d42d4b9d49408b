//! One browser window with a profile of its own: what a person does in it.
//!
//! Things are found as a screen reader finds them, by role and accessible name, wherever they have both.

use std::path::PathBuf;

use fantoccini::elements::{Element, ElementRef};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::command::Post;
use crate::driver::Driver;
use crate::support::{WITHIN, until};
use crate::watch::Watch;

/// What the person at the window prefers.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// The browser's languages, the dearest first.
    pub languages: &'static str,
    /// Whether the system is set to dark.
    pub dark: bool,
    /// The window's width, in CSS pixels.
    pub width: u32,
}

impl Default for Person {
    fn default() -> Self {
        Self { languages: "en-US,en", dark: false, width: 1280 }
    }
}

/// An open window. Every test ends with [`Window::close`], which fails it if anything was wrong on the way.
#[derive(Debug)]
pub struct Window {
    client: Client,
    origin: String,
    watch: Watch,
    closed: bool,
    /// Kept for its end.
    _driver: Driver,
}

impl Window {
    /// Opens a path of a service for the usual person.
    pub async fn open(origin: &str, path: &str) -> Self {
        Self::of(Person::default(), origin, path).await
    }

    /// Opens a path of a service for this person.
    pub async fn of(person: Person, origin: &str, path: &str) -> Self {
        let window = Self::blank(person, origin).await;
        window.goto(path).await;
        window
    }

    /// A window for this person that shows nothing yet.
    pub async fn blank(person: Person, origin: &str) -> Self {
        let driver = Driver::start().await;
        let Value::Object(capabilities) = driver.capabilities(person.languages) else {
            panic!("capabilities are an object")
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&driver.url())
            .await
            .unwrap_or_else(|error| panic!("the browser does not start: {error}"));
        let (origin, watch) = (origin.to_owned(), Watch::of(origin));
        let window = Self { client, origin, watch, closed: false, _driver: driver };
        window.set_dark(person.dark).await;
        window.set_width(person.width).await;
        window
    }

    /// Ends the session, and demands that nothing was heard that must not be.
    ///
    /// # Panics
    ///
    /// When the console held an error or a warning, the policy was broken or a request left the origin.
    pub async fn close(mut self) {
        self.listen().await;
        self.closed = true;
        let faults = self.watch.faults();
        assert!(faults.is_empty(), "the window was heard to say:\n{}", faults.join("\n"));
        self.client.clone().close().await.expect("the session ends");
    }

    /// What the page has asked for so far, whole addresses in order.
    pub async fn requests(&mut self) -> Vec<String> {
        self.listen().await;
        self.watch.requests().to_vec()
    }

    /// What was heard so far that must not be.
    pub async fn faults(&mut self) -> Vec<String> {
        self.listen().await;
        self.watch.faults()
    }

    /// Lets faults that contain `text` pass: the test provokes them.
    pub fn expect_fault(&mut self, text: &str) {
        self.watch.expect(text);
    }

    async fn listen(&mut self) {
        self.watch.hear_console(&self.issue(Post::log("browser")).await);
        self.watch.hear_requests(&self.issue(Post::log("performance")).await);
    }

    async fn issue(&self, command: Post) -> Value {
        let said = format!("{command:?}");
        let answer = self.client.issue_cmd(command).await;
        answer.unwrap_or_else(|error| {
            panic!("{}: {error}", said.chars().take(300).collect::<String>())
        })
    }

    /// Runs a `DevTools` command.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.issue(Post::devtools(command, &parameters)).await
    }
}

/// What the window is told of the world.
impl Window {
    /// Sets the system to dark or light.
    pub async fn set_dark(&self, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    /// Makes the window this wide, in CSS pixels.
    pub async fn set_width(&self, width: u32) {
        let height = if width < 600 { 780 } else { 900 };
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Takes the network away, or gives it back.
    pub async fn set_offline(&self, offline: bool) {
        self.devtools("Network.enable", json!({})).await;
        let conditions = json!(
            {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        );
        self.devtools("Network.emulateNetworkConditions", conditions).await;
    }
}

/// Where the window is.
impl Window {
    /// Goes to a path of the service.
    pub async fn goto(&self, path: &str) {
        let url = format!("{}{path}", self.origin);
        self.client.goto(&url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// The address, from the path on.
    pub async fn address(&self) -> String {
        let url = self.client.current_url().await.expect("an address");
        url.as_str().replacen(&self.origin, "", 1)
    }

    /// Waits until the address, from the path on, satisfies `is`.
    pub async fn until_address(&self, what: &str, is: impl Fn(&str) -> bool) {
        until(what, WITHIN, async || is(&self.address().await).then_some(())).await;
    }

    /// The browser's button.
    pub async fn back(&self) {
        self.client.back().await.expect("a page before");
    }

    /// The browser's button.
    pub async fn forward(&self) {
        self.client.forward().await.expect("a page after");
    }

    /// The browser's button.
    pub async fn reload(&self) {
        self.client.refresh().await.expect("the page again");
    }

    /// Writes what is visible to `$SCREENSHOTS/<name>.png`, where that is set.
    pub async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("SCREENSHOTS").map(PathBuf::from) else { return };
        // Cargo runs tests in the package's folder, so a relative one is what the person meant.
        std::fs::create_dir_all(&folder).expect("a folder for pictures");
        let picture = self.client.screenshot().await.expect("a picture");
        std::fs::write(folder.join(format!("{name}.png")), picture)
            .expect("the picture is written");
    }
}

/// What the window shows.
impl Window {
    /// Runs the body of a function and returns what it returns.
    pub async fn script(&self, body: &str) -> Value {
        self.script_with(body, vec![]).await
    }

    /// Runs the body of a function with `arguments`; a promise is waited for.
    pub async fn script_with(&self, body: &str, arguments: Vec<Value>) -> Value {
        let answer = self.client.execute(body, arguments).await;
        answer.unwrap_or_else(|error| {
            panic!("{error}\n{}", body.chars().take(500).collect::<String>())
        })
    }

    /// Waits until the expression is true.
    pub async fn until_script(&self, what: &str, expression: &str) {
        let body = format!("return !!({expression})");
        until(what, WITHIN, async || (self.script(&body).await == true).then_some(())).await;
    }

    /// Waits until what was asked of the page is drawn: two frames.
    pub async fn until_still(&self) {
        let frames = "return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(true))))";
        self.script(frames).await;
    }

    /// The first visible element of a selector, as soon as there is one.
    pub async fn find(&self, selector: &str) -> Element {
        until(selector, WITHIN, async || {
            for element in self.client.find_all(Locator::Css(selector)).await.ok()? {
                if element.is_displayed().await.ok()? {
                    return Some(element);
                }
            }
            None
        })
        .await
    }

    /// The visible element of a selector with this text, as soon as there is one.
    pub async fn find_by_text(&self, selector: &str, text: &str) -> Element {
        until(&format!("{selector} {text:?}"), WITHIN, async || {
            for element in self.client.find_all(Locator::Css(selector)).await.ok()? {
                if element.text().await.ok()? == text {
                    return Some(element);
                }
            }
            None
        })
        .await
    }

    /// The one element of this role and accessible name, as soon as there is one.
    pub async fn named(&self, role: &str, name: &str) -> Element {
        let what = format!("{role} \"{name}\"");
        until(&what, WITHIN, async || {
            let found = self.all_named(role, name).await;
            assert!(found.len() < 2, "{} of {what}", found.len());
            found.into_iter().next()
        })
        .await
    }

    /// Waits until there is no element of this role and accessible name.
    pub async fn until_gone(&self, role: &str, name: &str) {
        let what = format!("{role} \"{name}\" to go");
        until(&what, WITHIN, async || self.all_named(role, name).await.is_empty().then_some(()))
            .await;
    }

    /// The elements of this role and accessible name, now, in order. An empty name is any.
    pub async fn all_named(&self, role: &str, name: &str) -> Vec<Element> {
        let nodes = self.nodes(role, name).await;
        let root = self.client.find(Locator::Css(":root")).await.expect("a document").element_id();
        // ChromeDriver's references end with the number by which DevTools knows the element.
        let (prefix, _) = root.rsplit_once('.').expect("a reference of ChromeDriver");
        let number = |node: &Value| node["backendDOMNodeId"].as_u64();
        let reference = |id| ElementRef::from(format!("{prefix}.{id}"));
        let element = |id| self.element(reference(id));
        nodes.iter().filter_map(number).map(element).collect()
    }

    /// The accessible names of the elements of a role, now, in order.
    pub async fn names(&self, role: &str) -> Vec<String> {
        let name = |node: &Value| node["name"]["value"].as_str().unwrap_or_default().to_owned();
        self.nodes(role, "").await.iter().map(name).collect()
    }

    async fn nodes(&self, role: &str, name: &str) -> Vec<Value> {
        // DevTools fails where the document changes while it is asked for.
        until("the accessibility tree", WITHIN, async || {
            let document = Post::devtools("DOM.getDocument", &json!({"depth": 0}));
            let document = self.client.issue_cmd(document).await.ok()?;
            let mut asked = json!({"nodeId": document["root"]["nodeId"], "role": role});
            if !name.is_empty() {
                asked["accessibleName"] = name.into();
            }
            let query = Post::devtools("Accessibility.queryAXTree", &asked);
            let found = self.client.issue_cmd(query).await.ok()?;
            let nodes = found["nodes"].as_array()?.iter();
            Some(nodes.filter(|node| node["ignored"] == false).cloned().collect())
        })
        .await
    }

    /// An element by ChromeDriver's reference.
    pub fn element(&self, reference: ElementRef) -> Element {
        Element::from_element_id(self.client.clone(), reference)
    }

    /// The element that has the focus.
    pub async fn focused(&self) -> Element {
        self.client.active_element().await.expect("a document")
    }
}

/// What the person does.
impl Window {
    /// Clicks the one element of this role and accessible name, as soon as there is one.
    pub async fn click(&self, role: &str, name: &str) {
        let what = format!("{role} \"{name}\" to take a click");
        until(&what, WITHIN, async || self.named(role, name).await.click().await.ok()).await;
    }

    /// Empties the one field of this role and accessible name, and types a text.
    pub async fn fill(&self, role: &str, name: &str, text: &str) {
        let field = self.named(role, name).await;
        field.clear().await.unwrap_or_else(|error| panic!("{role} \"{name}\": {error}"));
        field.send_keys(text).await.unwrap_or_else(|error| panic!("{role} \"{name}\": {error}"));
    }

    /// Presses keys one after the other, wherever the focus is; modifiers stay down to the end.
    pub async fn press(&self, keys: &[char]) {
        let key = |kind: &str, key: &char| json!({"type": kind, "value": key});
        let is_modifier =
            |key: &&char| matches!(key, '\u{E008}' | '\u{E009}' | '\u{E00A}' | '\u{E03D}');
        let mut actions = Vec::new();
        for pressed in keys {
            actions.push(key("keyDown", pressed));
            if !is_modifier(&pressed) {
                actions.push(key("keyUp", pressed));
            }
        }
        actions.extend(keys.iter().filter(is_modifier).map(|pressed| key("keyUp", pressed)));
        self.issue(Post::actions(&json!([{"type": "key", "id": "keyboard", "actions": actions}])))
            .await;
    }

    /// Takes an element with the mouse, and lets it go over another.
    pub async fn drag(&self, from: &Element, to: &Element) {
        let ((x, y), (to_x, to_y)) = (middle(from).await, middle(to).await);
        let at = |x: f64, y: f64, ms: u32| json!({"type": "pointerMove", "duration": ms, "x": x.round(), "y": y.round()});
        let actions = json!([
            at(x, y, 0), {"type": "pointerDown", "button": 0},
            // A few steps on the way: neither a click nor a jump.
            at(x + 12.0, y + 6.0, 30), at(f64::midpoint(x, to_x), f64::midpoint(y, to_y), 60), at(to_x, to_y, 60),
            at(to_x + 1.0, to_y + 1.0, 20), {"type": "pointerUp", "button": 0},
        ]);
        let mouse = json!([{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions}]);
        self.issue(Post::actions(&mouse)).await;
    }
}

async fn middle(element: &Element) -> (f64, f64) {
    let (x, y, width, height) = element.rectangle().await.expect("a place on the page");
    (x + width / 2.0, y + height / 2.0)
}

impl Drop for Window {
    fn drop(&mut self) {
        if !self.closed && !std::thread::panicking() {
            eprintln!("a window was left open: a test ends with Window::close");
            std::process::abort();
        }
    }
}
