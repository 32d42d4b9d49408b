//! What a window must not do or say: errors in its console, reports of the content security policy, requests to
//! anybody but the service.

use serde_json::Value;

/// What a window was heard to do, and what it may.
#[derive(Debug)]
pub(crate) struct Watch {
    origin: String,
    console: Vec<String>,
    requests: Vec<String>,
    expected: Vec<String>,
}

impl Watch {
    /// Watches a page of this origin (`http://host:port`).
    pub(crate) fn of(origin: &str) -> Self {
        let (console, requests, expected) = (Vec::new(), Vec::new(), Vec::new());
        Self { origin: origin.to_owned(), console, requests, expected }
    }

    /// Lets faults that contain `text` pass: the test provokes them.
    pub(crate) fn expect(&mut self, text: &str) {
        self.expected.push(text.to_owned());
    }

    /// Takes in what the `browser` log holds. Chromium reports breaches of the policy there too.
    pub(crate) fn hear_console(&mut self, log: &Value) {
        for line in log.as_array().expect("a log is a list") {
            let (level, text) = (text(line, "level"), text(line, "message"));
            if matches!(level, "SEVERE" | "WARNING") {
                self.console.push(format!("{level} {}: {text}", self::text(line, "source")));
            }
        }
    }

    /// Takes in what the `performance` log holds.
    pub(crate) fn hear_requests(&mut self, log: &Value) {
        for line in log.as_array().expect("a log is a list") {
            let event: Value = serde_json::from_str(text(line, "message")).expect("an event");
            let sent = &event["message"]["params"];
            // The browser has pages of its own, open or in reserve.
            let own = text(sent, "documentURL").starts_with("chrome://");
            if event["message"]["method"] == "Network.requestWillBeSent" && !own {
                self.requests.push(text(&sent["request"], "url").to_owned());
            }
        }
    }

    /// The addresses asked for so far.
    pub(crate) fn requests(&self) -> &[String] {
        &self.requests
    }

    /// What was heard that must not be.
    pub(crate) fn faults(&self) -> Vec<String> {
        let own = format!("{}/", self.origin);
        let is_away =
            |url: &&String| !["data:", "blob:", &own].iter().any(|home| url.starts_with(home));
        let left = self.requests.iter().filter(is_away);
        let left = left.map(|url| format!("a request left the origin: {url}"));
        let heard = self.console.iter().cloned().chain(left);
        heard.filter(|fault| !self.expected.iter().any(|text| fault.contains(text))).collect()
    }
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}
