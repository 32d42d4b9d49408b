//! Looks for what will stand in a migration's way: each finding with the command that fixes it.
//!
//! Changes nothing; on PostgreSQL it needs no more rights than to connect.

use schemakeep_db::DbError;
use serde::Serialize;
use std::path::Path;
use std::process::Command;

use super::connection::{Purpose, Session};
use super::disk::{self, folder_of};
use super::error::InspectError;
use super::explain::state_and_fix;
use super::leftovers;
use super::lock;
use super::{Dialect, MigrationSet, SchemaState};
use crate::options::MigrateMode;
use schemakeep_db::{DatabaseTarget, DatabaseUrl};

/// How well a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// As it should be.
    Good,
    /// Worth a look before the next migration.
    Doubtful,
    /// A migration will fail or hurt.
    Bad,
}

schemakeep_db::serialize_as_str!(Health);

impl Health {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Doubtful => "warning",
            Self::Bad => "problem",
        }
    }
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub name: &'static str,
    pub health: Health,
    pub detail: String,
    /// The command, or the words, that fix it.
    pub fix: Option<String>,
}

impl Check {
    fn good(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, health: Health::Good, detail: detail.into(), fix: None }
    }

    fn not_good(
        name: &'static str,
        health: Health,
        detail: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { name, health, detail: detail.into(), fix: Some(fix.into()) }
    }
}

/// Looks at everything.
///
/// # Errors
///
/// [`InspectError`] when the database cannot be read at all.
pub async fn doctor(url: &DatabaseUrl, set: &MigrationSet) -> Result<Vec<Check>, InspectError> {
    let mut checks = vec![schema(url, set).await?];
    let opened = Session::to_read(url, Purpose::Inspect).await.map_err(InspectError::Database)?;
    if let Some(mut session) = opened {
        let looked = match session.dialect() {
            Dialect::Postgres => postgres(&mut session).await,
            Dialect::Sqlite => sqlite(&mut session).await,
        };
        session.close().await;
        checks.extend(looked.map_err(InspectError::Database)?);
    }
    checks.extend(encryption(url));
    checks.push(pooler(url).await);
    checks.push(holder(url).await);
    if let DatabaseTarget::Sqlite(file) = url.target() {
        checks.push(folders(&file.path));
        checks.push(disk(&file.path));
    }
    Ok(checks)
}

async fn schema(url: &DatabaseUrl, set: &MigrationSet) -> Result<Check, InspectError> {
    let inspector = super::Inspector::new(url.clone(), set.clone());
    let name = "schema";
    let report = match inspector.report(std::time::Duration::from_secs(10)).await {
        Ok(report) => report,
        // It answers, and does not let this role read: the other checks say why.
        Err(error) if !error.is_outage() => {
            let fix = "see rights, or use a role that may read _sqlx_migrations and _migrate_log";
            return Ok(Check::not_good(name, Health::Bad, error.to_string(), fix));
        }
        Err(error) => return Err(error),
    };
    let (detail, fix) = state_and_fix(&report, MigrateMode::Auto);
    let health = match report.state {
        SchemaState::Current => Health::Good,
        SchemaState::Behind | SchemaState::AheadCompatible => Health::Doubtful,
        _ => Health::Bad,
    };
    Ok(Check { name, health, detail, fix })
}

/// Whether a connection to a server may go without TLS; none for a file.
fn encryption(url: &DatabaseUrl) -> Option<Check> {
    let name = "encryption";
    if url.dialect() == Dialect::Sqlite {
        return None;
    }
    let Some(mode) = url.unencrypted_mode() else {
        return Some(Check::good(name, "TLS is demanded, or the connection stays on this machine"));
    };
    let found = format!(
        "sslmode={mode}: the connection to {} may go without TLS, and the password with it",
        url.describe_place()
    );
    let fix = "set sslmode=verify-full in the URL (with sslrootcert, unless a public authority signed the server's certificate), or at least sslmode=require";
    Some(Check::not_good(name, Health::Doubtful, found, fix))
}

async fn pooler(url: &DatabaseUrl) -> Check {
    let name = "connection";
    match lock::check_connection(url).await {
        Ok(()) => Check::good(name, "stays with one backend, so it can hold the migration lock"),
        Err(error @ DbError::Pooled { .. }) => {
            let fix = "set MIGRATE_DATABASE_URL to a direct connection to the server";
            Check::not_good(name, Health::Bad, error.to_string(), fix)
        }
        Err(error) => Check::not_good(name, Health::Doubtful, error.to_string(), "see the message"),
    }
}

