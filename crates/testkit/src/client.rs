//! Requests and answers. Every answer passes through [`crate::rules`] before a test sees it.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method};
use serde_json::Value;

use crate::rules;

/// A client of one server.
#[derive(Clone, Debug)]
pub struct Api {
    base: String,
    client: Client,
}

impl Api {
    /// A client for the server at `base`, that neither follows redirects nor decompresses.
    ///
    /// # Panics
    ///
    /// When no client can be made.
    #[must_use]
    pub fn new(base: &str) -> Self {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .timeout(std::time::Duration::from_mins(1))
            .build()
            .expect("a client");
        Self { base: base.to_owned(), client }
    }

    /// `http://host:port`.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Begins a request; the method is any token.
    ///
    /// # Panics
    ///
    /// When it is no method or no path.
    #[must_use]
    pub fn call(&self, method: &str, path: &str) -> Call {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let url = format!("{}{path}", self.base);
        Call { request: self.client.request(method.clone(), url), method }
    }

    /// `GET path`, whatever the answer.
    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send().await
    }

    /// `GET path`, which must answer 200, as JSON.
    pub async fn json(&self, path: &str) -> Value {
        self.get(path).await.expect(200).json()
    }

    /// `POST path` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path).json(body).send().await
    }

    /// `PATCH path` with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call("PATCH", path).json(body).send().await
    }

    /// `PUT path` with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call("PUT", path).json(body).send().await
    }

    /// `DELETE path`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path).send().await
    }

    /// Creates a task and returns it.
    pub async fn create(&self, body: Value) -> Value {
        self.post("/tasks", &body).await.expect(201).json()
    }

    /// Creates tasks, one after the other, and returns them.
    pub async fn create_all(&self, bodies: impl IntoIterator<Item = Value>) -> Vec<Value> {
        let mut tasks = Vec::new();
        for body in bodies {
            tasks.push(self.create(body).await);
        }
        tasks
    }

    /// The titles of the tasks that a list answers, in order.
    pub async fn titles(&self, path: &str) -> Vec<String> {
        titles(&self.json(path).await)
    }
}

/// A request that is being put together.
#[derive(Debug)]
pub struct Call {
    request: reqwest::RequestBuilder,
    method: Method,
}

impl Call {
    /// Adds a header line; a second one of the same name is a second line.
    ///
    /// # Panics
    ///
    /// When the value cannot be a header.
    #[must_use]
    pub fn header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        let value = HeaderValue::from_bytes(value.as_ref()).expect("a header value");
        Self { request: self.request.header(name, value), ..self }
    }

    /// Sets a body without a content type.
    #[must_use]
    pub fn raw(self, body: impl Into<Vec<u8>>) -> Self {
        Self { request: self.request.body(body.into()), ..self }
    }

    /// Sets a body and calls it `application/json`.
    #[must_use]
    pub fn text(self, body: impl Into<Vec<u8>>) -> Self {
        self.header("content-type", "application/json").raw(body)
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.text(body.to_string())
    }

    /// Sends the request and holds the answer against the rules that always apply.
    ///
    /// # Panics
    ///
    /// When there is no answer, or it breaks a rule.
    pub async fn send(self) -> Answer {
        let answer = self.try_send().await;
        answer.unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    /// Like [`Call::send`] where there may be no answer.
    ///
    /// # Errors
    ///
    /// When the connection fails.
    pub async fn try_send(self) -> Result<Answer, reqwest::Error> {
        let method = self.method.to_string();
        let (client, request) = self.request.build_split();
        let request = request?;
        let url = request.url().clone();
        let answer = client.execute(request).await?;
        let answer = Answer {
            method,
            path: url.path().to_owned(),
            query: url.query().map(ToOwned::to_owned),
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.bytes().await?.to_vec(),
        };
        rules::check(&answer);
        Ok(answer)
    }
}

/// What the server said.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The request's method.
    pub method: String,
    /// The request's path, as it was sent.
    pub path: String,
    /// The request's query, as it was sent.
    pub query: Option<String>,
    /// The status.
    pub status: u16,
    /// The header lines.
    pub headers: HeaderMap,
    /// The body, as it came over the wire.
    pub body: Vec<u8>,
}

impl Answer {
    /// Demands a status.
    ///
    /// # Panics
    ///
    /// When it is another; shows the whole answer.
    #[must_use]
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.describe());
        self
    }

    /// Demands an error answer of a type, such as `not-found`.
    ///
    /// # Panics
    ///
    /// When it is another; shows the whole answer.
    #[must_use]
    #[track_caller]
    pub fn problem(self, status: u16, slug: &str) -> Self {
        assert_eq!(self.status, status, "{}", self.describe());
        assert_eq!(self.json()["type"], format!("/problems/{slug}"), "{}", self.describe());
        self
    }

    /// Demands 422 with exactly these violations, in any order: `/title too_long` for a member of the
    /// body, `limit out_of_range` for a parameter, ` invalid_type` for the whole body.
    ///
    /// # Panics
    ///
    /// When there are others; shows the whole answer.
    #[track_caller]
    pub fn violates(&self, expected: &[&str]) {
        assert_eq!(self.status, 422, "{}", self.describe());
        assert_eq!(self.json()["type"], "/problems/validation", "{}", self.describe());
        let mut expected: Vec<_> = expected.iter().map(ToString::to_string).collect();
        expected.sort();
        assert_eq!(self.violations(), expected, "{}", self.describe());
    }

    /// The violations in the form that [`Answer::violates`] takes, sorted.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        let body = self.json();
        let mut found: Vec<_> = body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|error| {
                let place = error.get("pointer").or_else(|| error.get("parameter"));
                let place = place.and_then(Value::as_str).unwrap_or("?");
                format!("{place} {}", error["code"].as_str().unwrap_or("?"))
            })
            .collect();
        found.sort();
        found
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is not.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        let read = serde_json::from_slice(&self.body);
        read.unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.describe()))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's text; several lines of it are joined by a comma.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let lines: Vec<_> = self
            .headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    }

    /// The entity tag.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    #[track_caller]
    pub fn etag(&self) -> String {
        self.header("etag").unwrap_or_else(|| panic!("no ETag: {}", self.describe()))
    }

    /// The path and query of `Link: <…>; rel="next"`, if there is such a header.
    ///
    /// # Panics
    ///
    /// When the header is there and not of this form.
    #[must_use]
    #[track_caller]
    pub fn next(&self) -> Option<String> {
        let link = self.header("link")?;
        let target = link.strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\""));
        Some(target.unwrap_or_else(|| panic!("no next link: {link}")).to_owned())
    }

    /// The whole answer, for a failed assertion.
    #[must_use]
    pub fn describe(&self) -> String {
        let Self { method, path, query, status, headers, .. } = self;
        let query = query.as_deref().unwrap_or_default();
        format!("{method} {path}?{query} → {status}\n{headers:#?}\n{}", self.text())
    }
}

/// The titles of a list of tasks.
///
/// # Panics
///
/// When it is no list of tasks.
#[must_use]
pub fn titles(list: &Value) -> Vec<String> {
    let rows = list.as_array().expect("a bare array");
    rows.iter().map(|task| task["title"].as_str().expect("a title").to_owned()).collect()
}

/// The text of a member, or `""`.
#[must_use]
pub fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}
