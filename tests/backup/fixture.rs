//! A database, a folder for its backups, and the program run on both.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use testkit::cli::{Run, run};
use testkit::{Backend, Database, Server};

/// A database of the program's schema, and a folder that is not there yet.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) database: Database,
    outer: TempDir,
}

impl Place {
    pub(crate) async fn new(on: Backend) -> Self {
        let place = Self::empty(on).await;
        let url = [("DATABASE_URL", place.database.url.as_str())];
        run(&["migrate", "up"], &url).expect(0);
        place
    }

    /// Without any table.
    pub(crate) async fn empty(on: Backend) -> Self {
        let outer = TempDir::new().expect("a temp folder");
        Self { database: Database::empty(on).await, outer }
    }

    /// The folder for the backups.
    pub(crate) fn folder(&self) -> PathBuf {
        self.outer.path().join("backups")
    }

    pub(crate) fn variables<'a>(&'a self, folder: &'a str) -> Vec<(&'static str, &'a str)> {
        vec![("DATABASE_URL", &self.database.url), ("BACKUP_DIR", folder)]
    }

    /// `taskmanager backup ARGUMENTS`, with these variables beside.
    pub(crate) fn with(&self, arguments: &[&str], more: &[(&str, &str)]) -> Run {
        let folder = self.folder().display().to_string();
        let mut variables = self.variables(&folder);
        variables.extend(more);
        run(&[&["backup"], arguments].concat(), &variables)
    }

    /// `taskmanager backup ARGUMENTS`.
    pub(crate) fn backup(&self, arguments: &[&str]) -> Run {
        self.with(arguments, &[])
    }

    /// The same as a child process, not waited for.
    pub(crate) fn spawn(&self, arguments: &[&str], more: &[(&str, &str)]) -> Server {
        let folder = self.folder().display().to_string();
        let mut variables = self.variables(&folder);
        variables.extend(more);
        Server::spawn_with(&[&["backup"], arguments].concat(), &variables)
    }

    /// A backup; returns its path.
    #[track_caller]
    pub(crate) fn create(&self) -> PathBuf {
        let made = document(&self.backup(&["create", "--quick", "--json"]).expect(0));
        PathBuf::from(made["path"].as_str().expect("a path"))
    }

    /// The entries of `backup list --json`.
    #[track_caller]
    pub(crate) fn list(&self) -> Vec<Value> {
        let listed = self.backup(&["list", "--json"]).expect(0).json();
        listed["backups"].as_array().expect("a list").clone()
    }

    /// The names in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        names(&self.folder())
    }

    pub(crate) async fn execute(&self, sql: &str) {
        let mut side = self.database.connect().await;
        side.execute(sql).await;
        side.close().await;
    }

    pub(crate) async fn integer(&self, sql: &str) -> i64 {
        let mut side = self.database.connect().await;
        let found = side.integer(sql).await;
        side.close().await;
        found
    }

    /// A table of this many rows, about 120 bytes each.
    pub(crate) async fn fill(&self, rows: u32) {
        self.execute("CREATE TABLE filler (id bigint PRIMARY KEY, words text NOT NULL)").await;
        let words = "'a row of the filler table, number ' || i || ', with some words that take up room, \
                     and some more of them to make a hundred bytes of it'";
        let sql = match self.database.backend() {
            Backend::Sqlite => format!(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) \
                 INSERT INTO filler SELECT i, {words} FROM n"
            ),
            Backend::Postgres => {
                format!("INSERT INTO filler SELECT i, {words} FROM generate_series(1, {rows}) i")
            }
        };
        self.execute(&sql).await;
    }
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.expect("an entry").file_name().to_string_lossy().into_owned()
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

/// Standard output as one JSON document.
#[track_caller]
pub(crate) fn document(run: &Run) -> Value {
    let read = serde_json::from_str(&run.stdout);
    read.unwrap_or_else(|error| panic!("no single document ({error}): {run:#?}"))
}

/// The manifest beside a backup.
pub(crate) fn manifest_path(backup: &Path) -> PathBuf {
    PathBuf::from(format!("{}.json", backup.display()))
}

#[track_caller]
pub(crate) fn manifest(backup: &Path) -> Value {
    let text = std::fs::read_to_string(manifest_path(backup)).expect("a manifest");
    serde_json::from_str(&text).expect("a document")
}
