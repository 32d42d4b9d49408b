//! `WebDriver` commands that fantoccini has no method for, and `ChromeDriver`'s own.

use fantoccini::wd::WebDriverCompatibleCommand;
use hyper::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// A `POST` below the session's address.
#[derive(Debug)]
pub(crate) struct Post {
    path: &'static str,
    body: Value,
}

impl Post {
    /// A command of the `DevTools` protocol: <https://chromedevtools.github.io/devtools-protocol/>.
    pub(crate) fn devtools(command: &str, parameters: &Value) -> Self {
        Self { path: "goog/cdp/execute", body: json!({"cmd": command, "params": parameters}) }
    }

    /// What was logged since the last time: `browser` (the console) or `performance` (`DevTools` events).
    pub(crate) fn log(kind: &str) -> Self {
        Self { path: "se/log", body: json!({"type": kind}) }
    }

    /// Input as a person's hand makes it: <https://www.w3.org/TR/webdriver2/#actions>.
    pub(crate) fn actions(sources: &Value) -> Self {
        Self { path: "actions", body: json!({"actions": sources}) }
    }
}

impl WebDriverCompatibleCommand for Post {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
