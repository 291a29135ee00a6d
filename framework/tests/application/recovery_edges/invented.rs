//! Namespaces that clients invent.

use roomcast::Recovery;
use serde_json::json;

use super::{World, reply_in};
use crate::common::until;
use crate::wire::{Message, Wire};

impl World {
    /// A client in such a namespace whose connection broke: the private id and an offset.
    async fn lost_in(&mut self, name: &str) -> (String, String) {
        let saved = self.hub().stats().recovery_saved;
        let mut wire = Wire::open(&self.server).await;
        wire.text(&format!("40/invented/{name},")).await;
        let reply = reply_in(&mut wire, &format!("40/invented/{name},")).await;
        self.socket().await.emit_raw("first", &()).unwrap();
        let Message::Text(event) = wire.next().await else {
            panic!("not an event");
        };
        wire.reset();
        until("it is saved", || self.hub().stats().recovery_saved > saved).await;
        let offset = event.split('"').nth(3).unwrap().to_owned();
        (reply["pid"].clone(), offset)
    }

    /// Whether a client that comes back is recovered, and the client.
    async fn back_in(&mut self, name: &str, (pid, offset): (String, String)) -> (bool, Wire) {
        let mut wire = Wire::open(&self.server).await;
        let auth = json!({ "pid": pid, "offset": offset });
        wire.text(&format!("40/invented/{name},{auth}")).await;
        (self.socket().await.recovered(), wire)
    }
}

#[actix_web::test]
async fn namespaces_that_clients_invent_keep_no_more_than_their_share() {
    let mut world = World::with(|hub| hub, Recovery::new().max_dynamic_sessions(1));
    let (one, two) = (world.lost_in("a").await, world.lost_in("b").await);
    until("there is no room", || {
        world.hub().stats().recovery_sessions_evicted == 1
    })
    .await;
    let (recovered, _in_a) = world.back_in("a", one).await;
    assert!(recovered);
    let (recovered, _in_b) = world.back_in("b", two).await;
    assert!(!recovered);
    // What came back has made room, and fixed namespaces need none.
    let three = world.lost_in("c").await;
    let (recovered, _in_c) = world.back_in("c", three).await;
    assert!(recovered);
    let ticket = world.lost("nothing").await;
    assert!(world.recovers(&ticket).await);

    let mut world = World::with(|hub| hub, Recovery::new().max_dynamic_log_bytes(4096));
    let (one, two) = (world.lost_in("a").await, world.lost_in("b").await);
    let all = world.hub().namespace("/invented/b").unwrap();
    for _ in 0..100 {
        all.everyone().emit_raw("n", &()).unwrap();
    }
    assert!(world.hub().stats().recovery_events_evicted > 50);
    assert!(world.back_in("a", one).await.0);
    assert!(!world.back_in("b", two).await.0);
    assert_eq!(world.refused("trimmed"), 1);
}

#[actix_web::test]
async fn nothing_of_who_is_away_outlives_the_hub() {
    let mut world = World::new();
    world.lost_in("a").await;
    let mut wire = Wire::open(&world.server).await;
    wire.text("40/invented/b,").await;
    drop(world.socket().await);
    assert_eq!(world.hub().stats().dynamic_namespaces, 2);
    let (ended, drained) = tokio::join!(wire.ended(), world.hub().drain());
    assert!(drained.clean, "{drained}");
    assert!(!ended.0.is_empty(), "it was connected");
    until("they are gone", || {
        world.hub().stats().dynamic_namespaces == 0
    })
    .await;
}
