//! Whether the service has left sessions of PostgreSQL inside a transaction.

use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};

/// Longest that a transaction which is open when a test ends may still take.
const TRANSACTION_END: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(50);
/// Longest that the database may take for an answer; tests end with databases that are frozen or gone.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Sessions of the service in this database; the start of a transaction tells it from the next one.
const OPEN: &str = "SELECT 'session ' || pid || ' since ' || xact_start || ': ' || query \
     FROM pg_stat_activity WHERE datname = current_database() \
     AND application_name LIKE 'taskmanager%' AND state LIKE 'idle in transaction%'";

/// Sessions that are idle in a transaction and stay so. None for a file, and none where the database does not answer.
///
/// Blocks, and does not need a runtime, so that it can be asked while a value is dropped.
#[must_use]
pub fn left_in_transaction(url: &str) -> Vec<String> {
    let Ok(options) = url.parse::<PgConnectOptions>() else { return Vec::new() };
    let options = options.extra_float_digits(None);
    let asked = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        runtime.block_on(async {
            let opened = tokio::time::timeout(ANSWER_WITHIN, options.connect()).await;
            let mut connection = opened.ok()?.ok()?;
            let found = stay(&mut connection).await;
            let _ = connection.close().await;
            found
        })
    });
    asked.join().ok().flatten().unwrap_or_default()
}

/// Those of the first look that are there in every later one.
async fn stay(connection: &mut PgConnection) -> Option<Vec<String>> {
    let deadline = Instant::now() + TRANSACTION_END;
    let mut staying: Option<Vec<String>> = None;
    loop {
        // Unprepared: a pooler may give each statement another session.
        let look = sqlx::raw_sql(OPEN).fetch_all(&mut *connection);
        let rows = tokio::time::timeout(ANSWER_WITHIN, look).await.ok()?.ok()?;
        let now: Vec<String> =
            rows.iter().filter_map(|row| sqlx::Row::try_get(row, 0).ok()).collect();
        let left: Vec<String> = match staying {
            None => now,
            Some(before) => before.into_iter().filter(|one| now.contains(one)).collect(),
        };
        if left.is_empty() || Instant::now() > deadline {
            return Some(left);
        }
        staying = Some(left);
        tokio::time::sleep(POLL).await;
    }
}
