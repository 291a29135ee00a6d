//! Presence: who is in a room, each once, on all nodes; what changes is told once.

use std::{collections::BTreeSet, time::Duration};

use crate::common::{
    member::{Hall, members},
    until,
};
use crate::waiting::{PATIENCE, becomes, until_told};
use roomcast::{
    Hub, PresenceChange, PresenceDiff, PresenceError, PresenceState, PresenceWatch, SharedState,
    Socket,
    adapter::InProcess,
    testing::{TestClient, TestServer},
};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

/// For those who wait for a lease to end; others keep the usual one.
const SHORT: Duration = Duration::from_secs(2);

fn cluster<const NODES: usize>(options: &SharedState) -> [(TestServer, Hall); NODES] {
    let cluster = InProcess::new();
    [(); NODES].map(|()| {
        let (hub, hall) = members();
        let hub = hub.adapter(cluster.clone()).shared_state(options.clone());
        let hub = hub.build().unwrap();
        (TestServer::builder(hub).workers(2).start(), hall)
    })
}

/// The next change: `+` came, `-` went, and otherwise in how many connections.
async fn change(watch: &mut PresenceWatch) -> String {
    let change = timeout(PATIENCE, watch.next()).await;
    match change.expect("a change in time").unwrap() {
        PresenceChange::Joined(it) => format!("+{}", it.key()),
        PresenceChange::Left(it) => format!("-{}", it.key()),
        PresenceChange::Updated(it) => format!("{}:{}", it.key(), it.connections()),
        other => panic!("{other:?}"),
    }
}

#[actix_web::test]
async fn many_tabs_on_many_nodes_are_one_user() {
    let [(one, mut hall), (other, mut far)] = cluster(&SharedState::new());
    let mut watch = other.hub().presence("lobby").watch().await.unwrap();
    assert_eq!(watch.present(), []);
    let (_a, tab) = hall.enter(&one, &[]).await;
    let (_b, second) = hall.enter(&one, &[]).await;
    let (_c, third) = far.enter(&other, &[]).await;
    for (socket, expected) in [(&tab, "+ann"), (&second, "ann:2"), (&third, "ann:3")] {
        socket.bind_user("ann").unwrap();
        socket.track("lobby", &json!({ "tab": 1 })).unwrap();
        assert_eq!(change(&mut watch).await, expected);
    }
    let (guest, guests) = hall.enter(&one, &[]).await;
    guests.track("lobby", "?").unwrap();
    let key = format!("socket:{}", guest.id());
    assert_eq!(change(&mut watch).await, format!("+{key}"));

    for hub in [one.hub(), other.hub()] {
        let lobby = hub.presence("lobby");
        assert_eq!(lobby.count().await.unwrap(), 2);
        let list = lobby.list().await.unwrap();
        let ann = list.iter().find(|present| present.key() == "ann").unwrap();
        assert_eq!(ann.connections(), 3);
        assert_eq!(ann.metas::<Value>().unwrap(), vec![json!({ "tab": 1 }); 3]);
    }
    // One leaves the room, one is disconnected, one shows itself no more.
    tab.leave("lobby").unwrap();
    assert_eq!(change(&mut watch).await, "ann:2");
    second.disconnect(true).unwrap();
    assert_eq!(change(&mut watch).await, "ann:1");
    third.untrack("lobby");
    assert_eq!(change(&mut watch).await, "-ann");
    drop(guest);
    assert_eq!(change(&mut watch).await, format!("-{key}"));
}

