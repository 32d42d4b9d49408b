//! What a failure in a scratch place means: a finding, the made-up rows' fault, or the place's.
//!
//! The rows there are made up, so what fails because of them is no finding: the file is begun again on tables
//! without them. The exception is certain: a new column that must not be null and has no default, where the
//! live table has rows.

use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

use super::RehearsalFailure;
use super::database::identifier;
use super::execute::{Halt, Piece, Stage};
use crate::failure::{beginning, position};
use crate::{Migration, lexer};
use schemakeep_db::cause;

impl Stage<'_> {
    /// Takes the made-up rows away where a failure may be theirs: what to say of the statement then.
    pub(super) async fn without_rows(
        &mut self,
        piece: &Piece,
        error: &sqlx::Error,
    ) -> Result<Option<String>, sqlx::Error> {
        let code = code(error);
        let by_rows = ["22", "23", "P0"].iter().any(|class| code.starts_with(class));
        if !by_rows || self.filled.is_empty() || self.is_certain(piece, error) {
            return Ok(None);
        }
        let names: Vec<_> = self.filled.drain(..).map(|name| identifier(&name)).collect();
        for _ in 0..names.len() {
            for name in &names {
                // Children first, whichever they are: the others go in a later round.
                let _ = self.session.execute(format!("DELETE FROM {name}")).await;
            }
        }
        Ok(Some(format!("depends on the rows: with made-up ones it failed ({})", cause(error))))
    }

    /// A new column that may not be null and has no value, on a table that has rows.
    fn is_certain(&self, piece: &Piece, error: &sqlx::Error) -> bool {
        let error =
            error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
        let Some((table, column)) = error.and_then(|error| Some((error.table()?, error.column()?)))
        else {
            return false;
        };
        let new = piece.tokens.windows(2).any(|pair| {
            ["ADD", "COLUMN", "EXISTS"].contains(&pair[0].as_str())
                && pair[1].eq_ignore_ascii_case(column)
        });
        new && self.live.tables.get(table).is_some_and(|table| table.rows > 0)
    }

    pub(super) fn halt(&self, migration: &Migration, piece: &Piece, error: &sqlx::Error) -> Halt {
        let (code, said, file) = (code(error), cause(error), migration.up_file());
        let line = position(error).map_or(0, |at| lexer::line_of(&piece.sql, at) - 1) + piece.line;
        // The place's trouble, and not the file's.
        let theirs = ["42501", "55P03", "40P01", "58P01", "57014"].contains(&code.as_str())
            || code.starts_with("53")
            || self.place.elsewhere && code == "42704"
            || error.as_database_error().is_none();
        if theirs {
            return Halt::Cannot(format!(
                "{file}, line {line}: {said}; not known whether it fails on the live database too"
            ));
        }
        let message = format!("{said}; in: {}", beginning(&piece.sql));
        Halt::Failed(RehearsalFailure { file, line, message })
    }
}

fn code(error: &sqlx::Error) -> String {
    error.as_database_error().and_then(DatabaseError::code).unwrap_or_default().into_owned()
}
