//! Runs files in a scratch place, a statement at a time, and looks before and after each.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::database::Place;
use super::guard::{Fence, strangers};
use super::hazards::{effects, takes_time};
use super::observe::{Beginning, Look, Seen, seen};
use super::table_stats::Live;
use super::{RehearsalFailure, RehearsedMigration, RehearsedRows, fill};
use crate::{Dialect, MigrateError, Migration, lexer};
use schemakeep_db::cause;
use schemakeep_db::connection::Session;
use schemakeep_sql::statements::{ExecutionMode, steps};

/// Why it does not go on.
pub(super) enum Halt {
    Failed(RehearsalFailure),
    /// It cannot be rehearsed here, and why.
    Cannot(String),
    Error(MigrateError),
}

impl From<sqlx::Error> for Halt {
    fn from(error: sqlx::Error) -> Self {
        Self::Error(MigrateError::database("rehearsing")(error))
    }
}

pub(super) enum Broken {
    /// This statement of those that were given failed.
    Statement(usize, sqlx::Error),
    Halt(Halt),
}

impl From<sqlx::Error> for Broken {
    fn from(error: sqlx::Error) -> Self {
        Self::Halt(error.into())
    }
}

/// A statement of a file.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) line: usize,
    pub(super) sql: String,
    pub(super) tokens: Vec<String>,
}

impl Piece {
    pub(super) fn first(&self) -> &str {
        self.tokens.first().map_or("", String::as_str)
    }
}

/// The scratch place, with a connection that runs and one that watches.
pub(super) struct Stage<'a> {
    pub(super) place: &'a Place,
    pub(super) session: Session,
    pub(super) watch: Session,
    pub(super) fence: Option<Fence<'a>>,
    pub(super) live: &'a Live,
    /// Tables whose rows are made up.
    pub(super) filled: Vec<String>,
}

impl<'a> Stage<'a> {
    pub(super) async fn open(place: &'a Place, live: &'a Live) -> Result<Self, sqlx::Error> {
        let (session, mut watch) = (place.session().await?, place.session().await?);
        let fence = match place.fence() {
            Some(name) => Some(Fence::around(name, &mut watch).await?),
            None => None,
        };
        Ok(Self { place, session, watch, fence, live, filled: Vec::new() })
    }

    pub(super) async fn close(self) {
        self.session.close().await;
        self.watch.close().await;
    }

    /// Runs what is applied, without looking.
    pub(super) async fn bring_up(&mut self, applied: &Migration) -> Result<(), Halt> {
        let halted = |error: &sqlx::Error| {
            let (file, said) = (applied.up_file(), cause(error));
            Halt::Cannot(format!("{file}, which is applied, does not go through once more: {said}"))
        };
        let whole = !applied.directives.no_transaction;
        if whole {
            self.session.execute(self.place.begin()).await?;
        } else {
            self.assert_here().await?;
        }
        for piece in pieces(applied) {
            if self.skips(&piece).await? {
                continue;
            }
            self.session.execute(piece.sql).await.map_err(|error| halted(&error))?;
        }
        if whole {
            self.session.execute("COMMIT").await.map_err(|error| halted(&error))?;
        }
        Ok(self.session.execute(self.place.settings()).await?)
    }

    /// Makes rows for the tables that have none.
    pub(super) async fn fill(&mut self) -> Result<(), sqlx::Error> {
        self.filled = fill::fill(&mut self.session, &self.place.schema).await?;
        Ok(())
    }

    /// Runs what is pending. What was seen before a failure is kept in `seen`.
    pub(super) async fn rehearse(
        &mut self,
        migration: &Migration,
        kept: &mut Vec<RehearsedMigration>,
    ) -> Result<(), Halt> {
        let (begun, before) = (Instant::now(), self.rows().await?);
        let mut all = Vec::new();
        let ended = if migration.directives.no_transaction {
            self.one_by_one(migration, &mut all).await
        } else {
            self.insist(migration, &pieces(migration), &mut all).await
        };
        let took = begun.elapsed();
        self.session.execute(self.place.settings()).await?;
        let after = self.rows().await?;
        let statements = self.judged(all, !migration.directives.no_transaction);
        let (version, file) = (migration.version, migration.up_file());
        let rows = changes_of(&before, &after);
        kept.push(RehearsedMigration { version, file, took, real_rows: false, statements, rows });
        ended
    }

