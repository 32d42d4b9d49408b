//! The rows of one table: candidates, tried one by one until enough are in.

use std::collections::BTreeMap;

use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use super::values::{Recipe, literal};
use super::{FilledTable, candidates};
use crate::structure::{ForeignKey, Source, Structure, Table};
use schemakeep_db::Dialect;
use schemakeep_db::connection::Session;

/// How many candidates there may be for each row that is wanted.
const TRIES_EACH: usize = 40;
/// How many candidates there may be at least, while nothing is known to go in.
const TRIES_MIN: usize = 1_500;
/// After how many refused candidates in a row a table is full, when rows are in.
const TRIES_IN_VAIN: usize = 300;
/// How many values of a column are compared with its checks.
const CANDIDATES_RANGE: std::ops::Range<usize> = 200..4_000;
const NULL: &str = "NULL";
/// How many keys of a parent are known at a time.
const PARENT_ROWS_MAX: usize = 1_000;

/// Values by column; a column that is not there is left to the database.
type Row = BTreeMap<usize, String>;

/// Adds rows to a table, in the transaction that is open.
pub(super) async fn fill(
    session: &mut Session,
    name: &str,
    tables: &Structure,
    wanted: usize,
    random: &mut StdRng,
) -> Result<FilledTable, sqlx::Error> {
    let table = &tables[name];
    let mut maker = Maker::new(session, name, table, wanted, random).await?;
    let (mut rows, mut tries, mut in_vain, mut why) = (0, 0, 0, None);
    let most = TRIES_MIN.max(wanted.saturating_mul(TRIES_EACH));
    while rows < wanted && tries < most && (rows == 0 || in_vain < TRIES_IN_VAIN) {
        tries += 1;
        let Some(row) = maker.candidate(random) else {
            why = Some("a foreign key that must not be null refers to an empty table".to_owned());
            break;
        };
        match insert(session, name, table, &row).await? {
            Ok(()) => {
                rows += 1;
                in_vain = 0;
                maker.took(session, row).await?;
            }
            Err(refusal) => {
                in_vain += 1;
                why = Some(refusal);
            }
        }
    }
    Ok(FilledTable { table: name.to_owned(), rows, why: why.filter(|_| rows < wanted) })
}

/// Inserts a row, or says why the database refuses it; outer errors are those of the connection.
async fn insert(
    session: &mut Session,
    name: &str,
    table: &Table,
    row: &Row,
) -> Result<Result<(), String>, sqlx::Error> {
    let columns: Vec<_> = row.keys().map(|at| identifier(&table.columns[*at].name)).collect();
    let values: Vec<_> = row.values().map(String::as_str).collect();
    let given = if columns.is_empty() {
        "DEFAULT VALUES".to_owned()
    } else {
        format!("({}) VALUES ({})", columns.join(", "), values.join(", "))
    };
    session.execute("SAVEPOINT candidate").await?;
    let tried = session.execute(format!("INSERT INTO {} {given}", identifier(name))).await;
    let refusal = match tried {
        Ok(()) => None,
        Err(sqlx::Error::Database(error)) => Some(error.message().to_owned()),
        Err(error) => return Err(error),
    };
    if refusal.is_some() {
        session.execute("ROLLBACK TO SAVEPOINT candidate").await?;
    }
    session.execute("RELEASE SAVEPOINT candidate").await?;
    Ok(refusal.map_or(Ok(()), Err))
}

pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Makes candidates for the rows of a table.
struct Maker<'a> {
    dialect: Dialect,
    name: &'a str,
    table: &'a Table,
    recipes: Vec<Recipe>,
    /// By column, values that meet the checks on that column alone; without such a check, none.
    pools: Vec<Vec<String>>,
    parents: Vec<(&'a ForeignKey, Vec<Vec<String>>)>,
    /// The last row that went in: what meets the checks once is a good beginning.
    good: Option<Row>,
}

