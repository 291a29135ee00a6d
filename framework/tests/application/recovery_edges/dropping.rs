//! What the application drops, and sessions that panic as they go.

use std::time::Duration;

use roomcast::{HubBuilder, Recovery};
use tokio::time::timeout;

use super::{BRIEFLY, World};
use crate::common::until;
use crate::waiting::PATIENCE;
use crate::wire::Wire;

#[actix_web::test]
async fn what_a_kept_session_drops_when_it_expires_may_emit() {
    // Who has gone for good goes with a sweep, and four times this is between them. A client has twice this to come in.
    let moment = Duration::from_millis(500);
    let often = move |hub: HubBuilder| hub.ping_interval(moment).ping_timeout(moment);
    let briefly = Recovery::new().max_disconnection_duration(BRIEFLY);
    let mut world = World::with(often, briefly);
    let mut wire = Wire::open(&world.server).await;
    wire.text(r#"40{"wish":"emit_when_dropped"}"#).await;
    world.socket().await;
    wire.reset();
    let dropped = timeout(PATIENCE, world.dropped.recv()).await;
    assert_eq!(dropped, Ok(Some(true)));
    assert_eq!(world.hub().stats().recovery_saved, 1);
}

#[actix_web::test]
async fn what_a_kept_session_drops_when_it_makes_room_may_emit() {
    let mut world = World::with(|hub| hub, Recovery::new().max_sessions(1));
    world.lost("emit_when_dropped").await;
    world.lost("nothing").await;
    let dropped = timeout(PATIENCE, world.dropped.recv()).await;
    assert_eq!(dropped, Ok(Some(true)));
}

#[actix_web::test]
async fn nobody_waits_for_a_session_that_panicked_when_it_was_told_of_its_end() {
    for wish in ["panic_in_disconnecting", "panic_in_disconnect"] {
        let mut world = World::new();
        let (wire, ticket) = world.enter(wish).await;
        wire.reset();
        until("it has panicked", || world.hub().stats().panics == 1).await;
        assert!(!world.recovers(&ticket).await, "{wish}");
        assert_eq!(world.refused("unknown_session"), 1, "{wish}");
    }
}
