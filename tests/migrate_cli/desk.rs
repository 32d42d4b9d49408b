//! Where somebody works on the schema: migrations, the declared schema beside them, and a server to draft on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::fixture::Files;
use testkit::Database;
use testkit::cli::{Run, run};
use testkit::database::admin_url;

/// What the migrations of [`Files::library`] make, on both databases.
const LIBRARY: &str = "\
CREATE TABLE books (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    author text
);
CREATE INDEX books_title_idx ON books (title);
";

#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) files: Files,
    schema: TempDir,
}

impl Desk {
    /// The library, and its schema as it is.
    pub(crate) fn library() -> Self {
        let desk = Self { files: Files::library(), schema: TempDir::new().expect("a temp folder") };
        desk.declare("postgres", LIBRARY);
        desk.declare("sqlite", LIBRARY);
        desk
    }

    /// The library's schema, and no migration.
    pub(crate) fn without_migrations() -> Self {
        Self { files: Files::none(), ..Self::library() }
    }

    pub(crate) fn schema(&self) -> &str {
        self.schema.path().to_str().expect("UTF-8")
    }

    pub(crate) fn declare(&self, dialect: &str, text: &str) {
        let path = self.schema.path().join(format!("{dialect}.sql"));
        std::fs::write(path, text).expect("a schema");
    }

    /// Changes the declared schema of one dialect.
    #[track_caller]
    pub(crate) fn edit_one(&self, dialect: &str, from: &str, to: &str) {
        let path = self.schema.path().join(format!("{dialect}.sql"));
        let text = std::fs::read_to_string(&path).expect("a schema");
        assert!(text.contains(from), "{from} is not in\n{text}");
        std::fs::write(path, text.replace(from, to)).expect("a schema");
    }

    /// Changes the declared schema of both.
    #[track_caller]
    pub(crate) fn edit(&self, from: &str, to: &str) {
        self.edit_one("postgres", from, to);
        self.edit_one("sqlite", from, to);
    }

    /// `taskmanager migrate diff ARGUMENTS`, with a server.
    pub(crate) fn diff(&self, arguments: &[&str]) -> Run {
        self.diff_with(arguments, &[("REHEARSAL_DATABASE_URL", &admin_url())])
    }

    /// The same, with these variables.
    pub(crate) fn diff_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        let folders = ["--migrations", self.files.path(), "--schema", self.schema()];
        run(&[&["migrate", "diff"], arguments, &folders].concat(), variables)
    }

    /// `taskmanager migrate ARGUMENTS`, with these migrations and this schema.
    pub(crate) fn migrate(&self, database: &Database, arguments: &[&str]) -> Run {
        let arguments = [arguments, &["--schema", self.schema()]].concat();
        self.files.migrate(database, &arguments)
    }

    /// Every migration file, by its path below the folder, with its text.
    pub(crate) fn written(&self) -> BTreeMap<String, String> {
        let root = Path::new(self.files.path());
        let folders = ["postgres", "sqlite"].map(|dialect| root.join(dialect));
        let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).expect("one"));
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let read = |path: PathBuf| {
            let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).expect("a migration"))
        };
        paths.map(read).collect()
    }
}