impl<'a> Maker<'a> {
    async fn new(
        session: &mut Session,
        name: &'a str,
        table: &'a Table,
        wanted: usize,
        random: &mut StdRng,
    ) -> Result<Self, sqlx::Error> {
        let dialect = session.dialect();
        let (mut recipes, mut pools) = (Vec::new(), Vec::new());
        for column in &table.columns {
            let recipe = Recipe::new(dialect, table, column);
            let size = wanted.saturating_mul(4).clamp(CANDIDATES_RANGE.start, CANDIDATES_RANGE.end);
            let values = (0..size).map(|_| literal(dialect, &recipe, random)).collect();
            pools.push(candidates::that_pass(session, table, column, values).await?);
            recipes.push(recipe);
        }
        let mut parents = Vec::new();
        for key in &table.foreign_keys {
            parents.push((key, keys(session, key).await?));
        }
        Ok(Self { dialect, name, table, recipes, pools, parents, good: None })
    }

    /// A row that may go in; none when a parent is needed and there is none.
    fn candidate(&self, random: &mut StdRng) -> Option<Row> {
        let mut row = Row::new();
        let good = self.good.as_ref().filter(|_| random.random_bool(0.5));
        for (at, column) in self.table.columns.iter().enumerate() {
            let left_out = match column.source {
                Source::Generated | Source::Counter => true,
                Source::Default => random.random_bool(0.3),
                Source::Nothing => false,
            };
            let recipe = &self.recipes[at];
            let value = match good {
                Some(good) if !recipe.distinct && random.random_bool(0.7) => good.get(&at).cloned(),
                _ if left_out => None,
                _ if column.nullable && random.random_bool(0.25) => Some(NULL.to_owned()),
                _ => Some(match self.pools[at].choose(random) {
                    Some(value) => value.clone(),
                    None => literal(self.dialect, recipe, random),
                }),
            };
            row.extend(value.map(|value| (at, value)));
        }
        for (key, parents) in &self.parents {
            let places = key.columns.iter().map(|own| self.place(own));
            let places: Vec<usize> = places.collect::<Option<_>>()?;
            let nullable = |at: &usize| self.table.columns[*at].nullable;
            let none = parents.is_empty() || random.random_bool(0.15);
            let values = match parents.choose(random) {
                Some(parent) if !(none && places.iter().any(nullable)) => parent.clone(),
                // One NULL is enough for the key not to be looked for.
                _ if places.iter().any(nullable) => {
                    row.extend(
                        places.iter().filter(|at| nullable(at)).map(|at| (*at, NULL.into())),
                    );
                    continue;
                }
                // The first row of a table that refers to itself may refer to itself.
                None if key.table == self.name => continue,
                _ => return None,
            };
            row.extend(places.into_iter().zip(values));
        }
        Some(row)
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.table.columns.iter().position(|own| own.name.eq_ignore_ascii_case(column))
    }

    /// Learns from a row that went in.
    async fn took(&mut self, session: &mut Session, row: Row) -> Result<(), sqlx::Error> {
        self.good = Some(row);
        for (key, parents) in &mut self.parents {
            if key.table == self.name && parents.len() < 20 {
                *parents = keys(session, key).await?;
            }
        }
        Ok(())
    }
}

/// Keys of a parent, as literals; those with a NULL in them are none.
async fn keys(session: &mut Session, key: &ForeignKey) -> Result<Vec<Vec<String>>, sqlx::Error> {
    let columns: Vec<_> = key.references.iter().map(|column| identifier(column)).collect();
    let literal = |column: &String| match session.dialect() {
        Dialect::Postgres => format!("quote_nullable(CAST({column} AS text))"),
        Dialect::Sqlite => format!("quote({column})"),
    };
    let shown: Vec<_> = columns.iter().map(literal).collect();
    let present: Vec<_> = columns.iter().map(|column| format!("{column} IS NOT NULL")).collect();
    if shown.is_empty() {
        return Ok(Vec::new());
    }
    let query = format!(
        "SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT {PARENT_ROWS_MAX}",
        shown.join(", "),
        identifier(&key.table),
        present.join(" AND "),
        columns.join(", ")
    );
    let rows = session.rows(query).await?;
    Ok(rows.into_iter().map(|row| row.into_iter().flatten().collect()).collect())
}
