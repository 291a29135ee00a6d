//! What is sent: the same to every lane, each with its policy; and what the server has counted.

use std::time::{Duration, UNIX_EPOCH};

use actix_web::rt;
use roomcast::{EmitError, prelude::*};

use crate::lane::{Early, Last, Late, Policy, Tick, Vital};

/// The room of those who are told what the server counts.
pub(crate) const COUNTS: &str = "counts";

/// 50 KB a second to each client.
const EVERY: Duration = Duration::from_millis(20);
const FILLING: usize = 950; // bytes

const COUNTED_EVERY: u64 = 25; // ticks

/// What the server has done to slow clients since it was started.
#[derive(Serialize, Event)]
struct Counts {
    close: u64,
    drop_newest: u64,
    drop_oldest: u64,
    latest: u64,
    volatile: u64,
}

pub(crate) async fn run(hub: Hub) {
    let filling = "x".repeat(FILLING);
    let mut ticks = rt::time::interval(EVERY);
    for n in 1.. {
        ticks.tick().await;
        let tick = Tick {
            n,
            at: UNIX_EPOCH.elapsed().unwrap_or_default().as_millis(),
            filling: &filling,
        };
        // Only a worker that has too much waiting takes no more; its clients miss this one.
        let _ = Policy::ALL
            .iter()
            .try_for_each(|policy| emit(&hub, *policy, &tick));
        if n % COUNTED_EVERY == 0 {
            let _ = hub.to(COUNTS).emit(&counts(&hub));
        }
    }
}

fn emit(hub: &Hub, policy: Policy, tick: &Tick<'_>) -> Result<(), EmitError> {
    let lane = hub.to(policy.room());
    match policy {
        Policy::Close => lane.emit(&Vital(tick)),
        Policy::DropNewest => lane.emit(&Early(tick)),
        Policy::DropOldest => lane.emit(&Late(tick)),
        Policy::Latest => lane.emit(&Last(tick)),
        Policy::Volatile => lane.volatile().emit(&Vital(tick)),
    }
}

fn counts(hub: &Hub) -> Counts {
    let stats = hub.stats();
    Counts {
        close: stats.closed_slow,
        drop_newest: stats.dropped_newest,
        drop_oldest: stats.dropped_oldest,
        latest: stats.replaced_latest,
        volatile: stats.dropped_volatile,
    }
}
