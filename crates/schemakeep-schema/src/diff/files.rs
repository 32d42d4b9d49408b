//! The drafts of both dialects as migrations: the same names in both, step beside step in their order.

use super::{Draft, Step};
use schemakeep_db::Dialect;
use schemakeep_files::directives::Compat;
use schemakeep_files::files::{Direction, FileName};

/// A migration to be written: its name, and a step in each dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// What it does, in snake case.
    pub name: String,
    postgres: Step,
    sqlite: Step,
}

impl Planned {
    /// Its step in one dialect; empty where that has nothing to do.
    #[must_use]
    pub fn step(&self, dialect: Dialect) -> &Step {
        match dialect {
            Dialect::Postgres => &self.postgres,
            Dialect::Sqlite => &self.sqlite,
        }
    }

    /// The text of one of its four files.
    #[must_use]
    pub fn text(&self, dialect: Dialect, way: Direction) -> String {
        self.step(dialect).text(way)
    }
}

/// Pairs the steps of both drafts. The first migration has its author's name, those after it the name of their step,
/// PostgreSQL's where both have one.
#[must_use]
pub fn migrations(name: &str, postgres: &Draft, sqlite: &Draft) -> Vec<Planned> {
    let steps = postgres.steps.len().max(sqlite.steps.len());
    let mut planned: Vec<Planned> = Vec::new();
    for at in 0..steps {
        let [ours, theirs] = [postgres, sqlite].map(|draft| draft.steps.get(at));
        let own = ours.or(theirs).map_or("", |step| step.name.as_str());
        let name = match at {
            0 => name.to_owned(),
            _ if fits(own) && planned.iter().all(|other| other.name != own) => own.to_owned(),
            // A table whose name no file can have, or the same step once more.
            _ => format!("{name}_{}", at + 1),
        };
        let [postgres, sqlite] = [ours, theirs].map(|step| step.cloned().unwrap_or_else(nothing));
        planned.push(Planned { name, postgres, sqlite });
    }
    planned
}

fn fits(name: &str) -> bool {
    FileName::parse(&format!("20300101000000_{name}.up.sql")).is_ok()
}

fn nothing() -> Step {
    Step {
        name: String::new(),
        up: super::Script::default(),
        down: super::Script::default(),
        compat: Compat::Additive,
        irreversible: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{Running, Script};

    fn step(name: &str, up: &str) -> Step {
        let script =
            |sql: &str| Script { running: Running::Transaction, statements: vec![sql.to_owned()] };
        let down = script("DROP TABLE a");
        let name = name.to_owned();
        Step { name, up: script(up), down, compat: Compat::Breaking, irreversible: None }
    }

    fn draft(steps: &[Step]) -> Draft {
        Draft { steps: steps.to_vec(), warnings: Vec::new() }
    }

    #[test]
    fn steps_stand_side_by_side_and_what_is_missing_says_so() {
        let postgres =
            draft(&[step("add_a", "ONE"), step("validate_a", "TWO"), step("Ä", "THREE")]);
        let sqlite = draft(&[step("rebuild_a", "ALL")]);
        let planned = migrations("add_labels_to_tasks", &postgres, &sqlite);
        let names: Vec<_> = planned.iter().map(|planned| planned.name.as_str()).collect();
        assert_eq!(names, ["add_labels_to_tasks", "validate_a", "add_labels_to_tasks_3"]);
        let up = |at: usize, dialect| planned[at].text(dialect, Direction::Up);
        assert_eq!(up(0, Dialect::Sqlite), "-- compat: breaking\nALL;\n");
        assert_eq!(up(1, Dialect::Postgres), "-- compat: breaking\nTWO;\n");
        let nothing = "-- Nothing to do in this dialect.\n";
        assert_eq!(up(1, Dialect::Sqlite), format!("-- compat: additive\n{nothing}"));
        assert_eq!(planned[1].text(Dialect::Sqlite, Direction::Down), nothing);
        let other =
            migrations("add_labels", &sqlite, &draft(&[step("a_b", "X"), step("c_d", "Y")]));
        assert_eq!(other[1].name, "c_d");
        let same = draft(&[step("a_b", "X"), step("add_labels", "Y")]);
        assert_eq!(migrations("add_labels", &same, &draft(&[]))[1].name, "add_labels_2");
        assert_eq!(migrations("add_labels", &draft(&[]), &draft(&[])), []);
    }

    #[test]
    fn what_cannot_be_undone_says_only_that() {
        let gone = Step {
            down: Script::default(),
            irreversible: Some("no value is left".into()),
            ..step("drop_a", "ONE")
        };
        assert_eq!(gone.text(Direction::Down), "-- irreversible: no value is left\n");
    }
}