    /// Adds the sentences, for which the statements that follow matter too.
    fn judged(&self, all: Vec<Seen>, together: bool) -> Vec<super::ObservedStatement> {
        let later = |at: usize| {
            let mut rest = all[at + 1..].iter().filter(|_| together);
            rest.find(|seen| takes_time(seen, self.live)).map(|seen| seen.statement.line)
        };
        let sentences: Vec<_> =
            (0..all.len()).map(|at| effects(&all[at], self.live, later(at))).collect();
        let judged = all.into_iter().zip(sentences).map(|(seen, sentences)| {
            let mut statement = seen.statement;
            statement.effects.splice(0..0, sentences);
            statement
        });
        judged.collect()
    }

    /// A file without a transaction: each statement for itself.
    async fn one_by_one(&mut self, migration: &Migration, all: &mut Vec<Seen>) -> Result<(), Halt> {
        let split = steps(&migration.up_sql);
        let split = split.map_err(|at| {
            Halt::Cannot(format!("{}, line {}: {}", migration.up_file(), at.line, at.cause))
        })?;
        for (piece, step) in pieces(migration).into_iter().zip(split) {
            let one = std::slice::from_ref(&piece);
            if step.how.in_transaction() {
                self.insist(migration, one, all).await?;
            } else if matches!(piece.first(), "DO" | "CALL") {
                // Most need no transaction of their own, and inside one nothing is missed.
                match self.attempt(one).await {
                    Ok(seen) => all.extend(seen),
                    Err(Broken::Statement(..)) => {
                        self.insist_alone(migration, &piece, &step.how, all).await?;
                    }
                    Err(Broken::Halt(halt)) => return Err(halt),
                }
            } else {
                self.insist_alone(migration, &piece, &step.how, all).await?;
            }
        }
        Ok(())
    }

    /// Statements in one transaction; once more without made-up rows where these are the trouble.
    async fn insist(
        &mut self,
        migration: &Migration,
        pieces: &[Piece],
        all: &mut Vec<Seen>,
    ) -> Result<(), Halt> {
        match self.attempt(pieces).await {
            Ok(seen) => all.extend(seen),
            Err(Broken::Halt(halt)) => return Err(halt),
            Err(Broken::Statement(at, error)) => {
                let Some(note) = self.without_rows(&pieces[at], &error).await? else {
                    return Err(self.halt(migration, &pieces[at], &error));
                };
                match self.attempt(pieces).await {
                    Ok(mut seen) => {
                        seen[at].statement.effects.push(note);
                        all.extend(seen);
                    }
                    Err(Broken::Statement(at, error)) => {
                        return Err(self.halt(migration, &pieces[at], &error));
                    }
                    Err(Broken::Halt(halt)) => return Err(halt),
                }
            }
        }
        Ok(())
    }

    async fn insist_alone(
        &mut self,
        migration: &Migration,
        piece: &Piece,
        how: &ExecutionMode,
        all: &mut Vec<Seen>,
    ) -> Result<(), Halt> {
        let error = match self.alone(piece).await {
            Ok(seen) => {
                all.push(seen);
                return Ok(());
            }
            Err(Broken::Statement(_, error)) => error,
            Err(Broken::Halt(halt)) => return Err(halt),
        };
        let Some(note) = self.without_rows(piece, &error).await? else {
            return Err(self.halt(migration, piece, &error));
        };
        if let ExecutionMode::CreateIndex { index, .. } = how {
            self.session.execute(format!("DROP INDEX IF EXISTS {index}")).await?;
        }
        match self.alone(piece).await {
            Ok(mut seen) => {
                seen.statement.effects.push(note);
                all.push(seen);
                Ok(())
            }
            Err(Broken::Statement(_, error)) => Err(self.halt(migration, piece, &error)),
            Err(Broken::Halt(halt)) => Err(halt),
        }
    }

    /// One try, rolled back when it fails.
    async fn attempt(&mut self, pieces: &[Piece]) -> Result<Vec<Seen>, Broken> {
        let tried = self.in_transaction(pieces).await;
        if tried.is_err() {
            self.session.execute("ROLLBACK").await?;
        }
        tried
    }

