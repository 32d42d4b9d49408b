//! One file of a migration: its text, its directives and its name, forward or back.

use super::directives::Directives;
use super::embedded::Migration;
use super::files::Direction;

/// A migration, in one of its two directions.
#[derive(Clone, Copy, Debug)]
pub(super) struct MigrationFile<'a> {
    pub(super) migration: &'a Migration,
    pub(super) direction: Direction,
}

impl<'a> MigrationFile<'a> {
    pub(super) fn up(migration: &'a Migration) -> Self {
        Self { migration, direction: Direction::Up }
    }

    pub(super) fn down(migration: &'a Migration) -> Self {
        Self { migration, direction: Direction::Down }
    }

    pub(super) fn version(self) -> i64 {
        self.migration.version
    }

    pub(super) fn file(self) -> String {
        match self.direction {
            Direction::Up => self.migration.up_file(),
            Direction::Down => self.migration.down_file(),
        }
    }

    pub(super) fn sql(self) -> &'a str {
        match self.direction {
            Direction::Up => &self.migration.up_sql,
            Direction::Down => &self.migration.down_sql,
        }
    }

    pub(super) fn directives(self) -> &'a Directives {
        match self.direction {
            Direction::Up => &self.migration.directives,
            Direction::Down => &self.migration.down_directives,
        }
    }

    /// The command that goes this way, to this migration's end.
    pub(super) fn command(self) -> &'static str {
        match self.direction {
            Direction::Up => "taskmanager migrate up",
            Direction::Down => "taskmanager migrate down",
        }
    }
}
