//! The same long sequence of requests, sent to a server on SQLite and to one on PostgreSQL, gets the same
//! answers: status, headers and body, ids and times aside.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use testkit::Backend::{Postgres, Sqlite};
use testkit::client::text;
use testkit::{Answer, App};

const REQUESTS: usize = 400;
const SEEDS: [u64; 2] = [20_261_121, 7];
const HEADERS: [&str; 9] = [
    "content-type",
    "cache-control",
    "etag",
    "location",
    "link",
    "x-total-count",
    "allow",
    "retry-after",
    "x-request-id",
];

/// A request in which `{id N}` stands for the id of the task made Nth, and `{tag N}` for its last tag.
#[derive(Debug)]
struct Step {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
}

/// One server, and what is known of its tasks.
struct Side {
    app: App,
    ids: Vec<String>,
    tags: Vec<String>,
    next: Option<String>,
}

impl Side {
    fn fill(&self, template: &str) -> String {
        let mut filled = template.to_owned();
        for (at, (id, tag)) in self.ids.iter().zip(&self.tags).enumerate() {
            filled = filled.replace(&format!("{{id {at}}}"), id);
            filled = filled.replace(&format!("{{tag {at}}}"), tag);
        }
        filled.replace("{next}", self.next.as_deref().unwrap_or("/tasks?limit=3"))
    }

    async fn take(&mut self, step: &Step, turn: usize) -> Answer {
        let mut call = self.app.call(step.method, &self.fill(&step.path));
        call = call.header("x-request-id", format!("turn-{turn}"));
        for (name, value) in &step.headers {
            call = call.header(name, self.fill(value));
        }
        if let Some(body) = &step.body {
            call = call.raw(body.clone());
        }
        let answer = call.send().await;
        if answer.status == 201 {
            self.ids.push(text(&answer.json(), "id").to_owned());
            self.tags.push(answer.etag());
        } else if let Some(tag) = answer.header("etag") {
            let known = self.ids.iter().position(|id| tag.contains(id.as_str()));
            self.tags[known.expect("a task of ours")] = tag;
        }
        self.next = answer.next().or(self.next.take());
        answer
    }

    /// The answer in words that do not depend on ids, times and cursors.
    fn normal(&self, answer: &Answer) -> String {
        let mut lines = vec![answer.status.to_string()];
        for name in HEADERS {
            lines.push(format!("{name}: {}", answer.header(name).unwrap_or_default()));
        }
        let mut body = answer.text();
        if let Ok(mut value) = serde_json::from_slice::<Value>(&answer.body) {
            hide_times(&mut value);
            body = value.to_string();
        }
        lines.push(body);
        let mut normal = lines.join("\n");
        for (at, id) in self.ids.iter().enumerate() {
            normal = normal.replace(id, &format!("<id {at}>"));
        }
        while let Some((before, rest)) = normal.split_once("cursor=") {
            let end = rest.find(['&', '>', '"']).unwrap_or(rest.len());
            normal = format!("{before}<cursor>{}", &rest[end..]);
        }
        normal
    }
}

fn hide_times(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(hide_times),
        Value::Object(members) => {
            for name in ["created_at", "updated_at", "completed_at"] {
                if let Some(at) = members.get_mut(name).filter(|at| at.is_string()) {
                    *at = json!("<time>");
                }
            }
            members.values_mut().for_each(hide_times);
        }
        _ => {}
    }
}

fn pick<'a>(random: &mut StdRng, from: &[&'a str]) -> &'a str {
    from[random.random_range(0..from.len())]
}

fn body(random: &mut StdRng) -> Vec<u8> {
    let titles =
        ["Tâche", "straße", "100%_\\", "  trimmed ", "日本", "Zebra", "äpfel", "", "a\u{0}b"];
    let dates = ["2000-01-01", "2026-12-24T18:00:00+01:00", "9000-01-01T00:00:00.1234567Z", "soon"];
    let mut task = json!({});
    if random.random_bool(0.85) {
        let good = if random.random_bool(0.9) { 7 } else { titles.len() };
        task["title"] = json!(pick(random, &titles[..good]));
    }
    if random.random_bool(0.4) {
        task["description"] = json!(pick(random, &["", "line\nline", "crème brûlée", "x\u{7}"]));
    }
    if random.random_bool(0.4) {
        task["status"] = json!(pick(random, &["todo", "in_progress", "done", "done", "Done"]));
    }
    if random.random_bool(0.4) {
        task["priority"] = json!(pick(random, &["low", "medium", "high", "urgent"]));
    }
    if random.random_bool(0.2) {
        task["completed"] = json!(random.random_bool(0.5));
    }
    if random.random_bool(0.4) {
        task["due_date"] = json!(pick(random, &dates));
    }
    if random.random_bool(0.3) {
        task["assignee"] = json!(pick(random, &["Ann", "ann", "Smith, J", " "]));
    }
    for field in ["description", "assignee", "due_date", "title"] {
        if random.random_bool(0.06) {
            task[field] = Value::Null;
        }
    }
    match random.random_range(0..40) {
        0 => b"{\"title\":\"a\",\"title\":\"b\"}".to_vec(),
        1 => b"{\"title\":".to_vec(),
        2 => b"{\"title\":\"\xff\"}".to_vec(),
        3 => b"[]".to_vec(),
        4 => json!({"title": "x", "unknown": 1, "id": 5}).to_string().into_bytes(),
        5 => format!("{}{task}", " ".repeat(66_000)).into_bytes(),
        _ => task.to_string().into_bytes(),
    }
}

