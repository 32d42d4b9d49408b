//! The one place that ties the migration engine to this service: its name, its migrations, and the tables that it uses.

use std::sync::Arc;

use schemakeep::{MigratorOptions, Safety, TABLE_LOCK_WAIT};
use schemakeep_backup::BackupBeforeMigrate;
use schemakeep_backup::backup::BackupSettings;
use schemakeep_db::{Dialect, Program};
use sqlx::migrate::Migrator;
use tokio_util::sync::CancellationToken;

use crate::config::{BackupMode, Config};

use schemakeep_schema::{DesiredSchema, RequiredTable};

use schemakeep::verify::Excuse;
use schemakeep::{MigrateError, MigrationSet};

/// This service, as its sessions call themselves.
pub const PROGRAM: Program = Program {
    name: "taskmanager",
    version: env!("CARGO_PKG_VERSION"),
    // From `build.rs`, which refuses any other form.
    newest_migration: match i64::from_str_radix(env!("SCHEMA_VERSION"), 10) {
        Ok(version) => version,
        Err(_) => 0,
    },
};

static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");
static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");

const TASKS: RequiredTable = RequiredTable {
    name: "tasks",
    columns: &[
        "id",
        "number",
        "title",
        "description",
        "status",
        "priority",
        "assignee",
        "due_date",
        "created_at",
        "updated_at",
        "completed_at",
        "version",
        "search_text",
    ],
};

const TASK_EVENTS: RequiredTable = RequiredTable {
    name: "task_events",
    columns: &[
        "id",
        "kind",
        "at",
        "task_id",
        "number",
        "title",
        "description",
        "status",
        "priority",
        "assignee",
        "due_date",
        "created_at",
        "updated_at",
        "completed_at",
        "version",
    ],
};

const IDEMPOTENCY_KEYS: RequiredTable = RequiredTable {
    name: "idempotency_keys",
    columns: &["key", "fingerprint", "claimed_at", "status", "location", "entity_tag", "body"],
};

const SEARCH: &str = "full text is searched by FTS5 in SQLite, kept in step by triggers, and by a trigram index in PostgreSQL";
const NUMBER: &str = "SQLite's tables are kept by a row number, and the search refers to it; in PostgreSQL nothing is unique without the id";

/// The differences between the migrations of this program for one database and for the other.
const MEANT_DIFFERENCES: [Excuse; 9] = [
    Excuse { difference: "index tasks_number_idx on tasks: only in PostgreSQL", why: NUMBER },
    Excuse { difference: "index tasks_search_text_idx on tasks: only in PostgreSQL", why: SEARCH },
    Excuse { difference: "primary key of tasks (id): only in PostgreSQL", why: NUMBER },
    Excuse { difference: "primary key of tasks (number): only in SQLite", why: NUMBER },
    Excuse { difference: "table tasks_search: only in SQLite", why: SEARCH },
    Excuse { difference: "trigger tasks_search_delete on tasks: only in SQLite", why: SEARCH },
    Excuse { difference: "trigger tasks_search_insert on tasks: only in SQLite", why: SEARCH },
    Excuse { difference: "trigger tasks_search_update on tasks: only in SQLite", why: SEARCH },
    Excuse { difference: "unique key of tasks (id): only in SQLite", why: NUMBER },
];

/// The migrations that were compiled into this program, and the tables that it needs after the last.
///
/// # Errors
///
/// [`MigrateError::Files`], which `build.rs` has ruled out.
pub fn migrations(dialect: Dialect) -> Result<MigrationSet, MigrateError> {
    match dialect {
        Dialect::Postgres => {
            MigrationSet::from_sqlx(&POSTGRES, &[TASKS, TASK_EVENTS, IDEMPOTENCY_KEYS])
        }
        Dialect::Sqlite => MigrationSet::from_sqlx(
            &SQLITE,
            &[
                TASKS,
                TASK_EVENTS,
                IDEMPOTENCY_KEYS,
                RequiredTable { name: "tasks_search", columns: &["search_text"] },
            ],
        ),
    }
}

/// Differences between the schemas of both databases that are meant: none, unless both sets hold all migrations of
/// this program.
///
/// # Errors
///
/// As [`migrations`].
pub fn meant_differences(
    postgres: &MigrationSet,
    sqlite: &MigrationSet,
) -> Result<&'static [Excuse], MigrateError> {
    let shipped = postgres.includes(&migrations(Dialect::Postgres)?)
        && sqlite.includes(&migrations(Dialect::Sqlite)?);
    Ok(if shipped { &MEANT_DIFFERENCES } else { &[] })
}

/// The schema that all migrations together must reach.
pub fn desired_schema(dialect: Dialect) -> DesiredSchema {
    let (file, text) = match dialect {
        Dialect::Postgres => ("schema/postgres.sql", include_str!("../schema/postgres.sql")),
        Dialect::Sqlite => ("schema/sqlite.sql", include_str!("../schema/sqlite.sql")),
    };
    DesiredSchema { file: file.to_owned(), text: text.into() }
}

/// How the configuration wants the schema brought up to date.
pub fn migrator_options(config: &Config, stop: CancellationToken) -> MigratorOptions {
    let safety = &config.safety;
    let backup = BackupBeforeMigrate {
        required: safety.migrate_backup == BackupMode::Required,
        folder: safety.backup_folder(&config.migrate_database_url),
        folder_is_set: safety.backup_dir.is_some(),
        keep: safety.backup_keep,
    };
    MigratorOptions {
        url: config.migrate_database_url.clone(),
        mode: config.migrate,
        database_wait: config.database_wait,
        lock_wait: config.migrate_lock_wait,
        table_lock_wait: TABLE_LOCK_WAIT,
        safety: Safety {
            protected_tables: safety.protected_tables.clone(),
            checks: true,
            rehearsal: false,
            rehearsal_url: safety.rehearsal_database_url.clone(),
            backup: (safety.migrate_backup != BackupMode::Off).then(|| Arc::new(backup) as _),
            force: false,
        },
        stop,
    }
}

/// How the configuration wants backups made.
pub fn backup_settings(config: &Config, stop: CancellationToken) -> BackupSettings {
    let url = config.migrate_database_url.clone();
    let folder = config.safety.backup_folder(&url);
    BackupSettings { url, folder, keep: config.safety.backup_keep, verify: true, stop }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_embedded_schemas_are_those_of_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            let read = DesiredSchema::from_folder(&folder, dialect).expect("a file");
            assert_eq!(read.text, desired_schema(dialect).text);
        }
    }
}