async fn holder(url: &DatabaseUrl) -> Check {
    let name = "migration lock";
    match lock::holder(url).await {
        Ok(None) => Check::good(name, "free"),
        Ok(Some(holder)) => {
            let pid = holder.split_whitespace().nth(1).and_then(|pid| pid.parse::<u32>().ok());
            let fix = match (url.dialect(), pid) {
                (Dialect::Postgres, Some(pid)) => {
                    format!("wait for it, or end it: SELECT pg_terminate_backend({pid});")
                }
                (Dialect::Sqlite, Some(pid)) => format!("wait for it, or end it: kill {pid}"),
                (_, None) => "wait for it, or end it".to_owned(),
            };
            Check::not_good(name, Health::Doubtful, format!("held by {holder}"), fix)
        }
        Err(error) => Check::not_good(name, Health::Doubtful, error.to_string(), "see the message"),
    }
}

async fn postgres(session: &mut Session) -> Result<Vec<Check>, sqlx::Error> {
    let number = session.value("SELECT current_setting('server_version_num')").await?;
    let major = number.and_then(|number| number.parse::<u32>().ok()).unwrap_or_default() / 10_000;
    let mut checks = vec![match major {
        13..=18 => Check::good("server", format!("PostgreSQL {major}")),
        _ => Check::not_good(
            "server",
            Health::Doubtful,
            format!("PostgreSQL {major}"),
            "use 13 to 18, with which this program is tested",
        ),
    }];
    checks.push(pg_dump(major));
    checks.push(rights(session).await?);
    checks.push(
        listed(
            session,
            "indexes",
            "SELECT CAST(i.indexrelid AS regclass) || ' is INVALID', \
             'REINDEX INDEX CONCURRENTLY ' || CAST(i.indexrelid AS regclass) || ';' \
             FROM pg_catalog.pg_index i WHERE NOT i.indisvalid \
             AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index p \
             WHERE p.index_relid = i.indexrelid)",
            "all valid",
        )
        .await?,
    );
    checks.push(
        listed(
            session,
            "constraints",
            "SELECT CAST(conrelid AS regclass) || '.' || conname || ' is NOT VALID', \
             'ALTER TABLE ' || CAST(conrelid AS regclass) || ' VALIDATE CONSTRAINT ' || quote_ident(conname) || ';' \
             FROM pg_catalog.pg_constraint WHERE NOT convalidated AND conrelid <> 0",
            "all validated",
        )
        .await?,
    );
    checks.push(
        listed(
            session,
            "transactions",
            "SELECT 'pid ' || pid || ' (' || coalesce(nullif(application_name, ''), 'unknown program') \
             || ') has been idle in a transaction for ' \
             || CAST(extract(epoch FROM clock_timestamp() - state_change) AS bigint) || ' s', \
             'SELECT pg_terminate_backend(' || pid || ');' FROM pg_catalog.pg_stat_activity \
             WHERE state LIKE 'idle in transaction%' AND datname = current_database() \
             AND clock_timestamp() - state_change > interval '10 seconds'",
            "none idle for over 10 s",
        )
        .await?,
    );
    checks.push(listed(session, "stale shadow databases", &leftovers::query(), "none").await?);
    let size = session.value("SELECT pg_size_pretty(pg_database_size(current_database()))").await?;
    let size = size.unwrap_or_default();
    checks.push(Check::good("size", format!("{size}; the server's disk cannot be seen from here")));
    Ok(checks)
}

async fn rights(session: &mut Session) -> Result<Check, sqlx::Error> {
    let query = "SELECT CASE WHEN current_schema() IS NULL THEN 'no schema in the search path exists' \
         WHEN NOT has_schema_privilege(current_schema(), 'CREATE') \
         THEN 'no right to create in schema ' || current_schema() END, \
         'GRANT CREATE ON SCHEMA ' || coalesce(quote_ident(current_schema()), 'public') || ' TO ' \
         || quote_ident(current_user) || ';' \
         UNION ALL SELECT 'table ' || relname || ' belongs to ' || pg_get_userbyid(relowner), \
         'ALTER TABLE ' || quote_ident(relname) || ' OWNER TO ' || quote_ident(current_user) || ';' \
         FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p') AND relnamespace = \
         (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema()) \
         AND NOT pg_has_role(relowner, 'USAGE')";
    listed(session, "rights", query, "may change the schema").await
}

