//! Rebuilding a table of SQLite, with foreign keys off: dropping a table with foreign keys on deletes its rows
//! first, and `ON DELETE CASCADE` takes those of its children along.
//!
//! The switch does nothing inside a transaction, so it is thrown before (<https://sqlite.org/lang_altertable.html>,
//! 12 steps). What the switched-off checks would have seen is looked for before the commit.

use schemakeep_db::plural;
use std::collections::BTreeMap;

use super::Runner;
use super::attempt::Unit;
use crate::MigrateError;
use crate::migration_file::MigrationFile;
use schemakeep_db::connection::Session;

impl Runner<'_> {
    pub(super) async fn run_rebuild(
        &mut self,
        script: MigrationFile<'_>,
    ) -> Result<bool, MigrateError> {
        let switching = || MigrateError::database("switching foreign keys");
        switch(self.session, false).await.map_err(switching())?;
        let ran = self.insist(&Unit::Whole(script)).await;
        switch(self.session, true).await.map_err(switching()).and(ran)
    }
}

/// Switches foreign keys, and makes sure: inside a transaction the switch is passed over in silence.
async fn switch(session: &mut Session, on: bool) -> Result<(), sqlx::Error> {
    let wanted = if on { "1" } else { "0" };
    session.execute(format!("PRAGMA foreign_keys = {wanted}")).await?;
    let query = "SELECT CAST(foreign_keys AS text) FROM pragma_foreign_keys";
    if session.value(query).await?.as_deref() == Some(wanted) {
        Ok(())
    } else {
        Err(sqlx::Error::Protocol("foreign keys cannot be switched here".to_owned()))
    }
}

/// How many rows each table has.
pub(super) struct Rows(BTreeMap<String, String>);

impl Rows {
    /// Counts all tables but those of SQLite, those inside virtual tables, and the record's.
    pub(super) async fn count(session: &mut Session) -> Result<Self, sqlx::Error> {
        let tables = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' \
             AND name NOT GLOB 'sqlite_*' AND name NOT IN ('_sqlx_migrations', '_migrate_log')";
        let tables = session.rows(tables).await?.into_iter().flatten().flatten();
        let mut counts = BTreeMap::new();
        for table in tables.collect::<Vec<_>>() {
            let quoted = table.replace('"', "\"\"");
            let query = format!("SELECT CAST(count(*) AS text) FROM main.\"{quoted}\"");
            let count = session.value(query).await?.unwrap_or_default();
            counts.insert(table, count);
        }
        Ok(Self(counts))
    }

    /// What is lost against these counts, or refers to nothing.
    pub(super) async fn lost(self, session: &mut Session) -> Result<Option<String>, sqlx::Error> {
        let after = Self::count(session).await?.0;
        let mut problems = Vec::new();
        for (table, before) in &self.0 {
            match after.get(table) {
                None => problems.push(format!("table {table} is gone")),
                Some(now) if now != before => {
                    problems.push(format!(
                        "table {table} had {} and has {now}",
                        plural(before.parse::<u64>().unwrap_or_default(), "row")
                    ));
                }
                Some(_) => {}
            }
        }
        let violations = "SELECT \"table\" || ': ' || count(*) || ' without a row in ' || parent \
             FROM pragma_foreign_key_check GROUP BY \"table\", parent";
        problems.extend(session.rows(violations).await?.into_iter().flatten().flatten());
        let dangling = "SELECT DISTINCT m.name || ' references ' || f.\"table\" || ', which is not there' \
             FROM main.sqlite_schema m JOIN pragma_foreign_key_list(m.name) f \
             WHERE m.type = 'table' AND lower(f.\"table\") NOT IN \
             (SELECT lower(name) FROM main.sqlite_schema WHERE type = 'table')";
        problems.extend(session.rows(dangling).await?.into_iter().flatten().flatten());
        Ok((!problems.is_empty()).then(|| problems.join(", ")))
    }
}
