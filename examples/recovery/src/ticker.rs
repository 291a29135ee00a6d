//! What there is to miss: a number, twice a second.

use std::time::Duration;

use actix_web::rt;
use roomcast::prelude::*;

/// The room of those who are told.
pub(crate) const ROOM: &str = "ticker";

const EVERY: Duration = Duration::from_millis(500);

#[derive(Serialize, Event)]
struct Tick(u64);

pub(crate) async fn run(hub: Hub) {
    let mut ticks = rt::time::interval(EVERY);
    for n in 1.. {
        ticks.tick().await;
        // A worker with too much waiting does not get this one; its clients will not recover, and start afresh.
        let _ = hub.to(ROOM).emit(&Tick(n));
    }
}
