//! Users: everything that is emitted to one reaches all their sockets, and nobody else's.

use std::time::Duration;

use crate::common::{
    member::{Hall, Number, members},
    until,
};
use crate::waiting::becomes;
use roomcast::{
    EmitError, Hub, HubBuilder, PresenceDiff, PresenceError, PresenceState, SharedState,
    StoreError, adapter::InProcess, testing::TestServer,
};
use tokio::time::sleep;

/// For those who wait for a lease to end; others keep the usual one.
const SHORT: Duration = Duration::from_secs(2);

/// Hubs of one cluster, on two workers each.
fn cluster<const NODES: usize>() -> [(TestServer, Hall); NODES] {
    let cluster = InProcess::new();
    [(); NODES].map(|()| node(&cluster, |hub| hub))
}

/// The same, with a short lease.
fn forgetful<const NODES: usize>() -> [(TestServer, Hall); NODES] {
    let cluster = InProcess::new();
    [(); NODES].map(|()| node(&cluster, short))
}

fn short(hub: HubBuilder) -> HubBuilder {
    hub.shared_state(SharedState::new().lease(SHORT))
}

fn node(cluster: &InProcess, options: impl FnOnce(HubBuilder) -> HubBuilder) -> (TestServer, Hall) {
    let (hub, hall) = members();
    let hub = options(hub.adapter(cluster.clone())).build().unwrap();
    (TestServer::builder(hub).workers(2).start(), hall)
}

/// Waits until the store has it.
async fn eventually<T: PartialEq + std::fmt::Debug>(
    expected: T,
    mut ask: impl AsyncFnMut() -> Result<T, StoreError>,
) {
    becomes(expected, async || ask().await.unwrap()).await;
}

fn everywhere(hub: &Hub) -> impl AsyncFnMut() -> Result<(bool, usize, usize), StoreError> {
    let hub = hub.clone();
    async move || {
        let ann = hub.user("ann");
        let nodes = ann.nodes().await?.len();
        Ok((ann.online().await?, ann.connections().await?, nodes))
    }
}

#[actix_web::test]
async fn a_user_is_reached_in_all_sockets_on_all_nodes() {
    let [(one, mut hall), (other, mut far)] = cluster();
    let (phone, phones) = hall.enter(&one, &[]).await;
    let (desktop, desktops) = hall.enter(&one, &[]).await;
    let (tablet, tablets) = far.enter(&other, &[]).await;
    let (bob, bobs) = far.enter(&other, &[]).await;
    for socket in [&phones, &desktops, &tablets] {
        socket.bind_user("ann").unwrap();
    }
    bobs.bind_user("bob").unwrap();
    assert_eq!(phones.user_id().as_deref(), Some("ann"));
    assert_eq!(phones.rooms(), Vec::<String>::new(), "the room is private");

    for hub in [one.hub(), other.hub()] {
        hub.user("ann").emit(&Number(1)).unwrap();
        for client in [&phone, &desktop, &tablet] {
            assert_eq!(client.expect::<Number>().await, Number(1));
        }
        eventually((true, 3, 2), everywhere(hub)).await;
    }
    bob.sync().await;
    assert!(bob.pending().is_empty());

    assert_eq!(
        one.hub().user("ann").fetch_sockets().await.unwrap().len(),
        3
    );
    one.hub().user("ann").join(["friends"]).await.unwrap();
    other.hub().to("friends").emit(&Number(2)).unwrap();
    for client in [&phone, &desktop, &tablet] {
        assert_eq!(client.expect::<Number>().await, Number(2));
    }
    other.hub().user("ann").disconnect(true).await.unwrap();
    for client in [&phone, &desktop, &tablet] {
        client.expect_disconnect().await;
    }
    for hub in [one.hub(), other.hub()] {
        eventually((false, 0, 0), everywhere(hub)).await;
        assert!(hub.user("ann").last_seen().await.unwrap().is_some());
        assert_eq!(hub.user("eve").last_seen().await.unwrap(), None);
        assert!(hub.user("bob").online().await.unwrap());
    }
}

#[actix_web::test]
async fn a_node_knows_at_once_what_it_has_been_told() {
    let (hub, mut hall) = members();
    let server = TestServer::start(hub.build().unwrap());
    let (client, socket) = hall.enter(&server, &[]).await;
    let ann = server.hub().user("ann");
    assert!(!ann.online().await.unwrap());
    for _ in 0..10 {
        socket.bind_user("ann").unwrap();
        assert!(ann.online().await.unwrap());
        socket.unbind_user().unwrap();
        assert_eq!(ann.connections().await.unwrap(), 0);
    }
    ann.emit(&Number(1)).unwrap();
    client.sync().await;
    assert!(client.pending().is_empty(), "is nobody's any more");
}

