//! Clients come back into dynamic namespaces, on nodes that do not have them yet.

use std::sync::Arc;

use roomcast::{ConnectAuth, NamespaceBuilder, Params, Recovery, adapter::Redis};
use serde_json::json;
use tokio::sync::Semaphore;

use super::{
    recovery::saved,
    world::{Guest, News, Node},
};
use crate::common::redis::RedisServer;
use crate::waiting::within;
use crate::wire::recovering::{Client, news};

/// Who decides whether clients may come in.
struct Doorman {
    /// One for each that has been asked about.
    asked: Semaphore,
    /// They wait until it is closed.
    door: Semaphore,
}

async fn node(redis: &RedisServer) -> (Node, Arc<Doorman>) {
    let doorman = Arc::new(Doorman {
        asked: Semaphore::new(0),
        door: Semaphore::new(0),
    });
    let he = Arc::clone(&doorman);
    let clubs = async move |_: &str, _: &ConnectAuth| {
        he.asked.add_permits(1);
        let _ = he.door.acquire().await;
        Ok(Some(Params::default()))
    };
    let clubs = NamespaceBuilder::accepted_by::<Guest>("clubs", clubs);
    let node = Node::with(Redis::streams(redis.url()), |hub| {
        hub.connection_state_recovery(Recovery::new())
            .namespace_with(clubs)
    });
    node.connected().await;
    (node, doorman)
}

#[actix_web::test]
async fn a_client_comes_back_to_a_node_that_has_nobody_there_and_misses_nothing_meanwhile() {
    let redis = RedisServer::start();
    let ((a, open), (b, doorman)) = (node(&redis).await, node(&redis).await);
    open.door.close();
    let mut watching = b.enter(&[]).await;
    let mut client = Client::connect(&a.server, "/club,", json!({"rooms": ["room"]})).await;
    a.log.last().1.emit(&News(0)).unwrap();
    client.expect(json!(["news", 0])).await;
    let club = a.hub().namespace("/club").unwrap();
    let ticket = saved(&redis, client).await;
    club.to("room").emit(&News(1)).unwrap();

    let meanwhile = async {
        let _asked = doorman.asked.acquire().await;
        club.to("room").emit(&News(2)).unwrap();
        // What comes behind it in the stream.
        a.hub().emit(&News(3)).unwrap();
        watching.expect(json!(["news", 3])).await;
        doorman.door.close();
    };
    let coming_back = Client::back(&b.server, &ticket);
    let both = async { tokio::join!(coming_back, meanwhile) };
    let ((mut client, recovered), ()) = within("it comes back", both).await;
    assert!(recovered, "{:?}", b.hub().stats().recovery_refused);
    let mut events = std::mem::take(&mut client.missed);
    while events.len() < 2 {
        events.push(client.event().await);
    }
    assert_eq!(events, news([1, 2]));
}
