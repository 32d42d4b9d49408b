//! The declared schema: plain `CREATE` statements, a file a dialect, the state that all migrations together must
//! reach. Only scratch databases ever see it.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use super::error::cause;
use super::failure::{beginning, position};
use super::files::check_text;
use super::schema::{self, Schema};
use super::scratch::Scratch;
use super::session::Session;
use super::{Dialect, MigrateError, scan};

/// The statements of one dialect, and where they are from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The file's name, as people are shown it.
    pub file: String,
    /// Its text.
    pub text: Cow<'static, str>,
}

impl Declared {
    /// What was compiled into this program.
    #[must_use]
    pub fn embedded(dialect: Dialect) -> Self {
        let text = match dialect {
            Dialect::Postgres => include_str!("../../schema/postgres.sql"),
            Dialect::Sqlite => include_str!("../../schema/sqlite.sql"),
        };
        Self { file: format!("schema/{}", file(dialect)), text: Cow::Borrowed(text) }
    }

    /// The file of a folder: `postgres.sql` or `sqlite.sql`.
    ///
    /// # Errors
    ///
    /// [`MigrateError::Declared`]: it is not there, is no text, or would end the transaction that it is run in.
    pub fn from_folder(folder: &Path, dialect: Dialect) -> Result<Self, MigrateError> {
        let path = folder.join(file(dialect));
        let file = path.display().to_string();
        let refused = |line, cause| MigrateError::Declared { file: file.clone(), line, cause };
        let bytes = fs::read(&path);
        let bytes = bytes.map_err(|error| refused(None, format!("cannot be read: {error}")))?;
        let text = check_text(bytes).map_err(|rule| refused(None, rule.to_owned()))?;
        if let Some((line, statement)) = scan::forbidden(&text, dialect) {
            return Err(refused(Some(line), format!("{statement} has no place in a schema")));
        }
        Ok(Self { file, text: Cow::Owned(text) })
    }

    /// Makes it on an empty scratch database and reads it.
    ///
    /// # Errors
    ///
    /// [`MigrateError`] with what the database says of a statement that it refuses.
    pub async fn bring_up(&self, scratch: &Scratch) -> Result<Schema, MigrateError> {
        let opening = MigrateError::database("opening the scratch database");
        let mut session = Session::to_write(scratch.url()).await.map_err(opening)?;
        let schema = match session.run(&self.text).await {
            Ok(()) => schema::read(&mut session)
                .await
                .map_err(MigrateError::database("reading the declared schema")),
            Err((done, error)) => Err(self.refused(session.dialect(), done, &error)),
        };
        session.close().await;
        schema
    }

    /// What the database said after so many statements.
    fn refused(&self, dialect: Dialect, done: usize, error: &sqlx::Error) -> MigrateError {
        let statements = scan::statements(&self.text, dialect);
        let statement = statements.get(done);
        let text = statement.and_then(|found| self.text.get(found.start..found.end));
        let line = position(error).map(|position| scan::line_of(&self.text, position));
        MigrateError::Declared {
            file: self.file.clone(),
            line: line.or(statement.map(|statement| statement.line)),
            cause: format!("{}; in: {}", cause(error), beginning(text.unwrap_or_default())),
        }
    }
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
    fn the_embedded_ones_are_those_of_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            let read = Declared::from_folder(&folder, dialect).expect("a file");
            assert_eq!(read.text, Declared::embedded(dialect).text);
        }
    }

    #[test]
    fn what_is_no_schema_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        for (text, why) in [
            ("CREATE TABLE a (b text);\nCOMMIT;\n", "line 2: COMMIT has no place in a schema"),
            ("CREATE TABLE a (b text);\r\n", "carriage return"),
            ("\n", "it is empty"),
        ] {
            fs::write(folder.path().join("sqlite.sql"), text).expect("a file");
            let error = Declared::from_folder(folder.path(), Dialect::Sqlite).expect_err(text);
            assert!(error.to_string().contains(why), "{error}");
        }
        let error = Declared::from_folder(folder.path(), Dialect::Postgres).expect_err("no file");
        assert!(error.to_string().contains("postgres.sql: cannot be read"), "{error}");
    }
}
