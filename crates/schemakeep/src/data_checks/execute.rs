//! Asks the database, in read-only transactions and within the limits.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use sqlx::error::DatabaseError;
use tokio_util::sync::CancellationToken;

use super::check::{Ask, Question};
use super::simulated_table::{Relation, Rows};
use super::tables::{Table, Tables};
use super::{Check, Limits, Outcome, Sample};
use schemakeep_db::Dialect;
use schemakeep_db::connection::Session;
use schemakeep_db::{cause, words};
use schemakeep_sql::change::quoted;

/// Less than this is no time to ask anything in: the databases count in milliseconds.
const QUESTION_TIME_MIN: Duration = Duration::from_millis(10);
/// How much longer than the database's own limit is waited for its answer.
const CANCEL_GRACE: Duration = Duration::from_secs(2);

pub(super) struct Asker<'a> {
    session: Session,
    limits: &'a Limits,
    started: Instant,
    /// Rows of tables of SQLite, counted up to the limit.
    counted: HashMap<String, u64>,
    /// Why nothing is asked any more.
    broken: Option<String>,
}

struct Answer {
    count: u64,
    examples: Vec<String>,
    sample: Option<Sample>,
}

impl<'a> Asker<'a> {
    pub(super) fn new(session: Session, limits: &'a Limits, started: Instant) -> Self {
        Self { session, limits, started, counted: HashMap::new(), broken: None }
    }

    pub(super) async fn tables(&mut self) -> Result<Tables, sqlx::Error> {
        let limit = self.limits.total;
        self.begin(limit).await?;
        let tables = Tables::read(&mut self.session).await;
        self.end().await?;
        tables
    }

    pub(super) async fn check(&mut self, question: Question) -> Check {
        let dialect = self.session.dialect();
        let mut check = question.unanswered(dialect);
        let answer = match &question.ask {
            Ask::Not(why) => Err(why.clone()),
            Ask::Rows { of, condition, without, .. } => {
                self.rows_with(of, condition, without.as_ref()).await
            }
            Ask::Shared { of, key, condition } => self.shared(of, key, condition).await,
        };
        match answer {
            Err(why) => check.outcome = Outcome::NotChecked(why),
            Ok(answer) => {
                check.outcome = outcome(&question, &answer);
                check.count = answer.count;
                check.examples = answer.examples;
                check.sampled = answer.sample;
            }
        }
        check
    }

    pub(super) async fn close(self) {
        if self.broken.is_none() {
            self.session.close().await;
        }
    }

    /// Rows that fulfil a condition and are not found in another table.
    async fn rows_with(
        &mut self,
        of: &Relation,
        condition: &str,
        without: Option<&(Box<Relation>, String)>,
    ) -> Result<Answer, String> {
        let dialect = self.session.dialect();
        let sampled = self.sampled(of).await?;
        let mut condition = condition.to_owned();
        if let Some((target, join)) = without.filter(|(target, _)| target.rows != Rows::None) {
            let target = target.select(dialect, Some(join), false, &Table::sql);
            condition = format!(
                "{condition} AND NOT EXISTS (SELECT 1 FROM ({target}) AS \"?target\" WHERE {join})"
            );
        }
        let from = from(of, dialect, &condition, sampled.as_ref());
        let count = format!("SELECT CAST(count(*) AS text) FROM {from} WHERE {condition}");
        let count = self.number(count).await?;
        let rows = format!("{from} WHERE {condition}");
        let examples = self.examples(of, count, &rows).await?;
        let sample = self.looked_at(of, sampled.as_ref()).await?;
        Ok(Answer { count, examples, sample })
    }

