//! Schemas made up at random, in pairs, the same from the same seed.
//!
//! Every name stands for one family of types, so that a column of two schemas can always be cast from one to the
//! other. Expressions hold `{0}` in place of a column's name, so that it can be renamed.

mod choices;
mod dice;
mod grow;
mod model;
mod mutate;
mod repair;
mod write;

use schemakeep::diff::Rename;

pub(super) use self::dice::Dice;
use self::model::Model;

/// What to start from and where to go, declared in SQL, and what is renamed on the way.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) renames: Vec<Rename>,
}

/// How often the second schema has nothing to do with the first, of a hundred.
const UNRELATED: u32 = 15;
/// How many edits lead to the second schema, at most.
const EDITS: usize = 8;

impl Pair {
    /// The pair of a seed.
    pub(super) fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let from = grow::model(&mut dice);
        let (to, renames) = if dice.chance(UNRELATED) {
            let mut to = grow::model(&mut dice);
            mutate::writable(&from, &mut to);
            (to, Vec::new())
        } else {
            let edits = 1 + dice.below(EDITS);
            mutate::model(&mut dice, &from, edits)
        };
        Self { from: from.to_string(), to: to.to_string(), renames }
    }
}

/// A schema alone.
pub(super) fn schema(seed: u64) -> String {
    let model: Model = grow::model(&mut Dice::new(seed));
    model.to_string()
}
