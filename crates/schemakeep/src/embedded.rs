//! The migrations that the program carries, or that a folder holds.
//!
//! Both come through the same rules (`files`, `directives`), and the checksums are those that sqlx
//! computes, so `sqlx migrate info` and this program agree.

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha384};
use sqlx::migrate::{MigrationType, Migrator};

use super::MigrateError;
use super::directives::{Compat, Directives};
use super::files::{self, Direction, Pair};
use super::required::RequiredTable;

/// One step of the schema, forward and back.
#[derive(Clone, Debug)]
pub struct Migration {
    /// The moment of its making, `YYYYMMDDHHMMSS`, as a number.
    pub version: i64,
    /// What it does, as sqlx writes it: `create tasks`.
    pub description: String,
    /// Text of the up file.
    pub up_sql: Arc<str>,
    /// Text of the down file.
    pub down_sql: Arc<str>,
    /// SHA-384 of the up file.
    pub checksum: Vec<u8>,
    /// What the top of the up file declares.
    pub directives: Directives,
    /// What the top of the down file declares.
    pub down_directives: Directives,
    /// Why it cannot be undone, when its down file says so.
    pub irreversible: Option<String>,
}

impl Migration {
    fn new(pair: Pair) -> Result<Self, String> {
        let at = |direction: &str, rule: String| {
            format!("{}_{}.{direction}.sql: {rule}", pair.version, pair.name)
        };
        let directives = Directives::parse(&pair.up).map_err(|rule| at("up", rule))?;
        let down = Directives::parse(&pair.down).map_err(|rule| at("down", rule))?;
        Ok(Self {
            version: pair.version,
            description: pair.name.replace('_', " "),
            checksum: Sha384::digest(&pair.up).to_vec(),
            up_sql: pair.up.into(),
            down_sql: pair.down.into(),
            directives,
            irreversible: down.irreversible.clone(),
            down_directives: down,
        })
    }

    /// Name of the up file.
    #[must_use]
    pub fn up_file(&self) -> String {
        self.file(Direction::Up)
    }

    /// Name of the down file.
    #[must_use]
    pub fn down_file(&self) -> String {
        self.file(Direction::Down)
    }

    fn file(&self, direction: Direction) -> String {
        format!(
            "{}_{}.{}.sql",
            self.version,
            self.description.replace(' ', "_"),
            direction.as_str()
        )
    }

    /// Whether this is the checksum of the up file as another checkout may have it, with other line
    /// ends and nothing else changed.
    #[must_use]
    pub fn differs_in_line_ends_only(&self, checksum: &[u8]) -> bool {
        let lf = self.up_sql.replace("\r\n", "\n");
        let crlf = lf.replace('\n', "\r\n");
        checksum != self.checksum
            && [lf, crlf].iter().any(|text| Sha384::digest(text).as_slice() == checksum)
    }

    /// Whether a program without this migration can work with its outcome; `None` when undeclared.
    #[must_use]
    pub fn compat(&self) -> Option<Compat> {
        self.directives.compat
    }
}

/// Migrations in the order of their versions, and the tables that a program needs after the last.
#[derive(Clone, Debug)]
pub struct MigrationSet {
    migrations: Vec<Migration>,
    required: &'static [RequiredTable],
}

impl MigrationSet {
    /// The migrations that `sqlx::migrate!` compiled into a program, which needs these tables after the last.
    ///
    /// # Errors
    ///
    /// [`MigrateError::Files`], with every file and rule broken.
    pub fn from_sqlx(
        migrator: &Migrator,
        required: &'static [RequiredTable],
    ) -> Result<Self, MigrateError> {
        let down = |version| {
            let is_down = |other: &&sqlx::migrate::Migration| {
                other.version == version && other.migration_type == MigrationType::ReversibleDown
            };
            migrator.iter().find(is_down).map(|other| other.sql.as_str().to_owned())
        };
        let ups = migrator.iter().filter(|m| m.migration_type == MigrationType::ReversibleUp);
        let pairs = ups.map(|up| {
            Ok::<_, Vec<String>>(Pair {
                version: up.version,
                name: up.description.replace(' ', "_"),
                up: up.sql.as_str().to_owned(),
                down: down(up.version)
                    .ok_or_else(|| vec![format!("{} has no down file", up.version)])?,
            })
        });
        let pairs = pairs.collect::<Result<Vec<_>, Vec<String>>>().map_err(MigrateError::files)?;
        Self::from_pairs(pairs, required)
    }

    /// The migrations in a folder, for a program that needs no table.
    ///
    /// # Errors
    ///
    /// [`MigrateError::Files`], with every file and rule broken.
    pub fn from_directory(folder: &Path) -> Result<Self, MigrateError> {
        Self::from_pairs(files::read_folder(folder).map_err(MigrateError::files)?, &[])
    }

    /// Migrations in the order of their versions.
    ///
    /// # Errors
    ///
    /// [`MigrateError::Files`], with every directive that is wrong.
    pub(super) fn from_pairs(
        pairs: Vec<Pair>,
        required: &'static [RequiredTable],
    ) -> Result<Self, MigrateError> {
        let (mut migrations, mut problems) = (Vec::new(), Vec::new());
        for pair in pairs {
            match Migration::new(pair) {
                Ok(migration) => migrations.push(migration),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            Ok(Self { migrations, required })
        } else {
            Err(MigrateError::files(problems))
        }
    }

    /// These migrations, and newer ones whose files need not be there yet.
    ///
    /// # Errors
    ///
    /// [`MigrateError::Files`], with every directive that is wrong.
    pub(super) fn and(&self, newer: Vec<Pair>) -> Result<Self, MigrateError> {
        let newer = Self::from_pairs(newer, self.required)?;
        let migrations = self.migrations.iter().chain(&newer.migrations).cloned().collect();
        Ok(Self { migrations, required: self.required })
    }

    /// The same migrations, for a program that needs these tables.
    #[must_use]
    pub fn requiring(self, required: &'static [RequiredTable]) -> Self {
        Self { required, ..self }
    }

    /// Whether all migrations of another set are among these, unchanged.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        other.migrations.iter().all(|migration| {
            self.get(migration.version).is_some_and(|found| found.checksum == migration.checksum)
        })
    }

    /// The migrations, lowest version first.
    #[must_use]
    pub fn migrations(&self) -> &[Migration] {
        &self.migrations
    }

    /// The tables and columns that must be there when all is applied.
    #[must_use]
    pub fn required(&self) -> &'static [RequiredTable] {
        self.required
    }

    /// The migration of this version.
    #[must_use]
    pub fn get(&self, version: i64) -> Option<&Migration> {
        self.migrations.iter().find(|migration| migration.version == version)
    }
}
