//! Events that a worker did not take, because too much waited for it.

use roomcast::{EmitError, Recovery};
use serde_json::json;

use super::app::News;
use super::world::World;
use crate::common::within;
use crate::wire::recovering::news;

#[actix_web::test]
async fn who_lost_an_event_gets_a_fresh_session_and_who_was_away_loses_nothing() {
    let limit = |hub: roomcast::HubBuilder| hub.max_worker_backlog(500);
    let mut world = World::with(1, limit, Recovery::new());
    let (mut busy, _) = world.enter(&[]).await;
    let (mut victim, _) = world.seen(&["a"]).await;
    let (mut other, _) = world.seen(&["b"]).await;
    let away = world.away(&["a"]).await;

    busy.wire.text(r#"42["freeze"]"#).await;
    within("it is frozen", world.tower.working.notified()).await;
    let room = world.hub().to("a");
    let refused = |number: &u32| match room.emit(&News(*number)) {
        Ok(()) => false,
        Err(EmitError::Overloaded { workers: 1 }) => true,
        Err(error) => panic!("{error}"),
    };
    let lost = (1..).find(refused).unwrap();
    assert_eq!(world.hub().stats().refused_overloaded, 1);
    world.thaw.send(()).unwrap();
    for event in news(1..lost) {
        victim.expect(event).await;
    }
    room.emit(&News(lost + 1)).unwrap();
    victim.expect(json!(["news", lost + 1])).await;

    // It has seen what came behind the gap, so it must not go on from there.
    let ticket = victim.cut();
    let (fresh, recovered) = world.back(&ticket).await;
    assert!(!recovered);
    assert!(fresh.missed.is_empty());
    assert_eq!(world.refused("unknown_session"), 1);

    // The log has all of them.
    let (back, recovered) = world.back(&away).await;
    assert!(recovered);
    assert_eq!(back.missed, news(1..=lost + 1));

    // Nothing is remembered against who has come since.
    world.hub().to("b").emit(&News(0)).unwrap();
    other.event().await;
    let ticket = world.cut(back).await;
    let (again, recovered) = world.back(&ticket).await;
    assert!(recovered);
    assert!(again.missed.is_empty());
}
