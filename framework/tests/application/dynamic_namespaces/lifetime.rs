//! How long a namespace is there, and how many are.

use roomcast::{
    WebSocketMode,
    prelude::*,
    testing::{Frame, RawClient, TestServer},
};

use super::{News, Tenant, Where, children, enter, refusal, rooms, serve};
use crate::common::{both, until};

both! {
    a_child_goes_with_its_last_client,
    a_child_stays_while_someone_holds_it,
    a_child_may_be_kept,
    there_are_at_most_as_many_as_allowed,
    one_connection_is_in_few,
}

async fn a_child_goes_with_its_last_client(mode: WebSocketMode) {
    let server = serve(mode, rooms());
    let ann = enter(&server, "/room-1").await.expect("a room");
    let bob = enter(&server, "/room-1").await.expect("a room");
    ann.disconnect().await;
    assert_eq!(bob.emit_with_ack(&Where).await, "room 1 in /room-1");
    assert_eq!(children(&server), 1);
    drop(bob);
    until("it has gone", || children(&server) == 0).await;
    assert!(server.hub().namespace("/room-1").is_none());
    // Its successor is as new.
    let carl = enter(&server, "/room-1").await.expect("a room");
    let room = server.hub().namespace("/room-1").expect("it exists");
    let members = room.to("odd").fetch_sockets().await.expect("members");
    assert_eq!(
        members.iter().map(|m| m.id()).collect::<Vec<_>>(),
        [carl.id()]
    );
}

async fn a_child_stays_while_someone_holds_it(mode: WebSocketMode) {
    let server = serve(mode, rooms());
    let ann = enter(&server, "/room-1").await.expect("a room");
    let held = server.hub().namespace("/room-1").expect("it exists");
    ann.disconnect().await;
    until("it is empty", || server.hub().stats().sockets == 0).await;
    // A handle reaches whoever comes later.
    let bob = enter(&server, "/room-1").await.expect("a room");
    held.emit(&News("still".into())).expect("emitted");
    assert_eq!(bob.expect::<News>().await, News("still".into()));
    bob.disconnect().await;
    until("it is empty", || server.hub().stats().sockets == 0).await;
    drop(held);
    until("it has gone", || children(&server) == 0).await;
}

async fn a_child_may_be_kept(mode: WebSocketMode) {
    let kept = rooms().cleanup_empty_child_namespaces(false);
    let server = serve(mode, kept.max_dynamic_namespaces(1));
    refusal(&server, "/room-none").await;
    until("one that accepted nobody is not", || children(&server) == 0).await;
    let ann = enter(&server, "/room-1").await.expect("a room");
    ann.disconnect().await;
    until("it is empty", || server.hub().stats().sockets == 0).await;
    assert!(server.hub().namespace("/room-1").is_some());
    assert_eq!(refusal(&server, "/room-2").await, "too many namespaces");
}

async fn there_are_at_most_as_many_as_allowed(mode: WebSocketMode) {
    let server = serve(mode, rooms().max_dynamic_namespaces(2));
    let ann = enter(&server, "/room-1").await.expect("a room");
    let _bob = enter(&server, "/room-2").await.expect("a room");
    assert_eq!(refusal(&server, "/room-3").await, "too many namespaces");
    let stats = server.hub().stats();
    let refused = [("max_dynamic_namespaces", 1)].into();
    assert_eq!(stats.refused_namespaces, refused);
    assert_eq!(stats.refused_connects, refused);
    let _carl = enter(&server, "/room-2").await.expect("one that exists");
    ann.disconnect().await;
    until("there is place again", || children(&server) == 1).await;
    enter(&server, "/room-3").await.expect("a room");
}

async fn one_connection_is_in_few(mode: WebSocketMode) {
    let hub = rooms()
        .namespace::<Tenant>("/")
        .max_namespaces_per_connection(2);
    let server = serve(mode, hub);
    let mut client = RawClient::open(&server).await;
    for name in ["/room-1,", "/room-2,"] {
        client.send(&format!("40{name}")).await;
        assert!(matches!(client.next().await, Frame::Text(text) if text.contains("sid")));
    }
    client.send("40/room-3,").await;
    client
        .expect_text(r#"44/room-3,{"message":"too many namespaces"}"#)
        .await;
    assert_eq!(children(&server), 2);
    // Those that are registered by name do not count.
    client.send("40").await;
    assert!(matches!(client.next().await, Frame::Text(text) if text.contains("sid")));
}

/// A name is left and asked for again, by several clients at once on several workers: each is in
/// the one namespace of that name that the others of the moment are in.
#[actix_web::test]
async fn who_comes_while_a_child_goes_is_in_the_one_that_others_find() {
    let server = TestServer::builder(rooms().build().expect("a hub"))
        .workers(4)
        .start();
    let busy = (0..8).map(async |_| {
        for round in 0..50 {
            let client = enter(&server, "/room-1").await.expect("a room");
            let room = server.hub().namespace("/room-1").expect("it exists");
            room.to(client.id())
                .emit(&News("you".into()))
                .expect("emitted");
            assert_eq!(client.expect::<News>().await, News("you".into()));
            match round % 2 {
                0 => drop(client),
                _ => client.disconnect().await,
            }
        }
    });
    futures_util::future::join_all(busy).await;
    until("nothing is left", || children(&server) == 0).await;
}

/// A client leaves and comes back while it is being disconnected: that was for its former socket.
#[actix_web::test]
async fn a_disconnect_does_not_reach_the_next_socket() {
    let hub = Hub::builder().dynamic_namespace::<Tenant>("/{tenant}");
    let server = serve(WebSocketMode::Handoff, hub);
    let mut client = crate::wire::Wire::open(&server).await;
    client.text("40/a,").await;
    client.next().await;
    let at_once = [r#"42/a,["kick_all"]"#, "41/a,", "40/a,"].map(crate::wire::text);
    client.write(&at_once.concat()).await;
    let reply = client.next().await;
    assert!(
        matches!(&reply, crate::wire::Message::Text(text) if text.contains("sid")),
        "{reply:?}"
    );
    client.text(r#"42/a,1["where"]"#).await;
    client.expect(r#"43/a,1["tenant a"]"#).await;
}