    async fn in_transaction(&mut self, pieces: &[Piece]) -> Result<Vec<Seen>, Broken> {
        let rows = self.rows().await?;
        self.session.execute(self.place.begin()).await?;
        let look = Look::inside(&mut self.session, &self.place.schema).await?;
        let mut before = look.clone();
        let beginning = Beginning { look, rows };
        let mut all = Vec::new();
        for (at, piece) in pieces.iter().enumerate() {
            let mut seen_now = Seen::default();
            if !self.skips(piece).await.map_err(Broken::Halt)? {
                // ALTER TABLE checks foreign keys by a query, whose scan is to be seen as it is.
                let plans = if piece.first() == "ALTER" { "DEFAULT" } else { "off" };
                self.session.execute(format!("SET LOCAL enable_seqscan = {plans}")).await?;
                let ran = self.session.execute(piece.sql.as_str()).await;
                ran.map_err(|error| Broken::Statement(at, error))?;
                let after = Look::inside(&mut self.session, &self.place.schema).await?;
                self.refuse_trespass(piece, &after)?;
                seen_now = seen(&beginning, &before, &after, piece.first());
                before = after;
            }
            seen_now.statement.line = piece.line;
            seen_now.statement.sql.clone_from(&piece.sql);
            all.push(seen_now);
        }
        let last = pieces.len().saturating_sub(1);
        let committed = self.session.execute("COMMIT").await;
        committed.map_err(|error| Broken::Statement(last, error))?;
        Ok(all)
    }

    /// Outside a transaction nothing else keeps a statement in its schema.
    pub(super) async fn assert_here(&mut self) -> Result<(), Halt> {
        let schema = self.session.value("SELECT CAST(current_schema() AS text)").await?;
        if self.fence.is_some() && schema.as_deref() != Some(&self.place.schema) {
            return Err(Halt::Cannot(
                "the connection does not stay in the scratch schema".to_owned(),
            ));
        }
        Ok(())
    }

    /// Whether a statement has nothing to do in a schema; fails when it would find its way out of it.
    pub(super) async fn skips(&mut self, piece: &Piece) -> Result<bool, Halt> {
        let Some(fence) = &self.fence else { return Ok(false) };
        if fence.is_met(&piece.tokens) {
            return Ok(true);
        }
        match strangers(&mut self.session, &piece.sql, fence).await? {
            None => Ok(false),
            Some(name) => Err(Halt::Cannot(format!(
                "line {} speaks of {name}, which the scratch schema does not have",
                piece.line
            ))),
        }
    }

    /// In a schema: nothing outside it may have been touched. What has, is rolled back.
    fn refuse_trespass(&self, piece: &Piece, after: &Look) -> Result<(), Broken> {
        let outside = after.locks.iter().filter_map(|(oid, _)| after.relations.get(oid));
        match outside.filter(|relation| !relation.ours).map(|relation| &relation.name).next() {
            Some(name) if self.fence.is_some() => Err(Broken::Halt(Halt::Cannot(format!(
                "line {} reaches {name}, outside the scratch schema; it was rolled back",
                piece.line
            )))),
            _ => Ok(()),
        }
    }

    /// The rows of each table.
    pub(super) async fn rows(&mut self) -> Result<BTreeMap<String, u64>, sqlx::Error> {
        let schema = Dialect::Postgres.quoted(&self.place.schema);
        let tables = format!(
            "SELECT 'SELECT ' || quote_literal(c.relname) || ', CAST(count(*) AS text) FROM ' \
             || quote_ident(n.nspname) || '.' || quote_ident(c.relname) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'p') AND n.nspname = {schema}"
        );
        let tables: Vec<String> =
            self.session.rows(tables).await?.into_iter().flatten().flatten().collect();
        if tables.is_empty() {
            return Ok(BTreeMap::new());
        }
        let query = tables.join(" UNION ALL ");
        let rows = self.session.rows(query).await?;
        let count = |row: Vec<Option<String>>| match <[Option<String>; 2]>::try_from(row) {
            Ok([Some(name), Some(count)]) => Some((name, count.parse().ok()?)),
            _ => None,
        };
        Ok(rows.into_iter().filter_map(count).collect())
    }
}

/// How long a watch waits between two looks.
pub(super) const LOCK_POLL_INTERVAL: Duration = Duration::from_millis(5);

fn pieces(migration: &Migration) -> Vec<Piece> {
    let sql = &migration.up_sql;
    let piece = |statement: lexer::Statement| Piece {
        line: statement.line,
        sql: sql[statement.start..statement.end].to_owned(),
        tokens: statement.tokens,
    };
    lexer::statements(sql, Dialect::Postgres).into_iter().map(piece).collect()
}

/// The rows of each table, before and after.
pub(super) fn changes_of(
    before: &BTreeMap<String, u64>,
    after: &BTreeMap<String, u64>,
) -> Vec<RehearsedRows> {
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let rows = |table: &String| RehearsedRows {
        table: table.clone(),
        before: before.get(table).copied(),
        after: after.get(table).copied(),
    };
    names.into_iter().map(rows).collect()
}