#[actix_web::test]
async fn clients_that_watch_are_told_how_it_is_and_what_changes() {
    let [(one, mut hall), (other, mut far)] = cluster(&SharedState::new());
    let (_ann, anns) = hall.enter(&one, &[]).await;
    anns.bind_user("ann").unwrap();
    anns.track("lobby", &1).unwrap();
    let (bob, bobs) = far.enter(&other, &[]).await;
    let lobby = other.hub().presence("lobby");
    becomes(1, async || lobby.count().await.unwrap()).await;
    bobs.watch_presence("lobby").unwrap();
    let state = bob.expect::<PresenceState>().await;
    assert_eq!((state.room.as_str(), state.total), ("lobby", 1));
    assert_eq!(state.present[0].key(), "ann");

    let (_cid, cids) = hall.enter(&one, &[]).await;
    cids.bind_user("cid").unwrap();
    cids.track("lobby", &2).unwrap();
    let diff = bob.expect::<PresenceDiff>().await;
    assert_eq!(diff.joins[0].metas::<u8>().unwrap(), [2]);
    cids.track("lobby", &3).unwrap();
    let diff = bob.expect::<PresenceDiff>().await;
    assert_eq!(diff.updates[0].metas::<u8>().unwrap(), [3]);
    cids.leave("lobby").unwrap();
    assert_eq!(bob.expect::<PresenceDiff>().await.leaves, ["cid"]);
    bobs.unwatch_presence("lobby").unwrap();
    let mut watch = other.hub().presence("lobby").watch().await.unwrap();
    anns.leave("lobby").unwrap();
    assert_eq!(change(&mut watch).await, "-ann");
    bob.sync().await;
    assert!(bob.pending().is_empty());
}

#[actix_web::test]
async fn a_crashed_node_takes_its_presence_along_within_the_lease() {
    let options = SharedState::new().lease(SHORT);
    let [(one, mut hall), (other, mut far)] = cluster(&options);
    let (_ann, anns) = hall.enter(&one, &[]).await;
    let (_bob, bobs) = far.enter(&other, &[]).await;
    let mut watch = other.hub().presence("lobby").watch().await.unwrap();
    let mut users = other.hub().users_online().watch().await.unwrap();
    for (socket, user) in [(&anns, "ann"), (&bobs, "bob")] {
        socket.bind_user(user).unwrap();
        socket.track("lobby", &1).unwrap();
        assert_eq!(change(&mut watch).await, format!("+{user}"));
        assert_eq!(change(&mut users).await, format!("+{user}"));
    }
    drop(one);
    assert_eq!(change(&mut watch).await, "-ann");
    assert_eq!(change(&mut users).await, "-ann");
    bobs.untrack("lobby");
    assert_eq!(change(&mut watch).await, "-bob", "and nothing in between");
}

