//! What must not be rehearsed, because it would reach beyond the scratch place.
//!
//! Beside every scratch place is the rest of its server: roles, databases, files. A scratch schema also has
//! the real schema beside it, where unqualified names lead that the scratch schema lacks, as soon as an
//! extension lives there. So files are read before they are run ([`refuse`], by their words, strings and
//! bodies included), each statement's names are looked up before it runs ([`strangers`]), and each
//! transaction is rolled back that has locked anything else (in `stage`).
//!
//! Limits: a name that a function puts together is seen by the last of the three only, so not at all in a
//! statement outside a transaction. Then nothing but `REHEARSAL_DATABASE_URL` keeps it away.

use crate::{Dialect, Migration, lexer};
use schemakeep_db::connection::Session;

/// What belongs to the whole server.
const SERVER: [&str; 8] =
    ["ROLE", "USER", "GROUP", "DATABASE", "TABLESPACE", "SYSTEM", "SUBSCRIPTION", "PUBLICATION"];
/// What belongs to the whole database.
const DATABASE: [&str; 10] = [
    "EXTENSION",
    "SCHEMA",
    "EVENT",
    "SERVER",
    "CAST",
    "LANGUAGE",
    "FOREIGN",
    "DEFAULT",
    "TRANSFORM",
    "ACCESS",
];

/// What a schema shares with the rest of its database.
pub(super) struct Fence<'a> {
    pub(super) name: &'a str,
    pub(super) others: Vec<String>,
    /// Extensions that are there: they may be asked for, and are not made.
    pub(super) extensions: Vec<String>,
}

impl<'a> Fence<'a> {
    pub(super) async fn around(name: &'a str, session: &mut Session) -> Result<Self, sqlx::Error> {
        let others = format!(
            "SELECT CAST(nspname AS text) FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' \
             AND nspname NOT IN ('information_schema', {})",
            Dialect::Postgres.quoted(name)
        );
        let extensions = "SELECT CAST(extname AS text) FROM pg_catalog.pg_extension";
        let list = |rows: Vec<Vec<Option<String>>>| rows.into_iter().flatten().flatten().collect();
        let others = list(session.rows(others).await?);
        Ok(Self { name, others, extensions: list(session.rows(extensions).await?) })
    }

    /// Whether a statement only asks for an extension that is there.
    pub(super) fn is_met(&self, tokens: &[String]) -> bool {
        let words: Vec<&str> = tokens.iter().map(String::as_str).collect();
        let ["CREATE", "EXTENSION", rest @ ..] = words.as_slice() else { return false };
        let name = rest.iter().find(|word| !["IF", "NOT", "EXISTS"].contains(word));
        name.is_some_and(|name| self.extensions.iter().any(|had| had.eq_ignore_ascii_case(name)))
    }
}

/// Why a file cannot be rehearsed beside what it would change; `None` when it can.
pub(super) fn refuse(migration: &Migration, fence: Option<&Fence<'_>>) -> Option<String> {
    let sql = &migration.up_sql;
    lexer::statements(sql, Dialect::Postgres).iter().find_map(|statement| {
        let text = &sql[statement.start..statement.end];
        let why = beyond(text, statement, fence)?;
        Some(format!("{}, line {}: {why}", migration.up_file(), statement.line))
    })
}

fn beyond(text: &str, statement: &lexer::Statement, fence: Option<&Fence<'_>>) -> Option<String> {
    // The words in strings and bodies too: those of a DO block are run.
    let words = words(text);
    let upper: Vec<String> = words.iter().map(|word| word.to_uppercase()).collect();
    let acts = ["CREATE", "ALTER", "DROP"];
    let reaches = |kinds: &[&str]| {
        upper.windows(2).find_map(|pair| {
            (acts.contains(&pair[0].as_str()) && kinds.contains(&pair[1].as_str()))
                .then(|| format!("{} {}", pair[0], pair[1]))
        })
    };
    let user_mapping = upper.windows(3).any(|three| three[1..] == ["USER", "MAPPING"]);
    if let Some(found) = reaches(&SERVER).filter(|_| !user_mapping) {
        return Some(format!("{found} is about the whole server"));
    }
    if upper.first().is_some_and(|first| first == "COPY") || upper.iter().any(|w| w == "DBLINK") {
        return Some(format!("{} reaches beyond the database", upper[0]));
    }
    let fence = fence?;
    if fence.is_met(&statement.tokens) {
        return None;
    }
    if let Some(found) = reaches(&DATABASE) {
        return Some(format!("{found} is about the whole database"));
    }
    if ["REASSIGN", "VACUUM", "CLUSTER", "REINDEX", "ANALYZE"].contains(&upper.first()?.as_str())
        && !upper.iter().any(|word| word == "TABLE" || word == "INDEX")
        && words.len() < 2
        || upper.windows(2).any(|pair| pair == ["DROP", "OWNED"] || pair == ["REASSIGN", "OWNED"])
    {
        return Some("it is about everything in the database".to_owned());
    }
    if upper.iter().any(|word| word == "SEARCH_PATH")
        || upper.windows(2).any(|p| p == ["SET", "SCHEMA"])
    {
        return Some("it sets the schema by itself".to_owned());
    }
    let named = |(at, word): (usize, &String)| {
        let before = at.checked_sub(1).map(|at| upper[at].as_str());
        let role = word.eq_ignore_ascii_case("public") && matches!(before, Some("TO" | "FROM"));
        (!role && fence.others.iter().any(|other| other.eq_ignore_ascii_case(word)))
            .then(|| word.clone())
    };
    let schema = words.iter().enumerate().find_map(named)?;
    Some(format!("it names schema {schema}"))
}

