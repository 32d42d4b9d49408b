//! A step as the text of its two files: directives, then statements.

use std::fmt::Write as _;

use super::{Running, Step};
use schemakeep_files::files::Direction;

/// What a file says that has nothing to do in its dialect.
const NOTHING: &str = "-- Nothing to do in this dialect.\n";

impl Step {
    /// The text of one of its files.
    #[must_use]
    pub fn text(&self, way: Direction) -> String {
        let script = match way {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        };
        let mut text = String::new();
        text.push_str(match script.running {
            Running::Transaction => "",
            Running::NoTransaction => "-- no-transaction\n",
            Running::Rebuild => "-- rebuild\n",
        });
        match (way, &self.irreversible) {
            (Direction::Up, _) => {
                let _ = writeln!(text, "-- compat: {}", self.compat.as_str());
            }
            (Direction::Down, Some(why)) => {
                let _ = writeln!(text, "-- irreversible: {why}");
            }
            (Direction::Down, None) => {}
        }
        let undoable = way == Direction::Up || self.irreversible.is_none();
        match script.statements.as_slice() {
            [] if undoable => text.push_str(NOTHING),
            statements => text.extend(statements.iter().map(|statement| format!("{statement};\n"))),
        }
        text
    }
}