#[actix_web::test]
async fn a_socket_has_one_user_at_most() {
    let (hub, mut hall) = members();
    let server = TestServer::start(hub.build().unwrap());
    let (client, socket) = hall.enter(&server, &[]).await;
    for user in ["ann", "bob", "bob"] {
        socket.bind_user(user).unwrap();
    }
    let hub = server.hub();
    hub.user("ann").emit(&Number(1)).unwrap();
    hub.user("bob").emit(&Number(2)).unwrap();
    assert_eq!(client.expect::<Number>().await, Number(2));
    assert!(!hub.user("ann").online().await.unwrap());
    assert_eq!(hub.user("bob").connections().await.unwrap(), 1);

    let too_long = "x".repeat(257);
    for id in ["", &too_long, "socket:ann"] {
        let refused = socket.bind_user(id);
        assert!(matches!(refused, Err(PresenceError::UserId)));
    }
    socket.disconnect(false).unwrap();
    let refused = socket.bind_user("ann");
    assert!(matches!(
        refused,
        Err(PresenceError::Emit(EmitError::Disconnected))
    ));
}

/// A client that may name a room must not get what is for another user.
#[actix_web::test]
async fn the_rooms_of_users_are_closed_to_applications() {
    let (hub, mut hall) = members();
    let server = TestServer::start(hub.build().unwrap());
    let (_eve, eves) = hall.enter(&server, &[]).await;
    let (_ann, anns) = hall.enter(&server, &[]).await;
    anns.bind_user("ann").unwrap();
    let room = "roomcast:user:ann";
    let is_refused = |result: Result<(), EmitError>| {
        assert!(
            matches!(&result, Err(EmitError::ReservedRoom(name)) if name == room),
            "{result:?}"
        );
    };
    is_refused(eves.join(room));
    is_refused(anns.leave(room));
    is_refused(server.hub().everyone().join([room]).await);
    is_refused(server.hub().everyone().leave([room]).await);
    let named = server.hub().to("any").to(room);
    is_refused(named.emit(&Number(1)));
    is_refused(named.emit_raw("number", &[1]));
    is_refused(named.emit_raw_with_ack("number", &[1]).await.map(drop));
    is_refused(named.disconnect(false).await);
    is_refused(named.fetch_sockets().await.map(drop));
    is_refused(eves.to(room).emit(&Number(1)));
    assert!(matches!(
        eves.watch_presence(room),
        Err(PresenceError::Emit(EmitError::ReservedRoom(_)))
    ));
    assert_eq!(server.hub().namespace("/").unwrap().rooms().len(), 0);
    assert_eq!(
        server
            .hub()
            .user("ann")
            .fetch_sockets()
            .await
            .unwrap()
            .len(),
        1
    );
}

#[actix_web::test]
async fn a_worker_that_is_too_busy_changes_nothing_at_all() {
    let (hub, mut hall) = members();
    let hub = hub.max_worker_backlog(10_000).build().unwrap();
    let server = TestServer::start(hub);
    let hub = server.hub();
    let (client, socket) = hall.enter(&server, &[]).await;
    socket.bind_user("ann").unwrap();
    socket.track("lobby", &1).unwrap();
    socket.watch_presence("lobby").unwrap();
    client.expect::<PresenceState>().await;

    let frozen = hall.freeze(&client).await;
    let large = ["x".repeat(20_000)];
    hub.everyone().emit_raw("large", &large).unwrap();
    for refused in [
        socket.bind_user("bob"),
        socket.unbind_user(),
        socket.track("lobby", &2),
        socket.track("bar", &2),
        socket.watch_presence("bar"),
        socket.unwatch_presence("lobby"),
    ] {
        let overloaded = matches!(
            refused,
            Err(PresenceError::Emit(EmitError::Overloaded { workers: 1 }))
        );
        assert!(overloaded, "{refused:?}");
    }
    assert_eq!(socket.user_id().as_deref(), Some("ann"));
    drop(frozen);
    client.next().await;
    hub.user("bob").emit(&Number(1)).unwrap();
    hub.user("ann").emit(&Number(2)).unwrap();
    assert_eq!(client.expect::<Number>().await, Number(2));
    assert!(!hub.user("bob").online().await.unwrap());
    assert_eq!(hub.user("ann").connections().await.unwrap(), 1);
    assert_eq!(hub.presence("bar").count().await.unwrap(), 0);
    let lobby = hub.presence("lobby").list().await.unwrap();
    assert_eq!(lobby[0].key(), "ann");
    assert_eq!(lobby[0].metas::<u8>().unwrap(), [1]);
    socket.track("lobby", &3).unwrap();
    let told = client.expect::<PresenceDiff>().await;
    assert_eq!(told.updates[0].metas::<u8>().unwrap(), [3]);
}

