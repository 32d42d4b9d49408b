/// Which SQL a database speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL 13 and later.
    Postgres,
    /// SQLite, as compiled into this program.
    Sqlite,
}

crate::serialize_as_str!(Dialect);

impl Dialect {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }

    /// Its name for programs: `postgres` or `sqlite`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }

    /// A text as a literal, whatever `standard_conforming_strings` says.
    #[must_use]
    pub fn quoted(self, text: &str) -> String {
        // Neither database takes a NUL in a text.
        let text = text.replace('\0', "").replace('\'', "''");
        if self == Self::Postgres && text.contains('\\') {
            format!("E'{}'", text.replace('\\', "\\\\"))
        } else {
            format!("'{text}'")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn quotes_literals() {
        assert_eq!(Dialect::Postgres.quoted("it's"), "'it''s'");
        assert_eq!(Dialect::Postgres.quoted("a\\'b"), "E'a\\\\''b'");
        assert_eq!(Dialect::Sqlite.quoted("a\\'b\0"), "'a\\''b'");
    }
}
