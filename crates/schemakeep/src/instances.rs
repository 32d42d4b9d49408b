//! The instances of the service that are connected, and those of them that a migration would stop.
//!
//! PostgreSQL shows each session's `application_name`, which says what its release knows (see `program`). Who has an
//! SQLite file open, the system shows within limits (see `file_users`).

use std::time::Duration;

use schemakeep_db::Program;
use schemakeep_db::program::KnownSchema;
use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::connection::{Purpose, Session};
use super::directives::Compat;
use super::file_users::{self, FileUser};
use super::{Dialect, MigrateError, Migration};
use schemakeep_db::{DatabaseTarget, DatabaseUrl};

/// How long sessions of an instance that has just ended may take to go from the server's list.
const CLOSING_GRACE: Duration = Duration::from_secs(2);
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// An instance, by its sessions or, on SQLite, its process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Instance {
    /// As its sessions call themselves; the program's name where there are none.
    pub application_name: String,
    /// IP address of the client, or of a pooler; empty through a socket, for a process of this machine, or where the
    /// role may not see it.
    #[serde(serialize_with = "schemakeep_db::serialize::non_empty")]
    pub client_address: String,
    /// When its oldest session, or its process, began: in UTC as RFC 3339 has it.
    pub connected_since: Option<String>,
    /// When a session of it last began or ended a statement, in the same form; none where the role may not see it.
    pub last_active: Option<String>,
    /// Process ids of the server's backends, or its own.
    pub pids: Vec<i64>,
    /// Versions of the pending migrations that it does not know and that are not declared additive.
    pub stopped_by: Vec<i64>,
}

/// What was found of the instances that pending migrations would stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connected {
    /// Every pending migration is declared additive, so none is stopped.
    Additive,
    /// This system does not show who uses a file.
    Unseen,
    /// Those that would be stopped.
    Stopped(Vec<Instance>),
}

impl Connected {
    /// Looks who is connected, if any pending migration could stop somebody. Instances that are just closing their
    /// sessions are waited for.
    ///
    /// # Errors
    ///
    /// [`MigrateError::Database`].
    pub async fn look(url: &DatabaseUrl, pending: &[&Migration]) -> Result<Self, MigrateError> {
        let risky: Vec<i64> = pending
            .iter()
            .filter(|migration| migration.compat() != Some(Compat::Additive))
            .map(|migration| migration.version)
            .collect();
        if risky.is_empty() {
            return Ok(Self::Additive);
        }
        match url.target() {
            DatabaseTarget::Postgres(_) => on_server(url, &risky).await.map(Self::Stopped),
            DatabaseTarget::Sqlite(file) => {
                let path = file.path.clone();
                let found = tokio::task::spawn_blocking(move || file_users::find(&path)).await;
                let users = found.ok().flatten().map(|users| of_file(users, &risky));
                Ok(users.map_or(Self::Unseen, Self::Stopped))
            }
        }
    }

    /// Those that would be stopped.
    #[must_use]
    pub fn stopped(&self) -> &[Instance] {
        match self {
            Self::Stopped(stopped) => stopped,
            Self::Additive | Self::Unseen => &[],
        }
    }
}

impl Instance {
    /// One line that names it, and what stops it.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { application_name: name, pids, .. } = self;
        let address = if self.client_address.is_empty() {
            "a local or hidden address"
        } else {
            &self.client_address
        };
        let since = self.connected_since.as_ref().map(|at| format!(" since {at}"));
        let active = self.last_active.as_ref().map(|at| format!(", last active {at}"));
        let sessions = if pids.len() == 1 {
            "1 session".to_owned()
        } else {
            format!("{} sessions", pids.len())
        };
        format!(
            "{name} at {address}: {sessions}{}{} (pid {}); its release does not know {}, which {} not declared additive",
            since.unwrap_or_default(),
            active.unwrap_or_default(),
            joined(pids),
            joined(&self.stopped_by),
            if self.stopped_by.len() == 1 { "is" } else { "are" },
        )
    }
}

fn joined(numbers: &[i64]) -> String {
    numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

/// The versions that a release does not know; `None` when it knows all of them.
fn unknown_of(known: KnownSchema, risky: &[i64]) -> Option<Vec<i64>> {
    let unknown: Vec<i64> =
        risky.iter().copied().filter(|version| !known.includes(*version)).collect();
    (!unknown.is_empty()).then_some(unknown)
}

async fn on_server(url: &DatabaseUrl, risky: &[i64]) -> Result<Vec<Instance>, MigrateError> {
    let begun = Instant::now();
    let doing = || MigrateError::database("looking for connected instances");
    let session = Session::to_read(url, Purpose::Inspect).await.map_err(doing())?;
    let Some(mut session) = session else { return Ok(Vec::new()) };
    let stopped = loop {
        let rows = session.rows(connected()).await.map_err(doing())?;
        let stopped: Vec<_> = rows.into_iter().filter_map(|row| of_sessions(row, risky)).collect();
        if stopped.is_empty() || begun.elapsed() >= CLOSING_GRACE {
            break stopped;
        }
        sleep(POLL_INTERVAL).await;
    };
    session.close().await;
    Ok(stopped)
}

/// An instance that does not know one of these versions, from a row of [`CONNECTED`].
fn of_sessions(row: Vec<Option<String>>, risky: &[i64]) -> Option<Instance> {
    let [name, address, since, active, pids] = <[Option<String>; 5]>::try_from(row).ok()?;
    let application_name = name?;
    Some(Instance {
        stopped_by: unknown_of(
            Program::current().known_schema_of_session(&application_name)?,
            risky,
        )?,
        application_name,
        client_address: address.unwrap_or_default(),
        connected_since: since,
        last_active: active,
        pids: pids.unwrap_or_default().split(", ").filter_map(|pid| pid.parse().ok()).collect(),
    })
}

/// The same from processes that serve from a file.
fn of_file(users: Vec<FileUser>, risky: &[i64]) -> Vec<Instance> {
    let instance = |user: FileUser| {
        Some(Instance {
            stopped_by: unknown_of(user.known, risky)?,
            application_name: Program::current().name.to_owned(),
            client_address: String::new(),
            connected_since: user.since,
            last_active: None,
            pids: vec![user.pid],
        })
    };
    users.into_iter().filter_map(instance).collect()
}

/// Sessions of the service in this database. A pooler may add its client's address to the name.
fn connected() -> String {
    let name = Dialect::Postgres.quoted(Program::current().name);
    format!(
        "SELECT application_name, coalesce(host(client_addr), ''), \
         to_char(min(backend_start) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), \
         to_char(max(state_change) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), \
         string_agg(CAST(pid AS text), ', ' ORDER BY pid) FROM pg_catalog.pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid() \
         AND starts_with(application_name, {name}) GROUP BY 1, client_addr ORDER BY 1, 2"
    )
}
