//! The faults: each breaks something for a moment, and fixes it.

use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;
use tokio::time::sleep;

use crate::clients::{Load, hang_up};
use crate::stage::Stage;
use testkit::Backend;
use testkit::postgres::Stop;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Ten clients hang up.
    HangUp,
    /// Every connection through the proxy is reset.
    Cut,
    /// Nothing passes the proxy for a while.
    Hold,
    /// What passes the proxy takes another time from now on.
    Delay,
    FreezeService,
    /// `kill -9`.
    KillService,
    /// `kill -15`: it ends by itself.
    StopService,
    FreezeServer,
    /// `kill -9` of all its processes.
    KillServer,
    RestartServer,
    FillDisk,
}

use Fault::{
    Cut, Delay, FillDisk, FreezeServer, FreezeService, HangUp, Hold, KillServer, KillService,
    RestartServer, StopService,
};

/// Faults with their weights.
const OF_POSTGRES: [(Fault, u32); 11] = [
    (HangUp, 34),
    (Cut, 18),
    (Hold, 10),
    (Delay, 8),
    (FreezeService, 8),
    (KillService, 7),
    (StopService, 1),
    (FreezeServer, 5),
    (KillServer, 4),
    (RestartServer, 2),
    (FillDisk, 3),
];
const OF_SQLITE: [(Fault, u32); 8] = [
    (HangUp, 34),
    (Cut, 18),
    (Hold, 10),
    (Delay, 8),
    (FreezeService, 10),
    (KillService, 13),
    (StopService, 2),
    (FillDisk, 5),
];

/// Chooses one that can be had here.
pub(crate) fn choose(stage: &Stage, random: &mut StdRng) -> Fault {
    let all: &[(Fault, u32)] =
        if stage.on == Backend::Postgres { &OF_POSTGRES } else { &OF_SQLITE };
    loop {
        let mut place = random.random_range(0..all.iter().map(|(_, weight)| weight).sum());
        for (fault, weight) in all {
            if place < *weight && (*fault != FillDisk || stage.disk.is_some()) {
                return *fault;
            }
            place = place.saturating_sub(*weight);
        }
    }
}

/// Breaks and fixes. `shared` is a task that clients which hang up may change.
pub(crate) async fn inject(
    fault: Fault,
    stage: &mut Stage,
    load: &Load,
    random: &mut StdRng,
    shared: i64,
) {
    let while_broken = Duration::from_millis(random.random_range(10..250));
    match fault {
        HangUp => hang_up(load, random, shared).await,
        Cut => stage.proxy.cut(),
        Hold => {
            stage.proxy.hold();
            sleep(while_broken).await;
            stage.proxy.resume();
        }
        Delay => stage.proxy.delay(Duration::from_micros(random.random_range(0..3_000))),
        FreezeService => {
            stage.server.signal("STOP");
            sleep(while_broken).await;
            stage.server.signal("CONT");
        }
        KillService => {
            stage.server.signal("KILL");
            assert_eq!(stage.server.exit().await, None);
            stage.restart();
        }
        StopService => {
            stage.server.signal("TERM");
            assert_eq!(stage.server.exit().await, Some(0), "{}", stage.server.output());
            stage.restart();
        }
        FreezeServer => {
            let postgres = stage.postgres.as_ref().expect("a server");
            postgres.freeze();
            sleep(while_broken).await;
            postgres.thaw();
        }
        KillServer => {
            let postgres = stage.postgres.as_mut().expect("a server");
            postgres.kill().await;
            postgres.resume().await;
        }
        RestartServer => {
            let postgres = stage.postgres.as_mut().expect("a server");
            postgres.restart(Stop::Immediate).await;
        }
        FillDisk => {
            stage.fill_disk();
            sleep(while_broken).await;
            stage.empty_disk().await;
        }
    }
}
