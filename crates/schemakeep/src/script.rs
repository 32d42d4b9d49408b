//! One file of a migration: its text, its directives and its name, forward or back.

use super::directives::Directives;
use super::embedded::Migration;
use super::files::Way;

/// A migration, in one of its two directions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script<'a> {
    pub(super) migration: &'a Migration,
    pub(super) way: Way,
}

impl<'a> Script<'a> {
    pub(super) fn up(migration: &'a Migration) -> Self {
        Self { migration, way: Way::Up }
    }

    pub(super) fn down(migration: &'a Migration) -> Self {
        Self { migration, way: Way::Down }
    }

    pub(super) fn version(self) -> i64 {
        self.migration.version
    }

    pub(super) fn file(self) -> String {
        match self.way {
            Way::Up => self.migration.up_file(),
            Way::Down => self.migration.down_file(),
        }
    }

    pub(super) fn sql(self) -> &'a str {
        match self.way {
            Way::Up => &self.migration.up_sql,
            Way::Down => &self.migration.down_sql,
        }
    }

    pub(super) fn directives(self) -> &'a Directives {
        match self.way {
            Way::Up => &self.migration.directives,
            Way::Down => &self.migration.down_directives,
        }
    }

    /// The command that goes this way, to this migration's end.
    pub(super) fn command(self) -> &'static str {
        match self.way {
            Way::Up => "taskmanager migrate up",
            Way::Down => "taskmanager migrate down",
        }
    }
}