    /// Rows that share their key with another one.
    async fn shared(
        &mut self,
        of: &Relation,
        key: &[String],
        condition: &str,
    ) -> Result<Answer, String> {
        let dialect = self.session.dialect();
        let sampled = self.sampled(of).await?;
        let key = key.join(", ");
        let from = from(of, dialect, &format!("{key} {condition}"), sampled.as_ref());
        let count = format!(
            "SELECT CAST(coalesce(sum(\"?n\"), 0) AS text) FROM (SELECT count(*) AS \"?n\" FROM {from} \
             WHERE {condition} GROUP BY {key} HAVING count(*) > 1) AS \"?groups\""
        );
        let count = self.number(count).await?;
        let rows = format!(
            "(SELECT *, count(*) OVER (PARTITION BY {key}) AS \"?n\" FROM {from} WHERE {condition}) AS \"?all\" \
             WHERE \"?n\" > 1"
        );
        let examples = self.examples(of, count, &rows).await?;
        let sample = self.looked_at(of, sampled.as_ref()).await?;
        Ok(Answer { count, examples, sample })
    }

    /// What is read of a table that is too large to be read whole.
    async fn sampled(&mut self, of: &Relation) -> Result<Option<Part>, String> {
        let Some(table) = of.source() else { return Ok(None) };
        let rows = match table.rows {
            Some(rows) => rows,
            None => self.count_up_to_limit(table).await?,
        };
        let wanted = self.limits.sample_rows.max(2);
        Ok((rows > self.limits.sample_above && rows > wanted).then_some(Part { wanted, of: rows }))
    }

    async fn count_up_to_limit(&mut self, table: &Table) -> Result<u64, String> {
        let name = table.sql();
        if let Some(counted) = self.counted.get(&name) {
            return Ok(*counted);
        }
        let most = self.limits.sample_above.saturating_add(1);
        let counted = self
            .number(format!(
                "SELECT CAST(count(*) AS text) FROM (SELECT 1 FROM {name} LIMIT {most})"
            ))
            .await?;
        self.counted.insert(name, counted);
        Ok(counted)
    }

    async fn looked_at(
        &mut self,
        of: &Relation,
        part: Option<&Part>,
    ) -> Result<Option<Sample>, String> {
        let Some(part) = part else { return Ok(None) };
        let from = from(of, self.session.dialect(), "", Some(part));
        let rows = self.number(format!("SELECT CAST(count(*) AS text) FROM {from}")).await?;
        if rows == 0 {
            return Err("the sample had no rows".to_owned());
        }
        Ok(Some(Sample { rows, at_least: part.of }))
    }

    async fn number(&mut self, sql: String) -> Result<u64, String> {
        let rows = self.rows(sql).await?;
        let number = rows.into_iter().flatten().flatten().next();
        Ok(number.and_then(|number| number.parse().ok()).unwrap_or(0))
    }

    /// The keys of the first few of `rows`, what follows FROM.
    async fn examples(
        &mut self,
        of: &Relation,
        count: u64,
        rows: &str,
    ) -> Result<Vec<String>, String> {
        let dialect = self.session.dialect();
        let (_, keys) = of.keys(dialect);
        if count == 0 || keys.is_empty() {
            return Ok(Vec::new());
        }
        let (order, most) = (keys.join(", "), self.limits.examples);
        let keys = texts(&keys, dialect);
        let sql = format!("SELECT {keys} FROM {rows} ORDER BY {order} LIMIT {most}");
        let rows = self.rows(sql).await?.into_iter();
        let example = |row: Vec<Option<String>>| {
            let parts: Vec<_> =
                row.into_iter().map(|part| part.unwrap_or_else(|| "NULL".to_owned())).collect();
            if parts.len() == 1 { parts.concat() } else { format!("({})", parts.join(", ")) }
        };
        Ok(rows.map(example).collect())
    }

    /// Runs one query, and says in words why it was not answered.
    async fn rows(&mut self, sql: String) -> Result<Vec<Vec<Option<String>>>, String> {
        if let Some(why) = &self.broken {
            return Err(why.clone());
        }
        let left = self.limits.total.saturating_sub(self.started.elapsed());
        if left < QUESTION_TIME_MIN {
            let limit = words(self.limits.total);
            return Err(format!("the time limit of {limit} for all of the preflight was over"));
        }
        let span = left.min(self.limits.statement);
        match tokio::time::timeout(span + CANCEL_GRACE, self.answer(sql, span)).await {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => Err(why(&error, span)),
            Err(_) => {
                let why =
                    format!("the database has not answered within {}", words(span + CANCEL_GRACE));
                Err(self.broken.insert(why).clone())
            }
        }
    }

