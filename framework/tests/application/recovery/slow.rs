//! Clients that were cut because they did not take what they were sent.

use roomcast::{Hub, Namespace, Recovery};
use serde_json::{Value, json};

use super::app::News;
use super::world::World;
use crate::common::{polling::Poller, until};
use crate::wire::recovering::Ticket;

/// A client in both namespaces that has fetched one event of the first, and fetches no more.
async fn stuck(world: &World) -> Ticket {
    let client = Poller::open(&world.server).await;
    client.post("40").await.expect(200, "ok");
    let reply = client.poll().await;
    let reply: Value = serde_json::from_str(&reply.text()[2..]).unwrap();
    client.post("40/other,").await.expect(200, "ok");
    client.poll().await;
    world.hub().emit(&News(0)).unwrap();
    let event = client.poll().await;
    let event: Value = serde_json::from_str(&event.text()[2..]).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Ticket {
        nsp: "",
        sid: text(&reply["sid"]),
        pid: text(&reply["pid"]),
        offset: Some(text(&event[2])),
    }
}

/// Emits until a client is cut for it, and its sessions are kept.
async fn emit_until_cut(hub: &Hub, namespace: &Namespace) {
    let mut number = 1;
    while hub.stats().closed_slow == 0 {
        namespace.emit(&News(number)).unwrap();
        // An answer of the worker, so that nothing waits for it.
        namespace.everyone().fetch_sockets().await.unwrap();
        number += 1;
    }
    until("it is saved", || hub.stats().recovery_saved == 2).await;
}

fn world() -> World {
    World::with(1, |hub| hub.max_outbox_bytes(10_000), Recovery::new())
}

/// All that waited for it is what it missed, and more than is sent at once.
#[actix_web::test]
async fn who_was_cut_for_what_its_namespace_was_sent_gets_a_fresh_session() {
    let world = world();
    let ticket = stuck(&world).await;
    emit_until_cut(world.hub(), &world.hub().namespace("/").unwrap()).await;
    let (mut client, recovered) = world.back(&ticket).await;
    assert!(!recovered);
    assert!(client.missed.is_empty());
    assert_eq!(world.refused("too_much_missed"), 1);
    // It goes on as a new one.
    world.hub().emit(&News(1)).unwrap();
    client.expect(json!(["news", 1])).await;
}

#[actix_web::test]
async fn who_was_cut_for_what_another_namespace_was_sent_misses_nothing() {
    let world = world();
    let ticket = stuck(&world).await;
    world.hub().emit(&News(1)).unwrap();
    emit_until_cut(world.hub(), &world.hub().namespace("/other").unwrap()).await;
    let (client, recovered) = world.back(&ticket).await;
    assert!(recovered);
    assert_eq!(client.missed, [json!(["news", 1])]);
}
