//! Where nodes share no log, clients come back to the node that they were on, and miss nothing of the
//! others.

use roomcast::{
    Recovery,
    adapter::{IntoAdapter, Redis, SubscriptionMode},
    testing::TestClient,
};
use serde_json::json;
use tokio::time::timeout;

use super::world::{News, Node};
use crate::common::{redis::RedisServer, until};
use crate::waiting::PATIENCE;
use crate::wire::recovering::{Client, news};

enum Rooms {
    HaveChannels,
    ShareOne,
}

/// A node to which nobody comes back has given up the channel of a room that has become empty.
async fn gives_up_a_channel(node: &Node, redis: &RedisServer) {
    node.connected().await;
    let guest = TestClient::builder(&node.server).auth(&json!({"rooms": ["brief"]}));
    let guest = guest.connect().await.unwrap();
    let is_there = |channels: &str| channels.contains("#brief#");
    redis.wait_for(&["PUBSUB", "SHARDCHANNELS"], is_there);
    guest.disconnect().await;
    redis.wait_for(&["PUBSUB", "SHARDCHANNELS"], |it| !is_there(it));
}

async fn comes_back_to_what_other_nodes_said<A: IntoAdapter + 'static>(
    adapter: impl Fn(String) -> A,
    rooms: Rooms,
) {
    let redis = RedisServer::start();
    let node = |recovery| Node::on(adapter(redis.url()), recovery);
    let (a, b) = (node(Some(Recovery::new())), node(Some(Recovery::new())));
    a.connected().await;
    b.connected().await;
    let client = a.enter(&["room"]).await;
    let cluster = a.hub().cluster().unwrap();
    timeout(PATIENCE, cluster.subscribed()).await.unwrap();
    let before = a.hub().stats().recovery_saved;
    let ticket = client.cut();
    until("it is saved", || a.hub().stats().recovery_saved > before).await;

    // Nobody is in the room any more, and its channel is no longer kept for churn alone.
    if let Rooms::HaveChannels = rooms {
        gives_up_a_channel(&node(None), &redis).await;
        let channels = redis.command(&["PUBSUB", "SHARDCHANNELS"]);
        assert!(channels.contains("#room#"), "{channels}");
    }
    let received = a.hub().stats().cluster_received;
    b.hub().to("room").emit(&News(1)).unwrap();
    b.hub().to(ticket.sid.as_str()).emit(&News(2)).unwrap();
    b.hub().emit(&News(3)).unwrap();
    until("it is there", || {
        a.hub().stats().cluster_received >= received + 3
    })
    .await;
    let (client, recovered) = Client::back(&a.server, &ticket).await;
    assert!(recovered, "{:?}", a.hub().stats().recovery_refused);
    assert_eq!(client.missed, news([1, 2, 3]));
}

#[actix_web::test]
async fn on_pub_sub() {
    comes_back_to_what_other_nodes_said(Redis::pub_sub, Rooms::ShareOne).await;
}

#[actix_web::test]
async fn on_sharded_channels_of_rooms() {
    let private = |url| Redis::sharded(url).subscription_mode(SubscriptionMode::DynamicPrivate);
    comes_back_to_what_other_nodes_said(private, Rooms::HaveChannels).await;
}