fn query(random: &mut StdRng) -> String {
    let parts = [
        "limit=3",
        "limit=2",
        "limit=0",
        "limit=x",
        "skip=1",
        "skip=4",
        "skip=-1",
        "sort=title",
        "sort=-due_date,title",
        "sort=priority,-number",
        "sort=status",
        "sort=-completed_at",
        "sort=oops",
        "status=todo",
        "status=todo,done",
        "status=",
        "priority=high,low",
        "assignee=",
        "assignee=Ann",
        "assignee=ann,Ann",
        "assignee=Smith,%20J&assignee=Ann",
        "due_after=2000-01-01",
        "due_before=2026-12-25",
        "overdue=true",
        "overdue=false",
        "q=tache",
        "q=STRASSE",
        "q=%25",
        "q=_",
        "q=a",
        "q=br%C3%BBl%C3%A9e",
        "q=%5C",
        "q=%E6%97%A5",
        "q=",
        "q=%ff",
        "count=true",
        "count=maybe",
        "unknown=1",
        "cursor=AAAA",
        "q=a%00b",
    ];
    let count = random.random_range(0..4);
    let chosen: Vec<_> = (0..count).map(|_| pick(random, &parts)).collect();
    if chosen.is_empty() { String::new() } else { format!("?{}", chosen.join("&")) }
}

fn step(random: &mut StdRng, made: usize) -> Step {
    let task = random.random_range(0..made.max(1));
    let reference = match random.random_range(0..8) {
        0 => pick(random, &["0", "01", "x", "99999", "%ff", "9223372036854775808"]).to_owned(),
        1 => format!("{}", task + 1),
        _ => format!("{{id {task}}}"),
    };
    let list = pick(
        random,
        &[
            "/tasks",
            "/tasks",
            "/tasks/count",
            "/tasks/stats",
            "/tasks/search",
            "/tasks/filter/todo",
            "/tasks/filter/open",
        ],
    );
    let mut headers = Vec::new();
    if random.random_bool(0.3) {
        let field = match random.random_range(0..4) {
            0 => "*".to_owned(),
            1 => "\"stale\"".to_owned(),
            2 => format!("W/{{tag {task}}}"),
            _ => format!("{{tag {task}}}"),
        };
        headers.push((pick(random, &["if-match", "if-match", "if-none-match"]), field));
    }
    let (method, path) = match random.random_range(0..20) {
        0..=4 => ("POST", "/tasks".to_owned()),
        5..=8 => ("PATCH", format!("/tasks/{reference}")),
        9 => ("PUT", format!("/tasks/{reference}")),
        10 => ("DELETE", format!("/tasks/{reference}")),
        11 | 12 => ("GET", format!("/tasks/{reference}")),
        13 => ("GET", "{next}".to_owned()),
        14 => (pick(random, &["OPTIONS", "PUT", "BREW", "HEAD"]), list.to_owned()),
        _ => ("GET", format!("{list}{}", query(random))),
    };
    let mut content = None;
    if matches!(method, "POST" | "PATCH" | "PUT") && path.starts_with("/tasks") {
        content = Some(body(random));
        let kind = if random.random_bool(0.95) { "application/json" } else { "text/plain" };
        headers.push(("content-type", kind.to_owned()));
    }
    Step { method, path, headers, body: content }
}

#[tokio::test]
async fn both_databases_answer_alike() {
    for seed in SEEDS {
        let mut random = StdRng::seed_from_u64(seed);
        let mut sides = Vec::new();
        for on in [Sqlite, Postgres] {
            let app = App::start(on).await;
            sides.push(Side { app, ids: Vec::new(), tags: Vec::new(), next: None });
        }
        let mut successes = 0;
        for turn in 0..REQUESTS {
            let step = step(&mut random, sides[0].ids.len());
            let mut answers = Vec::new();
            for side in &mut sides {
                let answer = side.take(&step, turn).await;
                successes += usize::from(answer.status < 300);
                answers.push(side.normal(&answer));
            }
            assert!(
                answers[0] == answers[1],
                "seed {seed}, turn {turn}: {step:?}\nSQLite: {}\nPostgreSQL: {}",
                answers[0],
                answers[1]
            );
            assert!(!answers[0].starts_with("500"), "seed {seed}, turn {turn}: {step:?}");
        }
        assert!(successes > REQUESTS / 2, "much of a run is ordinary use: {successes}");
    }
}