    async fn answer(
        &mut self,
        sql: String,
        span: Duration,
    ) -> Result<Vec<Vec<Option<String>>>, sqlx::Error> {
        self.begin(span).await?;
        let stop = CancellationToken::new();
        self.session.interrupt_on(stop.clone()).await?;
        let timer = tokio::spawn(async move {
            tokio::time::sleep(span).await;
            stop.cancel();
        });
        let rows = self.session.rows(sql).await;
        timer.abort();
        self.session.interrupt_no_more().await?;
        self.end().await?;
        rows
    }

    /// SQLite's connection is read-only from its opening, and is interrupted from here.
    async fn begin(&mut self, span: Duration) -> Result<(), sqlx::Error> {
        if self.session.dialect() == Dialect::Sqlite {
            return Ok(());
        }
        let limit = span.as_millis().max(1);
        let begin = format!("BEGIN READ ONLY; SET LOCAL statement_timeout = {limit}");
        self.session.execute(begin).await
    }

    async fn end(&mut self) -> Result<(), sqlx::Error> {
        if self.session.dialect() == Dialect::Sqlite {
            return Ok(());
        }
        self.session.execute("ROLLBACK").await
    }
}

/// Part of a table.
struct Part {
    /// About so many rows.
    wanted: u64,
    /// Of so many, or more.
    of: u64,
}

impl Part {
    /// SQLite can only take the ends without reading all; PostgreSQL takes pages from anywhere, always the same.
    #[expect(clippy::cast_precision_loss, reason = "a share of rows is about right at best")]
    fn read(&self, table: &Table, dialect: Dialect) -> String {
        let name = table.sql();
        match dialect {
            Dialect::Postgres => {
                let percent = (self.wanted as f64 / self.of as f64 * 100.0).min(100.0);
                format!("{name} TABLESAMPLE SYSTEM ({percent:.6}) REPEATABLE (1)")
            }
            Dialect::Sqlite if table.numbered => {
                let half = self.wanted / 2;
                format!(
                    "{name} WHERE rowid IN (SELECT rowid FROM (SELECT rowid FROM {name} ORDER BY rowid LIMIT {half}) \
                     UNION ALL SELECT rowid FROM (SELECT rowid FROM {name} ORDER BY rowid DESC LIMIT {half}))"
                )
            }
            Dialect::Sqlite => format!("(SELECT * FROM {name} LIMIT {})", self.wanted),
        }
    }
}

/// The rows under the table's own name.
fn from(of: &Relation, dialect: Dialect, wanted: &str, part: Option<&Part>) -> String {
    let read = |table: &Table| match part {
        Some(part) => part.read(table, dialect),
        None => table.sql(),
    };
    format!("({}) AS {}", of.select(dialect, Some(wanted), true, &read), quoted(&of.name))
}

fn texts(keys: &[String], dialect: Dialect) -> String {
    let text = |key: &String| match dialect {
        Dialect::Postgres => format!("CAST({key} AS text)"),
        Dialect::Sqlite => {
            format!(
                "CASE typeof({key}) WHEN 'blob' THEN lower(hex({key})) ELSE CAST({key} AS TEXT) END"
            )
        }
    };
    keys.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn outcome(question: &Question, answer: &Answer) -> Outcome {
    match (&question.ask, &question.caveat) {
        (Ask::Rows { doubt: Some(why), .. }, _) if answer.count > 0 => {
            Outcome::NotChecked(format!("{} found, and {why}", answer.count))
        }
        _ if answer.count > 0 => Outcome::Violated,
        (_, Some(why)) => Outcome::NotChecked(format!("none yet, but {why}")),
        _ => Outcome::Clean,
    }
}

/// Why a question was not answered. What the database says about a value may quote it, and values are not shown.
fn why(error: &sqlx::Error, span: Duration) -> String {
    let code = error.as_database_error().and_then(DatabaseError::code).unwrap_or_default();
    match code.as_ref() {
        "57014" | "9" => format!("it took longer than {}", words(span)),
        data if data.len() == 5 && data.starts_with("22") => {
            format!("a value cannot be evaluated ({data})")
        }
        _ => format!("the database says: {}", cause(error)),
    }
}
