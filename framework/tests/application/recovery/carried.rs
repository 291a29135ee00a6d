//! What goes from a socket to the one that takes its place, and what the namespace has to do with
//! it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use roomcast::{ConnectAuth, NamespaceBuilder, Recovery, prelude::*};
use serde_json::json;

use super::app::{Counter, News};
use super::world::World;
use crate::common::until;
use crate::wire::recovering::{Client, news};

/// What the middleware knows of a client, and how often it was asked.
struct Pass(usize);

const GUARDED: &str = "/guarded,";

/// A namespace whose middleware lets each client in once, or else any number of times.
fn guarded(once: bool) -> (NamespaceBuilder, Arc<AtomicUsize>) {
    let asked = Arc::<AtomicUsize>::default();
    let asks = Arc::clone(&asked);
    let middleware = async move |socket: &Socket, _: &ConnectAuth| {
        asks.fetch_add(1, Relaxed);
        let before = socket.extensions().get::<Pass>().map_or(0, |pass| pass.0);
        if once && before > 0 {
            return Err(Refusal::new("once only"));
        }
        socket.extensions().insert(Pass(before + 1));
        Ok(())
    };
    let builder = NamespaceBuilder::named::<Counter>("/guarded").middleware(middleware);
    (builder, asked)
}

#[actix_web::test]
async fn extensions_and_data_are_there_again_and_the_middleware_is_not_asked() {
    let (guarded, asked) = guarded(true);
    let mut world = World::with(1, |hub| hub.namespace_with(guarded), Recovery::new());
    let (client, socket) = world.seen_at(GUARDED, &["a"]).await;
    socket.set_data(&"ann").unwrap();
    let ticket = world.cut(client).await;
    let (_client, recovered) = world.back(&ticket).await;
    assert!(recovered);
    assert_eq!(asked.load(Relaxed), 1);

    let again = world.socket().await;
    assert_eq!(again.extensions().get::<Pass>().map(|pass| pass.0), Some(1));
    assert_eq!(again.data::<String>().unwrap().as_deref(), Some("ann"));
    // Others see it too.
    let guarded = world.hub().namespace("/guarded").unwrap();
    let found = guarded.to("a").fetch_sockets().await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].data::<String>().unwrap().as_deref(), Some("ann"));
}

#[actix_web::test]
async fn a_middleware_that_is_asked_again_sees_what_it_left() {
    let (guarded, asked) = guarded(false);
    let recovery = Recovery::new().skip_middlewares(false);
    let mut world = World::with(1, |hub| hub.namespace_with(guarded), recovery);
    let (client, _) = world.seen_at(GUARDED, &[]).await;
    let ticket = world.cut(client).await;
    let (_client, recovered) = world.back(&ticket).await;
    assert!(recovered);
    let again = world.socket().await;
    assert_eq!(again.extensions().get::<Pass>().map(|pass| pass.0), Some(2));
    assert_eq!(asked.load(Relaxed), 2);
}

#[actix_web::test]
async fn a_middleware_that_is_asked_again_may_refuse() {
    let (guarded, _) = guarded(true);
    let recovery = Recovery::new().skip_middlewares(false);
    let mut world = World::with(1, |hub| hub.namespace_with(guarded), recovery);
    let (client, _) = world.seen_at(GUARDED, &["a"]).await;
    let ticket = world.cut(client).await;
    let mut wire = Client::wish(&world.server, &ticket, "nothing").await;
    wire.expect(r#"44/guarded,{"message":"once only"}"#).await;
    assert!(!world.back(&ticket).await.1, "its session is gone");
    assert_eq!(world.refused("unknown_session"), 1);
}

const CHILD: &str = "/room-7,";

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(60);

/// Events are kept for six times `soon` beyond `away`; a client that is not read is given up after three.
fn rooms(away: Duration, soon: Duration) -> World {
    let hub = |hub: roomcast::HubBuilder| {
        hub.dynamic_namespace::<Counter>("/room-{id}")
            .ping_interval(soon)
            .ping_timeout(2 * soon)
    };
    World::with(1, hub, Recovery::new().max_disconnection_duration(away))
}

#[actix_web::test]
async fn a_dynamic_namespace_stays_while_someone_may_come_back_to_it() {
    let mut world = rooms(LONG, LONG);
    let (client, _) = world.seen_at(CHILD, &["a"]).await;
    let ticket = world.cut(client).await;
    let stats = world.hub().stats();
    assert_eq!((stats.sockets, stats.dynamic_namespaces), (0, 1));
    let child = world.hub().namespace("/room-7").unwrap();
    child.to("a").emit(&News(1)).unwrap();
    drop(child);

    let (mut client, recovered) = world.back(&ticket).await;
    assert!(recovered);
    assert_eq!(client.missed, news([1]));
    assert_eq!(world.socket().await.params().get("id"), Some("7"));
    assert_eq!(client.ask(json!(["add", 1])).await, "43/room-7,1[1]");
    // It leaves for good.
    client.wire.text("41/room-7,").await;
    let hub = world.hub();
    until("it has gone", || hub.stats().dynamic_namespaces == 0).await;
}

#[actix_web::test]
async fn a_dynamic_namespace_goes_when_nobody_may_come_back_to_it_any_more() {
    let mut world = rooms(Duration::from_millis(50), Duration::from_millis(250));
    let (client, _) = world.seen_at(CHILD, &["a"]).await;
    let ticket = world.cut(client).await;
    let hub = world.hub();
    until("it has gone", || hub.stats().dynamic_namespaces == 0).await;
    let (_client, recovered) = world.back(&ticket).await;
    assert!(!recovered);
    assert_eq!(world.refused("unknown_session"), 1);
}

/// Tells when nobody has it any more.
struct Witness(#[expect(dead_code, reason = "dropped")] Arc<()>);

#[actix_web::test]
async fn a_hub_that_is_dropped_leaves_no_session_behind() {
    for nsp in ["", CHILD] {
        let mut world = rooms(LONG, LONG);
        let (client, socket) = world.seen_at(nsp, &["a"]).await;
        let here = Arc::new(());
        socket.extensions().insert(Witness(Arc::clone(&here)));
        drop(socket);
        world.cut(client).await;
        assert_eq!(Arc::strong_count(&here), 2, "it is kept with the session");
        drop(world);
        until("it is dropped", || Arc::strong_count(&here) == 1).await;
    }
}
