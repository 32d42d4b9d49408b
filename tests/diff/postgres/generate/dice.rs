//! Chance, the same from the same seed.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// Where every choice comes from.
#[derive(Debug)]
pub(in crate::postgres) struct Dice(StdRng);

impl Dice {
    pub(in crate::postgres) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// Whether something happens that happens so often of a hundred.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.0.random_range(0..100) < percent
    }

    /// A number below another, which is not zero.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0.random_range(0..limit)
    }

    /// One of several; there is at least one.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// One of several, or none where there are none.
    pub(super) fn any<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| self.pick(from).clone())
    }

    /// So many of several, in a random order; fewer where there are not so many.
    pub(super) fn some<T: Clone>(&mut self, from: &[T], number: usize) -> Vec<T> {
        let mut left = from.to_vec();
        let mut chosen = Vec::new();
        while chosen.len() < number && !left.is_empty() {
            chosen.push(left.remove(self.below(left.len())));
        }
        chosen
    }
}