/// A check from a query for pairs of what is wrong and what fixes it.
async fn listed(
    session: &mut Session,
    name: &'static str,
    query: &str,
    good: &str,
) -> Result<Check, sqlx::Error> {
    let rows = session.rows(query).await?;
    let pairs: Vec<(String, String)> = rows
        .into_iter()
        .filter_map(|row| match <[Option<String>; 2]>::try_from(row) {
            Ok([Some(found), Some(fix)]) => Some((found, fix)),
            _ => None,
        })
        .collect();
    if pairs.is_empty() {
        return Ok(Check::good(name, good));
    }
    let (found, fix): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let health = if name == "rights" { Health::Bad } else { Health::Doubtful };
    Ok(Check::not_good(name, health, found.join("; "), fix.join(" ")))
}

fn pg_dump(server: u32) -> Check {
    let name = "pg_dump";
    let fix =
        format!("install the client tools of PostgreSQL {server} (postgresql-client-{server})");
    let version = Command::new("pg_dump").arg("--version").output().ok();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let Some(version) = version.filter(|version| !version.is_empty()) else {
        return Check::not_good(name, Health::Doubtful, "not installed: no backups from here", fix);
    };
    let digits = version.split_whitespace().nth(2).unwrap_or_default();
    let major: u32 = digits.split('.').next().and_then(|m| m.parse().ok()).unwrap_or_default();
    if major >= server {
        Check::good(name, version)
    } else {
        let found = format!("{version} is older than the server, which it cannot back up");
        Check::not_good(name, Health::Doubtful, found, fix)
    }
}

async fn sqlite(session: &mut Session) -> Result<Vec<Check>, sqlx::Error> {
    let version = session.value("SELECT sqlite_version()").await?.unwrap_or_default();
    let mode = session.value("PRAGMA journal_mode").await?.unwrap_or_default();
    let whole = session.value("PRAGMA quick_check(1)").await?.unwrap_or_default();
    let orphans = session.rows("SELECT \"table\" FROM pragma_foreign_key_check LIMIT 5").await?;
    let orphans: Vec<String> = orphans.into_iter().flatten().flatten().collect();
    Ok(vec![
        Check::good("library", format!("SQLite {version}")),
        if mode == "wal" {
            Check::good("journal mode", "WAL")
        } else {
            let found = format!("{mode}: readers and the writer wait for each other");
            Check::not_good(
                "journal mode",
                Health::Doubtful,
                found,
                "start the service once: it sets WAL",
            )
        },
        if whole == "ok" {
            Check::good("integrity check", "ok")
        } else {
            Check::not_good("integrity check", Health::Bad, whole, "restore a backup")
        },
        if orphans.is_empty() {
            Check::good("foreign keys", "no violations")
        } else {
            let found = format!("rows without their parent in {}", orphans.join(", "));
            Check::not_good(
                "foreign keys",
                Health::Doubtful,
                found,
                "PRAGMA foreign_key_check lists them",
            )
        },
    ])
}

fn folders(file: &Path) -> Check {
    let name = "stale shadow databases";
    let found = [folder_of(file).to_owned(), std::env::temp_dir()];
    let found: Vec<_> = found.iter().flat_map(|folder| leftovers::folders(folder)).collect();
    if found.is_empty() {
        return Check::good(name, "none");
    }
    let found: Vec<String> = found.iter().map(|folder| folder.display().to_string()).collect();
    let fix = format!("rm -r {}", found.join(" "));
    Check::not_good(name, Health::Doubtful, found.join("; "), fix)
}

fn disk(file: &Path) -> Check {
    let name = "disk";
    let Ok(free) = disk::free(folder_of(file)) else {
        return Check::not_good(
            name,
            Health::Doubtful,
            "free space not known",
            "look at it with df",
        );
    };
    let size = std::fs::metadata(file).map_or(0, |file| file.len());
    let words = format!("{} MB free, the file has {} MB", free / 1_000_000, size / 1_000_000);
    // A rebuild needs the table again, and its journal once more.
    if free > size.saturating_mul(2) {
        Check::good(name, words)
    } else {
        let fix = "make room for twice the file's size before a rebuild or a backup";
        Check::not_good(name, Health::Doubtful, words, fix)
    }
}
