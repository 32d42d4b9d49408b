use schemakeep_db::DbError;

/// Why a schema was not read or made.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// The desired schema cannot be read or made.
    #[error("declared schema {file}{}: {cause}", line.map(|line| format!(", line {line}")).unwrap_or_default())]
    Desired {
        /// As people are shown it.
        file: String,
        /// From 1, where one is to blame.
        line: Option<usize>,
        cause: String,
    },
    /// The database cannot be worked with.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl SchemaError {
    /// Gives a driver's error its context.
    pub fn database(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |error| Self::Db(DbError::database(doing)(error))
    }
}
