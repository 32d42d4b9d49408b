//! Three hundred pairs of schemas: the draft leads from the first to the second and back, and the linter has
//! nothing against its files.
//!
//! A seed's test is named after it: that of 137 is `postgres::round_trip::pair::tens_14_13::ones_08_7`.

use rstest::rstest;
use schemakeep::diff::{compare, draft};

use super::catalogue;
use super::generate::{self, Pair};
use super::place::{self, Place};
use super::trip::{Trip, same};

/// Of every so many seeds one goes step by step, and back so.
const BY_STEP: u64 = 10;

#[rstest]
#[tokio::test]
async fn pair(
    #[values(
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
        25, 26, 27, 28, 29
    )]
    tens: u64,
    #[values(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)] ones: u64,
) {
    let seed = 10 * tens + ones;
    let pair = Pair::of(seed);
    let place = Place::take().await;
    if let Err(problem) = travel(&place, &pair, seed).await {
        let Pair { from, to, renames } = pair;
        panic!(
            "seed {seed}: {problem}\n==== from\n{from}\n==== to\n{to}\n==== renames {renames:?}"
        );
    }
    place.give_back().await;
}

async fn travel(place: &Place, pair: &Pair, seed: u64) -> Result<(), String> {
    let to = place.declared(&pair.to).await;
    let wanted = place.wanted().await;
    let from = place.begun(&pair.from).await;
    let before = place.everything().await;
    let draft = draft(&from, &to, &pair.renames).map_err(|error| format!("unwritable: {error}"))?;
    let shown = |problem: String| format!("{problem}\n{}", place::shown(&draft));
    if (before == wanted) != draft.steps.is_empty() {
        let differences = compare(&from, &to);
        return Err(shown(format!("{} steps for {differences:?}", draft.steps.len())));
    }
    let trip = Trip::new(&pair.from, &draft).map_err(shown)?;
    let findings = trip.findings();
    if !findings.is_empty() {
        return Err(shown(format!("lint:\n{}", findings.join("\n"))));
    }
    trip.begin(place).await;
    if seed.is_multiple_of(BY_STEP) {
        let stages = trip.there(place, &from, None).await.map_err(shown)?;
        same("after all steps", &to, &stages[stages.len() - 1]).map_err(shown)?;
        trip.back(place, &stages).await.map_err(shown)?;
    } else {
        trip.up(place).await.map_err(shown)?;
        same("after the way there", &to, &place.now().await).map_err(shown)?;
        let now = place.everything().await;
        catalogue::same("after the way there", &wanted, &now).map_err(shown)?;
        trip.down(place).await.map_err(shown)?;
    }
    if trip.is_reversible() {
        same("after the way back", &from, &place.now().await).map_err(shown)?;
        let now = place.everything().await;
        catalogue::same("after the way back", &before, &now).map_err(shown)?;
    }
    Ok(())
}

/// What the generator makes is refused by no server, and two readings of it are the same.
#[rstest]
#[tokio::test]
async fn a_schema_made_up_is_one_and_reads_the_same_twice(#[values(0, 1, 2, 3)] part: u64) {
    let place = Place::take().await;
    for seed in (0..40).filter(|seed| seed % 4 == part) {
        let sql = generate::schema(1000 + seed);
        let one = place.declared(&sql).await;
        let two = place.begun(&sql).await;
        assert_eq!(one, two, "seed {seed}\n{sql}");
        assert_eq!(compare(&one, &two), [], "seed {seed}\n{sql}");
    }
    place.give_back().await;
}

/// The others lead back to exactly what was before, which [`pair`] shows.
#[tokio::test]
async fn few_steps_cannot_be_undone() {
    let place = Place::take().await;
    let (mut steps, mut stuck) = (0, 0);
    for seed in (0..300).step_by(5) {
        let pair = Pair::of(seed);
        let (to, from) = (place.declared(&pair.to).await, place.begun(&pair.from).await);
        let draft = draft(&from, &to, &pair.renames).unwrap();
        steps += draft.steps.len();
        stuck += draft.steps.iter().filter(|step| step.irreversible.is_some()).count();
    }
    assert!(steps > 500 && 20 * stuck < steps, "{stuck} of {steps} steps have no way back");
    place.give_back().await;
}
