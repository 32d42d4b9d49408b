//! From a schema to another and back, by files that the lint lets through and the runner runs.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use rstest::rstest;
use schemakeep::diff::{compare, draft};

use super::generator::{Model, TABLES};
use super::mutator::{mutate, statements};
use super::world::{World, declared};

const TRIPS: u64 = 300;

/// What became of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trip {
    ThereAndBack,
    /// There, and no way back.
    There,
    /// No migration can be written that keeps the data.
    Unwritable,
}

fn pair(seed: u64) -> (String, String) {
    let rng = &mut StdRng::seed_from_u64(seed);
    let count = rng.random_range(1..5);
    let from = Model::new(rng, &TABLES[..count]);
    // Two of three are related.
    let to = if seed.is_multiple_of(3) {
        let first = rng.random_range(count.saturating_sub(1)..=count);
        Model::new(rng, &TABLES[first..TABLES.len().min(first + 4)])
    } else {
        mutate(rng, &from)
    };
    (statements(rng, &from), statements(rng, &to))
}

async fn trip(seed: u64) -> Trip {
    let (from_sql, to_sql) = pair(seed);
    let (from, to) = (declared(&from_sql).await, declared(&to_sql).await);
    let told = format!("seed {seed}\n--- from\n{from_sql}\n--- to\n{to_sql}");
    let draft = match draft(&from, &to, &[]) {
        Ok(draft) => draft,
        Err(error) => {
            assert!(error.why.starts_with("it takes no null"), "{error}\n{told}");
            return Trip::Unwritable;
        }
    };
    let differences = compare(&to, &from);
    assert_eq!(draft.steps.is_empty(), differences.is_empty(), "{differences:?}\n{told}");
    let world = World::of(&from_sql).await;
    assert_eq!(compare(&from, &world.schema().await), [], "{told}");
    world.take(&draft);
    let told = format!("{told}\n--- draft\n{draft:#?}");
    assert_eq!(world.findings(), (vec![], vec![]), "{told}");
    world.up().await.unwrap_or_else(|error| panic!("{error}\n{told}"));
    let reached = world.schema().await;
    assert_eq!(compare(&to, &reached), [], "{told}");
    assert_eq!(reached, to, "{told}");
    if draft.steps.iter().any(|step| step.irreversible.is_some()) {
        return Trip::There;
    }
    world.down().await.unwrap_or_else(|error| panic!("{error}\n{told}"));
    let back = world.schema().await;
    assert_eq!(compare(&from, &back), [], "{told}");
    assert_eq!(back, from, "{told}");
    Trip::ThereAndBack
}

/// A third of them; the three run side by side.
#[rstest]
#[case::first(0)]
#[case::second(1)]
#[case::third(2)]
#[tokio::test]
async fn three_hundred_pairs_go_there_and_back(#[case] part: u64) {
    let (mut back, mut there, mut unwritable) = (0, 0, 0);
    let mut seed = part * 10_000;
    while back < TRIPS / 3 {
        match trip(seed).await {
            Trip::ThereAndBack => back += 1,
            Trip::There => there += 1,
            Trip::Unwritable => unwritable += 1,
        }
        seed += 1;
    }
    println!("{back} there and back, {there} only there, {unwritable} unwritable");
    assert!(there * 10 < back, "{there} cannot be undone, {back} can");
    assert!(unwritable * 10 < back, "{unwritable} cannot be written, {back} can");
}