#[actix_web::test]
async fn a_burst_is_shown_in_pages() {
    let options = SharedState::new().max_tracked_rooms(900);
    let [(one, mut hall)] = cluster(&options);
    let (_client, socket) = hall.enter(&one, &[]).await;
    for room in 0..900 {
        socket.track(format!("room {room}"), &room).unwrap();
    }
    let last = one.hub().presence("room 899");
    assert_eq!(last.count().await.unwrap(), 1);
    let mut clients = Vec::new();
    for number in 0..25 {
        let (client, socket) = hall.enter(&one, &[]).await;
        socket.bind_user(&format!("user {number}")).unwrap();
        socket.track("lobby", &number).unwrap();
        clients.push(client);
    }
    let lobby = one.hub().presence("lobby");
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = lobby.page(after.as_deref(), 10).await.unwrap();
        seen.extend(page.present.iter().map(|present| present.key().to_owned()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 25);
    assert_eq!(BTreeSet::from_iter(seen).len(), 25);
}

#[actix_web::test]
async fn what_a_socket_may_say_is_bounded() {
    let options = SharedState::new().max_entries(2).max_meta_bytes(10);
    let [(one, mut hall)] = cluster(&options);
    let (_client, socket) = hall.enter(&one, &[]).await;
    let refused = socket.track("a", "more than ten bytes");
    assert!(matches!(refused, Err(PresenceError::TooLong(10))));
    let counted = one.hub().stats().presence_refused;
    assert_eq!(counted, [("max_meta_bytes", 1)].into());
    socket.track("a", &1).unwrap();
    socket.track("b", &1).unwrap();
    assert!(matches!(socket.track("c", &1), Err(PresenceError::Full)));
    let counted = one.hub().stats().presence_refused;
    assert_eq!(counted, [("max_entries", 1), ("max_meta_bytes", 1)].into());
    // Rooms that clients name keep nobody from logging in.
    socket.bind_user("ann").unwrap();
    socket.track("a", &2).unwrap();
    // From this thread, a worker has to be told first.
    socket.leave("b").unwrap();
    until("there is room again", || socket.track("c", &1).is_ok()).await;
}

#[actix_web::test]
async fn a_socket_is_tracked_in_and_watches_a_bounded_number_of_rooms() {
    let options = SharedState::new().max_tracked_rooms(2).max_watched_rooms(1);
    let [(one, mut hall)] = cluster(&options);
    let (client, socket) = hall.enter(&one, &[]).await;
    for _ in 0..2 {
        for room in ["a", "b"] {
            socket.track(room, &1).unwrap();
        }
        socket.watch_presence("a").unwrap();
    }
    let refused = socket.track("c", &1);
    assert!(matches!(refused, Err(PresenceError::TooManyTracked(2))));
    let refused = socket.watch_presence("c");
    assert!(matches!(refused, Err(PresenceError::TooManyWatched(1))));
    let counted = one.hub().stats().presence_refused;
    let each_once = [("max_tracked_rooms", 1), ("max_watched_rooms", 1)];
    assert_eq!(counted, each_once.into());
    socket.untrack("a");
    socket.track("c", &1).unwrap();
    socket.unwatch_presence("a").unwrap();
    socket.watch_presence("c").unwrap();
    client.sync().await;
    assert_eq!(one.hub().presence("c").count().await.unwrap(), 1);
}

/// The test's thread is not the socket's own, and learns nothing of a room too many.
#[actix_web::test]
async fn a_socket_is_tracked_in_no_room_that_it_may_not_be_in() {
    let (hub, mut hall) = members();
    let hub = hub.max_rooms_per_socket(1).build().unwrap();
    let server = TestServer::start(hub);
    let (client, socket) = hall.enter(&server, &[]).await;
    let count = |room| {
        let hub = server.hub().clone();
        async move { hub.presence(room).count().await.unwrap() }
    };
    socket.track("a", &1).unwrap();
    socket.untrack("a");
    socket.track("b", &1).unwrap();
    client.sync().await;
    assert_eq!(count("b").await, 0);
    assert_eq!(server.hub().stats().refused_joins, 1);
    socket.track("a", &1).unwrap();
    client.sync().await;
    assert_eq!(count("a").await, 1, "it is there still");
    socket.leave("a").unwrap();
    socket.track("b", &1).unwrap();
    client.sync().await;
    assert_eq!((count("a").await, count("b").await), (0, 1));
}

/// A thread that is not the socket's own: what it says in this order happens in this order.
#[actix_web::test]
async fn who_leaves_and_is_tracked_again_is_there() {
    let [(one, mut hall)] = cluster(&SharedState::new());
    let (client, socket) = hall.enter(&one, &[]).await;
    let lobby = one.hub().presence("lobby");
    for round in 0..3 {
        let frozen = hall.freeze(&client).await;
        for _ in 0..2 {
            socket.leave("lobby").unwrap();
            socket.track("lobby", &round).unwrap();
            socket.watch_presence("lobby").unwrap();
        }
        drop(frozen);
        client.expect::<PresenceState>().await;
        let present = lobby.list().await.unwrap();
        assert_eq!(present[0].metas::<u8>().unwrap(), [round]);

        let frozen = hall.freeze(&client).await;
        socket.track("lobby", &7).unwrap();
        socket.leave("lobby").unwrap();
        drop(frozen);
        client.sync().await;
        assert_eq!(lobby.count().await.unwrap(), 0, "and the other way round");
        client.pending();
    }
}

#[actix_web::test]
async fn a_change_that_is_large_for_a_client_is_told_as_how_it_is() {
    let (hub, mut hall) = members();
    let server = TestServer::start(hub.max_outbox_bytes(8 << 10).build().unwrap());
    let (client, watching) = hall.enter(&server, &[]).await;
    let (_other, other) = hall.enter(&server, &[]).await;
    watching.watch_presence("lobby").unwrap();
    assert_eq!(client.expect::<PresenceState>().await.total, 0);
    // More than a quarter.
    other.track("lobby", &"x".repeat(3000)).unwrap();
    let state = client.expect::<PresenceState>().await;
    assert_eq!((state.total, state.present.len()), (1, 0));
    other.track("lobby", &1).unwrap();
    let diff = client.expect::<PresenceDiff>().await;
    assert_eq!(diff.updates[0].metas::<u8>().unwrap(), [1]);
}

/// Emits until a worker that is frozen takes no more.
fn fill(hub: &Hub) {
    let refused = (0..100_000).find(|_| hub.everyone().emit_raw("fill", &()).is_err());
    assert!(refused.is_some(), "its backlog has no end");
}

/// Clients of two workers that are soon too busy.
async fn two_on_each_worker() -> (TestServer, Hall, Vec<(TestClient, Socket)>) {
    let (hub, mut hall) = members();
    let hub = hub.max_worker_backlog(10_000).build().unwrap();
    let server = TestServer::builder(hub).workers(2).start();
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(hall.enter(&server, &[]).await);
    }
    (server, hall, clients)
}

