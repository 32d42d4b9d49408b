//! The declared schema: plain `CREATE` statements, a file a dialect, the state that all migrations together must
//! reach. Only scratch databases ever see it.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use schemakeep_db::DatabaseUrl;
use schemakeep_db::Dialect;
use schemakeep_db::connection::Session;
use schemakeep_db::error::{cause, position};
use schemakeep_files::files::check_text;
use schemakeep_sql::lexer::{self, beginning};

use crate::SchemaError;
use crate::schema::{self, Schema};

/// The statements of one dialect, and where they are from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredSchema {
    /// The file's name, as people are shown it.
    pub file: String,
    pub text: Cow<'static, str>,
}

impl DesiredSchema {
    /// The file of a folder: `postgres.sql` or `sqlite.sql`.
    ///
    /// # Errors
    ///
    /// [`SchemaError::Desired`]: it is not there, is no text, or would end the transaction that it is run in.
    pub fn from_folder(folder: &Path, dialect: Dialect) -> Result<Self, SchemaError> {
        let path = folder.join(file(dialect));
        let file = path.display().to_string();
        let refused = |line, cause| SchemaError::Desired { file: file.clone(), line, cause };
        let bytes = fs::read(&path);
        let bytes = bytes.map_err(|error| refused(None, format!("cannot be read: {error}")))?;
        let text = check_text(bytes).map_err(|rule| refused(None, rule.to_owned()))?;
        if let Some((line, statement)) = lexer::forbidden(&text, dialect) {
            return Err(refused(Some(line), format!("{statement} has no place in a schema")));
        }
        Ok(Self { file, text: Cow::Owned(text) })
    }

    /// Makes it on an empty scratch database and reads it.
    ///
    /// # Errors
    ///
    /// [`SchemaError`] with what the database says of a statement that it refuses.
    pub async fn bring_up(&self, url: &DatabaseUrl) -> Result<Schema, SchemaError> {
        let opening = SchemaError::database("opening the scratch database");
        let mut session = Session::to_write(url).await.map_err(opening)?;
        let schema = match session.run(&self.text).await {
            Ok(()) => schema::read(&mut session)
                .await
                .map_err(SchemaError::database("reading the declared schema")),
            Err((done, error)) => Err(self.refused(session.dialect(), done, &error)),
        };
        session.close().await;
        schema
    }

    /// What the database said after so many statements.
    fn refused(&self, dialect: Dialect, done: usize, error: &sqlx::Error) -> SchemaError {
        let statements = lexer::statements(&self.text, dialect);
        let statement = statements.get(done);
        let text = statement.and_then(|found| self.text.get(found.start..found.end));
        let line = position(error).map(|position| lexer::line_of(&self.text, position));
        SchemaError::Desired {
            file: self.file.clone(),
            line: line.or(statement.map(|statement| statement.line)),
            cause: format!("{}; in: {}", cause(error), beginning(text.unwrap_or_default())),
        }
    }
}

/// Brings up a declared schema, plain `CREATE` statements, on an empty scratch database and reads it.
///
/// # Errors
///
/// [`SchemaError`] with what the database says of a statement that it refuses.
pub async fn declare(url: &DatabaseUrl, statements: &str) -> Result<Schema, SchemaError> {
    let (file, text) = ("of the declared schema".to_owned(), statements.to_owned().into());
    DesiredSchema { file, text }.bring_up(url).await
}

/// The name of a dialect's file.
fn file(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "postgres.sql",
        Dialect::Sqlite => "sqlite.sql",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_schema_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        for (text, why) in [
            ("CREATE TABLE a (b text);\nCOMMIT;\n", "line 2: COMMIT has no place in a schema"),
            ("CREATE TABLE a (b text);\r\n", "carriage return"),
            ("\n", "it is empty"),
        ] {
            fs::write(folder.path().join("sqlite.sql"), text).expect("a file");
            let error = DesiredSchema::from_folder(folder.path(), Dialect::Sqlite).expect_err(text);
            assert!(error.to_string().contains(why), "{error}");
        }
        let error =
            DesiredSchema::from_folder(folder.path(), Dialect::Postgres).expect_err("no file");
        assert!(error.to_string().contains("postgres.sql: cannot be read"), "{error}");
    }
}
