//! The rows of `tasks` and of `task_events`, and whether they tell the same story.

use std::collections::BTreeMap;

use crate::database::Side;
use crate::sse_client::Told;

/// A row of `task_events`.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Event {
    /// Its number.
    pub id: i64,
    /// `created`, `updated` or `deleted`.
    pub kind: String,
    /// The task's number.
    pub number: i64,
    /// The task's version after the change; before it, where it was deleted.
    pub version: i64,
    /// The task's title, likewise.
    pub title: String,
    /// The task's priority, likewise.
    pub priority: String,
}

/// A row of `tasks`.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Row {
    /// The task's number.
    pub number: i64,
    /// Its version.
    pub version: i64,
    /// Its title.
    pub title: String,
    /// Its priority.
    pub priority: String,
}

/// What is committed.
#[derive(Clone, Debug)]
pub struct Outbox {
    /// In the order of their numbers.
    pub events: Vec<Event>,
    /// By number.
    pub rows: BTreeMap<i64, Row>,
}

impl Outbox {
    /// Reads both tables; nobody may write meanwhile.
    ///
    /// # Panics
    ///
    /// When the database does not answer.
    pub async fn read(side: &mut Side) -> Self {
        const EVENTS: &str = "SELECT id, kind, number, version, title, priority \
                              FROM task_events ORDER BY id";
        const ROWS: &str = "SELECT number, version, title, priority FROM tasks";
        let (events, rows): (_, Vec<Row>) = match side {
            Side::Sqlite(side) => (
                sqlx::query_as(EVENTS).fetch_all(&mut *side).await,
                sqlx::query_as(ROWS).fetch_all(side).await.expect("tasks"),
            ),
            Side::Postgres(side) => (
                sqlx::query_as(EVENTS).fetch_all(&mut *side).await,
                sqlx::query_as(ROWS).fetch_all(side).await.expect("tasks"),
            ),
        };
        let rows = rows.into_iter().map(|row| (row.number, row)).collect();
        Self { events: events.expect("events"), rows }
    }

    /// Leaves out the tasks whose numbers are below one.
    pub fn since(&mut self, number: i64) {
        self.events.retain(|event| event.number >= number);
        self.rows.retain(|at, _| *at >= number);
    }

    /// Every way in which the events are not those of the rows: each task's events are one `created` of version 1,
    /// then an `updated` for each further version, then at most one `deleted`, and the last of them is the row.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut last: BTreeMap<i64, &Event> = BTreeMap::new();
        for event in &self.events {
            let before = last.insert(event.number, event);
            let expected = match (&*event.kind, before) {
                ("created", None) => 1,
                ("updated", Some(before)) if before.kind != "deleted" => before.version + 1,
                ("deleted", Some(before)) if before.kind != "deleted" => before.version,
                _ => -1,
            };
            if event.version != expected {
                faults.push(format!("{event:?} comes after {before:?}"));
            }
        }
        for (number, event) in &last {
            let told = Row {
                number: *number,
                version: event.version,
                title: event.title.clone(),
                priority: event.priority.clone(),
            };
            match self.rows.get(number) {
                None if event.kind != "deleted" => faults.push(format!("no row of {event:?}")),
                Some(row) if event.kind == "deleted" => faults.push(format!("{row:?} is deleted")),
                Some(row) if *row != told => faults.push(format!("{row:?}, but {event:?}")),
                _ => {}
            }
        }
        let silent = self.rows.values().filter(|row| !last.contains_key(&row.number));
        faults.extend(silent.map(|row| format!("no event of {row:?}")));
        faults
    }

    /// Every way in which a stream of events is not the table: each event once, in order, with its content. `after`
    /// is the number of the event after which the stream began.
    #[must_use]
    pub fn faults_of_stream(&self, after: i64, told: &[Told]) -> Vec<String> {
        let mut faults = Vec::new();
        let expected: BTreeMap<i64, &Event> = self
            .events
            .iter()
            .map(|event| (event.id, event))
            .filter(|(id, _)| *id > after)
            .collect();
        let mut last = after;
        let mut found = std::collections::BTreeSet::new();
        for told in told {
            let number = told.number();
            if number <= last {
                faults.push(format!("{} {number} was told after {last}", told.event));
            }
            last = number;
            found.insert(number);
            let version = told.data["version"].as_i64().unwrap_or_default();
            let same = expected.get(&number).is_some_and(|event| {
                told.event == format!("task.{}", event.kind)
                    && told.title() == event.title
                    && told.data["priority"] == event.priority
                    && version == event.version
            });
            if !same {
                faults.push(format!("{told:?} is in the table as {:?}", expected.get(&number)));
            }
        }
        let missing = expected.values().filter(|event| !found.contains(&event.id));
        faults.extend(missing.map(|event| format!("not told: {event:?}")));
        faults
    }
}