/// Waits until no worker has anything left of what it was given.
async fn settle(clients: &[(TestClient, Socket)]) {
    for (client, _) in clients {
        client.sync().await;
    }
}

/// The keeper runs on one of the workers: the clients of the other one are told by its commands.
#[actix_web::test]
async fn a_client_whose_worker_was_too_busy_is_told_later() {
    let (server, hall, clients) = two_on_each_worker().await;
    // What the busy worker takes of the small events tells when it is full.
    for (client, socket) in &clients {
        settle(&clients).await;
        let frozen = hall.freeze(client).await;
        socket.watch_presence("lobby").unwrap();
        fill(server.hub());
        // Time for the keeper, if it is on the other worker; the result is the same if not.
        sleep(Duration::from_millis(50)).await;
        drop(frozen);
        until_told(client, "presence_state").await;
        socket.track("lobby", &1).unwrap();
        until_told(client, "presence_diff").await;
    }
}

/// Which diff it misses is not known, so that it is told everything again.
#[actix_web::test]
async fn a_client_whose_worker_was_too_busy_for_a_change_learns_of_it() {
    let (server, hall, clients) = two_on_each_worker().await;
    for (client, socket) in &clients {
        socket.watch_presence("lobby").unwrap();
        until_told(client, "presence_state").await;
    }
    for (number, (client, _)) in clients.iter().enumerate() {
        // Someone of another worker, if it is one.
        let (_, other) = &clients[(number + 1) % clients.len()];
        settle(&clients).await;
        let frozen = hall.freeze(client).await;
        fill(server.hub());
        let tracked = other.track("lobby", &number).is_ok();
        // As above.
        sleep(Duration::from_millis(50)).await;
        drop(frozen);
        let told = async {
            while !matches!(
                client.next().await.name(),
                "presence_state" | "presence_diff"
            ) {}
        };
        if tracked {
            timeout(PATIENCE, told).await.expect("it is told");
        }
    }
}

#[actix_web::test]
async fn a_user_cannot_be_taken_for_a_guest() {
    let [(one, mut hall)] = cluster(&SharedState::new());
    let (client, guest) = hall.enter(&one, &[]).await;
    let (_client, eve) = hall.enter(&one, &[]).await;
    eve.bind_user(client.id().as_str()).unwrap();
    for socket in [&guest, &eve] {
        socket.track("lobby", &1).unwrap();
    }
    assert_eq!(one.hub().presence("lobby").count().await.unwrap(), 2);
    let page = one.hub().presence("lobby").page(None, 0).await.unwrap();
    assert_eq!(page.present.len(), 1);
}
