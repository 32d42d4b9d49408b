//! One browser window with a profile of its own: what a person does in it.

use std::path::PathBuf;

use fantoccini::elements::{Element, ElementRef};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::command::Post;
use crate::driver::Driver;
use crate::watch::Watch;
use testkit::{WITHIN, until};

/// What the person at the window prefers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person {
    /// The browser's languages, the dearest first.
    pub(crate) languages: &'static str,
    /// Whether the system is set to dark.
    pub(crate) dark: bool,
    /// The window's width, in CSS pixels.
    pub(crate) width: u32,
}

impl Default for Person {
    fn default() -> Self {
        Self { languages: "en-US,en", dark: false, width: 1280 }
    }
}

/// An open window. Every test ends with [`Window::close`], which fails it if anything was wrong on the way.
#[derive(Debug)]
pub(crate) struct Window {
    client: Client,
    origin: String,
    watch: Watch,
    closed: bool,
    /// Kept for its end.
    _driver: Driver,
}

impl Window {
    /// Opens a path of a service for this person.
    pub(crate) async fn of(person: Person, origin: &str, path: &str) -> Self {
        let window = Self::blank(person, origin).await;
        window.goto(path).await;
        window
    }

    /// A window for this person that shows nothing yet.
    pub(crate) async fn blank(person: Person, origin: &str) -> Self {
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
    pub(crate) async fn close(mut self) {
        self.listen().await;
        self.closed = true;
        let faults = self.watch.faults();
        assert!(faults.is_empty(), "the window was heard to say:\n{}", faults.join("\n"));
        self.client.clone().close().await.expect("the session ends");
    }

    /// What the page has asked for so far, whole addresses in order.
    pub(crate) async fn requests(&mut self) -> Vec<String> {
        self.listen().await;
        self.watch.requests().to_vec()
    }

    /// What was heard so far that must not be.
    pub(crate) async fn faults(&mut self) -> Vec<String> {
        self.listen().await;
        self.watch.faults()
    }

    /// Lets faults that contain `text` pass: the test provokes them.
    pub(crate) fn expect_fault(&mut self, text: &str) {
        self.watch.expect(text);
    }

    /// Lets the browser's word pass that a path of the service was answered with this status: the test provokes it.
    pub(crate) fn expect_answer(&mut self, status: u16, path: &str) {
        let answer = "Failed to load resource: the server responded with a status of";
        self.expect_fault(&format!("{}{path} - {answer} {status} (", self.origin));
    }

    /// Lets the browser's words pass that nobody answers at the service's address: the test stops the service.
    pub(crate) fn expect_lost_service(&mut self) {
        for fault in [
            "ERR_CONNECTION_REFUSED",
            "ERR_CONNECTION_RESET",
            "ERR_INCOMPLETE_CHUNKED",
            "ERR_EMPTY_RESPONSE",
        ] {
            self.expect_fault(fault);
        }
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
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.issue(Post::devtools(command, &parameters)).await
    }
}

/// What the window is told of the world.
impl Window {
    /// Sets the system to dark or light.
    pub(crate) async fn set_dark(&self, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    /// Makes the window this wide, in CSS pixels.
    pub(crate) async fn set_width(&self, width: u32) {
        self.set_size(width, if width < 600 { 780 } else { 900 }).await;
    }

    async fn set_size(&self, width: u32, height: u32) {
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Takes the network away, or gives it back.
    pub(crate) async fn set_offline(&self, offline: bool) {
        self.set_network(offline, 0).await;
    }

    /// Makes each answer come so many milliseconds later.
    pub(crate) async fn set_latency(&self, latency_ms: u32) {
        self.set_network(false, latency_ms).await;
    }

    async fn set_network(&self, offline: bool, latency_ms: u32) {
        self.devtools("Network.enable", json!({})).await;
        let conditions = json!({
            "offline": offline, "latency": latency_ms, "downloadThroughput": -1, "uploadThroughput": -1
        });
        self.devtools("Network.emulateNetworkConditions", conditions).await;
    }
}

/// Where the window is.
impl Window {
    /// Goes to a path of the service.
    pub(crate) async fn goto(&self, path: &str) {
        let url = format!("{}{path}", self.origin);
        self.client.goto(&url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// The address, from the path on.
    pub(crate) async fn address(&self) -> String {
        let url = self.client.current_url().await.expect("an address");
        url.as_str().replacen(&self.origin, "", 1)
    }

    /// Waits until the address, from the path on, satisfies `is`.
    pub(crate) async fn until_address(&self, what: &str, is: impl Fn(&str) -> bool) {
        until(what, WITHIN, async || is(&self.address().await).then_some(())).await;
    }

    /// The browser's button.
    pub(crate) async fn back(&self) {
        self.client.back().await.expect("a page before");
    }

    /// The browser's button.
    pub(crate) async fn forward(&self) {
        self.client.forward().await.expect("a page after");
    }

    /// The browser's button.
    pub(crate) async fn reload(&self) {
        self.client.refresh().await.expect("the page again");
    }

    /// Writes the view, from its top to its end, to `$SCREENSHOTS/<name>.png`, where that is set.
    pub(crate) async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("SCREENSHOTS").map(PathBuf::from) else { return };
        let size = "const main = document.querySelector('main');
            return [innerWidth, innerHeight, innerHeight + Math.max(0, main.scrollHeight - main.clientHeight)]";
        let size: [u32; 3] = serde_json::from_value(self.script(size).await).expect("a size");
        self.set_size(size[0], size[2]).await;
        self.until_still().await;
        let picture = self.client.screenshot().await.expect("a picture");
        self.set_size(size[0], size[1]).await;
        std::fs::create_dir_all(&folder).expect("a folder for pictures");
        std::fs::write(folder.join(format!("{name}.png")), picture)
            .expect("the picture is written");
    }
}

/// What the window shows.
impl Window {
    /// Runs the body of a function and returns what it returns.
    pub(crate) async fn script(&self, body: &str) -> Value {
        self.script_with(body, vec![]).await
    }

    /// Runs the body of a function with `arguments`; a promise is waited for.
    pub(crate) async fn script_with(&self, body: &str, arguments: Vec<Value>) -> Value {
        let answer = self.client.execute(body, arguments).await;
        answer.unwrap_or_else(|error| {
            panic!("{error}\n{}", body.chars().take(500).collect::<String>())
        })
    }

    /// Waits until the expression is true.
    pub(crate) async fn until_script(&self, what: &str, expression: &str) {
        let body = format!("return !!({expression})");
        until(what, WITHIN, async || (self.script(&body).await == true).then_some(())).await;
    }

    /// Waits until what was asked of the page is drawn: two frames.
    pub(crate) async fn until_still(&self) {
        let frames = "return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(true))))";
        self.script(frames).await;
    }

    /// The first visible element of a selector, as soon as there is one.
    pub(crate) async fn find(&self, selector: &str) -> Element {
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
    pub(crate) async fn find_by_text(&self, selector: &str, text: &str) -> Element {
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

    /// The accessible names of the elements of a role, now, in order.
    pub(crate) async fn names(&self, role: &str) -> Vec<String> {
        let name = |node: &Value| node["name"]["value"].as_str().unwrap_or_default().to_owned();
        self.nodes(role).await.iter().map(name).collect()
    }

    async fn nodes(&self, role: &str) -> Vec<Value> {
        // DevTools fails where the document changes while it is asked for.
        until("the accessibility tree", WITHIN, async || {
            let document = Post::devtools("DOM.getDocument", &json!({"depth": 0}));
            let document = self.client.issue_cmd(document).await.ok()?;
            let asked = json!({"nodeId": document["root"]["nodeId"], "role": role});
            let query = Post::devtools("Accessibility.queryAXTree", &asked);
            let found = self.client.issue_cmd(query).await.ok()?;
            let nodes = found["nodes"].as_array()?.iter();
            Some(nodes.filter(|node| node["ignored"] == false).cloned().collect())
        })
        .await
    }

    /// An element by `ChromeDriver`'s reference.
    pub(crate) fn element(&self, reference: ElementRef) -> Element {
        Element::from_element_id(self.client.clone(), reference)
    }

    /// The element that has the focus.
    pub(crate) async fn focused(&self) -> Element {
        self.client.active_element().await.expect("a document")
    }
}

/// What the person does.
impl Window {
    /// Presses keys one after the other, wherever the focus is; modifiers stay down to the end.
    pub(crate) async fn press(&self, keys: &[char]) {
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
    pub(crate) async fn drag(&self, from: &Element, to: &Element) {
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