/// However threads get in each other's way, a socket gets what is for its user and nothing else.
#[actix_web::test]
async fn threads_that_bind_a_socket_at_once_agree_in_the_end() {
    let (hub, mut hall) = members();
    let server = TestServer::start(hub.build().unwrap());
    let hub = server.hub();
    let (client, socket) = hall.enter(&server, &[]).await;
    let users = ["ann", "bob", "cid", "dan"];
    for round in 0..50 {
        std::thread::scope(|threads| {
            for user in users {
                let socket = &socket;
                threads.spawn(move || {
                    socket.bind_user(user).unwrap();
                    socket.unbind_user().unwrap();
                    socket.bind_user(user).unwrap();
                });
            }
        });
        for user in users {
            hub.user(user).emit_raw("to", &[user]).unwrap();
        }
        hub.emit(&Number(round)).unwrap();
        let user = socket.user_id().unwrap();
        let event = client.next().await;
        assert_eq!(event.name(), "to");
        assert_eq!(event.json(), format!("[\"{user}\"]"));
        assert_eq!(
            client.expect::<Number>().await,
            Number(round),
            "of no other"
        );
    }
}

/// What the hub keeps for itself is not among the rooms of the application.
#[actix_web::test]
async fn the_rooms_of_users_are_nobody_s_business() {
    let (hub, mut hall) = members();
    let server = TestServer::start(hub.build().unwrap());
    let hub = server.hub();
    let (client, socket) = hall.enter(&server, &[]).await;
    socket.bind_user("ann").unwrap();
    socket.watch_presence("bar").unwrap();
    client.expect::<PresenceState>().await;
    socket.join("lobby").unwrap();
    until("rooms are counted", || hub.stats().rooms > 0).await;
    client.sync().await;
    let stats = hub.stats();
    let counted = (stats.rooms, stats.presence_entries, stats.presence_watched);
    assert_eq!(counted, (1, 1, 1));
    let ann = hub.user("ann").fetch_sockets().await.unwrap();
    assert_eq!(ann[0].rooms().collect::<Vec<_>>(), ["lobby"]);
    socket.disconnect(true).unwrap();
    until("nothing is left", || {
        let stats = hub.stats();
        stats.presence_entries + stats.presence_watched + stats.rooms == 0
    })
    .await;
}

#[actix_web::test]
async fn a_node_that_shuts_down_takes_its_users_along() {
    let [(one, mut hall), (other, mut far)] = cluster();
    let (_phone, phones) = hall.enter(&one, &[]).await;
    let (_desktop, desktops) = far.enter(&other, &[]).await;
    phones.bind_user("ann").unwrap();
    desktops.bind_user("ann").unwrap();
    eventually((true, 2, 2), everywhere(other.hub())).await;
    let cluster = other.hub().cluster().unwrap();
    assert_eq!(cluster.nodes().await.unwrap().len(), 2);
    one.stop().await;
    let left = everywhere(other.hub())().await.unwrap();
    assert_eq!(left, (true, 1, 1), "long before its lease is over");
    assert_eq!(cluster.nodes().await.unwrap().len(), 1);
}

/// The threads of the node end, and nothing is said good-bye to.
#[actix_web::test]
async fn what_a_crashed_node_leaves_goes_with_its_lease() {
    let [(one, mut hall), (other, mut far)] = forgetful();
    let (_phone, phones) = hall.enter(&one, &[]).await;
    let (_desktop, desktops) = far.enter(&other, &[]).await;
    phones.bind_user("ann").unwrap();
    desktops.bind_user("bob").unwrap();
    eventually((true, 1, 1), everywhere(other.hub())).await;
    // The server's threads take the tasks along; the sockets that the test holds keep the hub.
    drop(one);
    eventually((false, 0, 0), everywhere(other.hub())).await;
    let cluster = other.hub().cluster().unwrap();
    eventually(1, async || Ok(cluster.nodes().await?.len())).await;
    sleep(SHORT + SHORT / 4).await;
    assert!(other.hub().user("bob").online().await.unwrap(), "is alive");
    assert!(phones.user_id().is_none() || phones.is_connected());
}

#[actix_web::test]
async fn a_node_that_is_back_under_its_name_does_not_hold_what_it_left() {
    let cluster = InProcess::new();
    let (other, _) = node(&cluster, short);
    let start = || node(&cluster, |hub| short(hub).server_id("one"));
    let on = |user| {
        let hub = other.hub().clone();
        async move || {
            let nodes = hub.user(user).nodes().await?;
            Ok(nodes.iter().map(ToString::to_string).collect())
        }
    };
    let (one, mut hall) = start();
    assert_eq!(one.hub().server_id(), "one");
    assert_eq!(one.hub().cluster().unwrap().server_id(), "one");
    let (_phone, phones) = hall.enter(&one, &[]).await;
    phones.bind_user("ann").unwrap();
    eventually(vec!["one".to_owned()], on("ann")).await;
    drop(one);
    let (back, mut hall) = start();
    let (_desktop, desktops) = hall.enter(&back, &[]).await;
    desktops.bind_user("bob").unwrap();
    eventually(vec!["one".to_owned()], on("bob")).await;
    eventually(Vec::new(), on("ann")).await;
    assert!(phones.user_id().is_none() || phones.is_connected());
}
