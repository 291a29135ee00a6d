//! Presence: who is in a room, each once, on all nodes; what changes is told once.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{collections::BTreeSet, time::Duration};

use common::{
    member::{Hall, members},
    until,
};
use roomcast::{
    PresenceChange, PresenceDiff, PresenceError, PresenceState, PresenceWatch, SharedState,
    adapter::InProcess,
    testing::{PATIENCE, TestServer},
};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

const SHORT: Duration = Duration::from_millis(600);

fn cluster<const NODES: usize>(options: &SharedState) -> [(TestServer, Hall); NODES] {
    let cluster = InProcess::new();
    [(); NODES].map(|()| {
        let (hub, hall) = members();
        let hub = hub.adapter(cluster.clone()).shared_state(options.clone());
        let hub = hub.build().unwrap();
        (TestServer::builder(hub).workers(2).start(), hall)
    })
}

fn short() -> SharedState {
    SharedState::new().lease(SHORT)
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
    let [(one, mut hall), (other, mut far)] = cluster(&short());
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
    assert_eq!(change(&mut watch).await, format!("+{}", guest.id()));

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
    assert_eq!(change(&mut watch).await, format!("-{}", guests.id()));
}

#[actix_web::test]
async fn clients_that_watch_are_told_how_it_is_and_what_changes() {
    let [(one, mut hall), (other, mut far)] = cluster(&short());
    let (_ann, anns) = hall.enter(&one, &[]).await;
    anns.bind_user("ann").unwrap();
    anns.track("lobby", &1).unwrap();
    let (bob, bobs) = far.enter(&other, &[]).await;
    let lobby = other.hub().presence("lobby");
    let known = async {
        while lobby.count().await.unwrap() == 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, known).await.unwrap();
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
    bobs.unwatch_presence("lobby");
    let mut watch = other.hub().presence("lobby").watch().await.unwrap();
    anns.leave("lobby").unwrap();
    assert_eq!(change(&mut watch).await, "-ann");
    bob.sync().await;
    assert!(bob.pending().is_empty());
}

#[actix_web::test]
async fn a_crashed_node_takes_its_presence_along_within_the_lease() {
    let [(one, mut hall), (other, mut far)] = cluster(&short());
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
    let [(one, mut hall)] = cluster(&SharedState::new());
    let (_client, socket) = hall.enter(&one, &[]).await;
    for room in 0..3000 {
        socket.track(format!("room {room}"), &room).unwrap();
    }
    let last = one.hub().presence("room 2999");
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
    socket.track("a", &1).unwrap();
    socket.track("b", &1).unwrap();
    assert!(matches!(socket.track("c", &1), Err(PresenceError::Full)));
    assert!(matches!(socket.bind_user("ann"), Err(PresenceError::Full)));
    socket.track("a", &2).unwrap();
    // From this thread, a worker has to be told first.
    socket.leave("b").unwrap();
    until("there is room again", || socket.track("c", &1).is_ok()).await;
}
