//! Series of faults under load, each verified at its end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rstest::rstest;
use serde_json::json;
use tokio::task::JoinSet;

use crate::clients::{Load, Worker};
use crate::faults::{choose, inject};
use crate::stage::Stage;
use crate::verify::{assert_file_is_sound, verify};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Api, Outbox, Recorder, WITHIN, until};

/// In `make test`, on each database.
const FAULTS: u64 = 60;
const SECONDS: u64 = 15;
/// After so many faults everything is looked at.
const SERIES: u64 = 50;
const WORKERS: u64 = 6;
/// Pause of a client between two requests: a long run must not have more events than the service keeps (100,000).
const PACE_LONG: Duration = Duration::from_millis(60);
const PACE_SHORT: Duration = Duration::from_millis(5);

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost(#[values(Sqlite, Postgres)] on: Backend) {
    let faults = variable("CHAOS_FAULTS").unwrap_or(FAULTS);
    let seconds = Duration::from_secs(variable("CHAOS_SECONDS").unwrap_or(SECONDS));
    let seed = variable("CHAOS_SEED").unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let pace = if seconds > Duration::from_mins(1) { PACE_LONG } else { PACE_SHORT };
    println!("{on:?}: CHAOS_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut stage = Stage::set(on).await;
    if stage.disk.is_none() {
        println!("{on:?}: nothing may be mounted here, so no disk is filled");
    }
    let recorder = Recorder::start(&stage.base()).await;
    let begun = Instant::now();
    let mut counts = BTreeMap::<String, (usize, Duration)>::new();
    let (mut injected, mut acknowledged) = (0, 0);
    while injected < faults && begun.elapsed() < seconds {
        let series = usize::try_from(injected / SERIES).expect("a few");
        let shared = shared_task(&stage).await;
        let load = Load::new(series, stage.port, pace);
        let mut workers = JoinSet::new();
        for _ in 0..WORKERS {
            workers.spawn(Worker::new(&load, random.random()).run());
        }
        load.goes_on("the start").await;
        let mut last = "the start".to_owned();
        for _ in 0..SERIES.min(faults - injected) {
            if begun.elapsed() > seconds {
                break;
            }
            load.goes_on_for(random.random_range(0..6), &last).await;
            let fault = choose(&stage, &mut random);
            last = format!("fault {injected} of CHAOS_SEED={seed}: {fault:?}");
            let before = Instant::now();
            inject(fault, &mut stage, &load, &mut random, shared).await;
            injected += 1;
            load.goes_on(&last).await;
            let (times, longest) = counts.entry(format!("{fault:?}")).or_default();
            *times += 1;
            *longest = before.elapsed().max(*longest);
        }
        stage.proxy.delay(Duration::ZERO);
        load.stop.cancel();
        while let Some(ended) = workers.join_next().await {
            ended.expect("a client that ends well");
        }
        let verified = verify(&stage, &load, &recorder, shared).await;
        verified.unwrap_or_else(|error| panic!("after {last}:\n{error}"));
        acknowledged += load.acknowledged();
    }
    assert_file_is_sound(&stage).await;
    println!(
        "{on:?}: {injected} faults in {:.0} s, {acknowledged} acknowledged writes; \
         how many of each, and the longest until the next write: {counts:.1?}",
        begun.elapsed().as_secs_f64()
    );
}

/// Makes the task that clients which hang up may change; its number is the first of a series.
async fn shared_task(stage: &Stage) -> i64 {
    let api = Api::new(&stage.base());
    until("a task to be made", WITHIN, async || {
        let call = api.call("POST", "/tasks").json(&json!({"title": "shared"}));
        let answer = call.try_send().await.ok()?;
        (answer.status == 201).then(|| answer.json()["number"].as_i64()).flatten()
    })
    .await
}

/// Tasks and events of a series, by the number of its first task.
pub(crate) async fn outbox_since(stage: &Stage, first: i64) -> Outbox {
    let mut outbox = Outbox::read(&mut stage.connect().await).await;
    outbox.since(first);
    outbox
}