/// What a statement would find in the real schema, because the scratch schema lacks it; `None` when nothing.
pub(super) async fn strangers(
    session: &mut Session,
    sql: &str,
    fence: &Fence<'_>,
) -> Result<Option<String>, sqlx::Error> {
    let names: Vec<String> =
        mentioned(sql).iter().map(|word| Dialect::Postgres.quoted(&word.to_lowercase())).collect();
    if names.is_empty() {
        return Ok(None);
    }
    let created = sql.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("create"));
    // A CREATE makes its thing in the first schema of the path; it is tables that it may refer to.
    let others = if created {
        String::new()
    } else {
        "UNION ALL SELECT proname, pronamespace, oid, CAST('pg_catalog.pg_proc' AS regclass) FROM pg_catalog.pg_proc \
         UNION ALL SELECT typname, typnamespace, oid, CAST('pg_catalog.pg_type' AS regclass) FROM pg_catalog.pg_type \
         UNION ALL SELECT relname, relnamespace, oid, CAST('pg_catalog.pg_class' AS regclass) FROM pg_catalog.pg_class WHERE relkind IN ('i', 'I')"
            .to_owned()
    };
    let own = Dialect::Postgres.quoted(fence.name);
    let query = format!(
        "WITH things AS (SELECT relname AS name, relnamespace AS space, oid, CAST('pg_catalog.pg_class' AS regclass) AS class \
         FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') {others}) \
         SELECT n.nspname || '.' || t.name FROM things t JOIN pg_catalog.pg_namespace n ON n.oid = t.space \
         WHERE n.nspname = ANY (current_schemas(false)) AND n.nspname <> {own} AND lower(t.name) IN ({}) \
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.classid = t.class AND e.objid = t.oid AND e.deptype = 'e') \
         AND NOT EXISTS (SELECT 1 FROM things o WHERE o.name = t.name \
         AND o.space = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = {own})) LIMIT 1",
        names.join(", ")
    );
    session.value(query).await
}

/// The words of a statement that may name something that is there: not what it makes or renames to, and not
/// the names of constraints, which belong to their table.
fn mentioned(sql: &str) -> Vec<String> {
    let words = words(sql);
    let upper: Vec<String> = words.iter().map(|word| word.to_uppercase()).collect();
    let filler = ["IF", "NOT", "EXISTS"];
    let made = |at: usize| {
        let before = upper[..at].iter().rev().find(|word| !filler.contains(&word.as_str()));
        let first = upper.first().is_some_and(|first| first == "CREATE");
        match before.map(String::as_str) {
            Some("TO" | "CONSTRAINT") => true,
            Some("TABLE" | "VIEW" | "SEQUENCE" | "TYPE") => first && at < 8,
            _ => false,
        }
    };
    (0..words.len()).filter(|at| !made(*at)).map(|at| words[at].clone()).collect()
}

/// The words of a text, those in strings too, comments left out.
fn words(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.split("--").next().unwrap_or_default());
    let plain = lines.collect::<Vec<_>>().join("\n");
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let found = plain.split(|c| !is_word(c)).filter(|word| !word.is_empty());
    found.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn fence() -> Fence<'static> {
        Fence {
            name: "taskmanager_scratch_1",
            others: vec!["public".to_owned(), "Else".to_owned()],
            extensions: vec!["pg_trgm".to_owned()],
        }
    }

    #[rstest]
    #[case("ALTER TABLE tasks ADD COLUMN role text", false, false)]
    #[case("CREATE ROLE x", true, true)]
    #[case("DO $$ BEGIN EXECUTE 'drop database x'; END $$", true, true)]
    #[case("COPY tasks FROM '/etc/passwd'", true, true)]
    #[case("CREATE EXTENSION IF NOT EXISTS pg_trgm", false, false)]
    #[case("CREATE EXTENSION hstore", false, true)]
    #[case("DROP TABLE public.tasks", false, true)]
    #[case("DROP TABLE \"Else\" . tasks", false, true)]
    #[case("DO $$ BEGIN EXECUTE format('DROP TABLE %I.tasks', 'public'); END $$", false, true)]
    #[case("GRANT SELECT ON tasks TO public", false, false)]
    #[case("ALTER TABLE tasks SET SCHEMA other", false, true)]
    #[case("SELECT set_config('search_path', 'x', false)", false, true)]
    #[case("SELECT 1 -- public", false, false)]
    #[case("DROP OWNED BY x", false, true)]
    #[case("VACUUM", false, true)]
    #[case("VACUUM tasks", false, false)]
    fn what_reaches_beyond(#[case] sql: &str, #[case] database: bool, #[case] schema: bool) {
        let statement = lexer::statements(sql, Dialect::Postgres).remove(0);
        assert_eq!(beyond(sql, &statement, None).is_some(), database, "in a database");
        assert_eq!(beyond(sql, &statement, Some(&fence())).is_some(), schema, "in a schema");
    }

    #[test]
    fn what_is_made_is_not_looked_up() {
        let sql = "CREATE TABLE IF NOT EXISTS a (b int CONSTRAINT c REFERENCES d)";
        let found = mentioned(sql);
        assert!(found.contains(&"d".to_owned()) && !found.contains(&"a".to_owned()));
        assert!(!found.contains(&"c".to_owned()));
    }
}
