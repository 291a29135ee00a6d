//! Presence on a real Redis that fails: nobody who stayed seems to go.

#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use common::{
    member::{Hall, members},
    redis::RedisServer,
};
use roomcast::{
    PresenceChange, PresenceWatch, SharedState,
    adapter::Redis,
    testing::{PATIENCE, TestServer},
};
use tokio::time::{sleep, timeout};

const LEASE: Duration = Duration::from_secs(1);

fn node(redis: &RedisServer) -> (TestServer, Hall) {
    let (hub, hall) = members();
    let options = SharedState::new().lease(LEASE);
    let hub = hub
        .adapter(Redis::pub_sub(redis.url()))
        .shared_state(options);
    (TestServer::start(hub.build().unwrap()), hall)
}

async fn next(watch: &mut PresenceWatch) -> PresenceChange {
    let change = timeout(2 * PATIENCE, watch.next()).await;
    change.expect("a change in time").unwrap()
}

async fn joined(watch: &mut PresenceWatch) -> String {
    match next(watch).await {
        PresenceChange::Joined(present) => present.key().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[actix_web::test]
async fn redis_that_comes_back_empty_is_filled_again_and_nobody_flaps() {
    let mut redis = RedisServer::start();
    let ((one, mut hall), (other, mut far)) = (node(&redis), node(&redis));
    let (_ann, anns) = hall.enter(&one, &[]).await;
    let (_bob, bobs) = far.enter(&other, &[]).await;
    let mut watches = Vec::new();
    for server in [&one, &other] {
        watches.push(server.hub().presence("lobby").watch().await.unwrap());
    }
    for (socket, user) in [(&anns, "ann"), (&bobs, "bob")] {
        socket.bind_user(user).unwrap();
        socket.track("lobby", &user).unwrap();
        for watch in &mut watches {
            assert_eq!(joined(watch).await, user);
        }
    }
    redis.kill();
    redis.restart();

    // Both nodes have written again within a lease, and another one later all is believed.
    let again = async {
        while one.hub().presence("lobby").count().await.unwrap_or(0) < 2 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(2 * PATIENCE, again).await.unwrap();
    sleep(LEASE * 2).await;
    anns.untrack("lobby");
    for watch in &mut watches {
        let change = next(watch).await;
        let left = matches!(&change, PresenceChange::Left(present) if present.key() == "ann");
        assert!(left, "and nothing before: {change:?}");
    }
    assert!(one.hub().user("bob").online().await.unwrap());
}

/// The threads of the node end without a word.
#[actix_web::test]
async fn what_a_crashed_node_leaves_in_redis_goes_within_its_lease() {
    let redis = RedisServer::start();
    let ((one, mut hall), (other, mut far)) = (node(&redis), node(&redis));
    let (_ann, anns) = hall.enter(&one, &[]).await;
    let (_bob, bobs) = far.enter(&other, &[]).await;
    let mut watch = other.hub().presence("lobby").watch().await.unwrap();
    for (socket, user) in [(&anns, "ann"), (&bobs, "bob")] {
        socket.bind_user(user).unwrap();
        socket.track("lobby", &user).unwrap();
        assert_eq!(joined(&mut watch).await, user);
    }
    let nodes = other.hub().cluster().unwrap();
    assert_eq!(nodes.nodes().await.unwrap().len(), 2);
    drop(one);
    let change = next(&mut watch).await;
    let left = matches!(&change, PresenceChange::Left(present) if present.key() == "ann");
    assert!(left, "{change:?}");
    assert!(!other.hub().user("ann").online().await.unwrap());
    assert_eq!(nodes.nodes().await.unwrap().len(), 1);
    bobs.untrack("lobby");
    let change = next(&mut watch).await;
    let left = matches!(&change, PresenceChange::Left(present) if present.key() == "bob");
    assert!(left, "who lives stayed throughout: {change:?}");
}
