//! Connection state recovery with a log for each node: no client is told that it missed nothing when
//! events of other nodes may be missing.

use roomcast::Recovery;
use serde_json::json;

use super::Node;
use crate::{
    common::{redis::RedisServer, until},
    wire::recovering::{Client, Ticket},
};
use roomcast::{
    HubBuilder,
    adapter::{Redis, SubscriptionMode},
};

impl Node {
    /// A client in room `a` that has an offset.
    async fn client(&self, number: u32) -> Client {
        let mut client = Client::connect(&self.server, "", json!({"rooms": ["a"]})).await;
        self.subscribed().await;
        self.emit(number);
        while client.event().await != json!(["number", number]) {}
        client
    }

    /// It loses its connection.
    async fn cut(&self, client: Client) -> Ticket {
        let sockets = self.hub().stats().sockets;
        let ticket = client.cut();
        until("it is noticed", || self.hub().stats().sockets < sockets).await;
        ticket
    }

    fn over_gaps(&self) -> u64 {
        let refused = self.hub().stats().recovery_refused;
        refused.get("cluster_gap").copied().unwrap_or(0)
    }
}

async fn nobody_comes_back_over_an_outage(
    adapter: impl Fn(HubBuilder, &RedisServer) -> HubBuilder,
) {
    let mut redis = RedisServer::start();
    let start = async |redis: &RedisServer| {
        let recovering = |hub: HubBuilder| hub.connection_state_recovery(Recovery::new());
        Node::start(|hub| recovering(adapter(hub, redis))).await
    };
    let (one, other) = (start(&redis).await, start(&redis).await);
    let (away, early) = (one.client(1).await, one.client(2).await);
    let there = one.client(3).await;
    let (away, early) = (one.cut(away).await, one.cut(early).await);

    redis.kill();
    one.notices().await;
    other.notices().await;
    let (_early, recovered) = Client::back(&one.server, &early).await;
    assert!(!recovered, "what other nodes say does not come yet");
    assert_eq!(one.over_gaps(), 1);

    redis.restart();
    one.connected().await;
    other.connected().await;
    let (_away, recovered) = Client::back(&one.server, &away).await;
    assert!(!recovered, "what other nodes said did not come");
    assert_eq!(one.over_gaps(), 2);
    let there = one.cut(there).await;
    let (_there, recovered) = Client::back(&one.server, &there).await;
    assert!(!recovered, "it was there, and did not get it either");

    let late = one.client(4).await;
    let late = one.cut(late).await;
    let received = one.hub().stats().cluster_received;
    other.emit(5);
    until("it is there", || {
        one.hub().stats().cluster_received > received
    })
    .await;
    let (late, recovered) = Client::back(&one.server, &late).await;
    assert!(recovered, "{:?}", one.hub().stats().recovery_refused);
    assert_eq!(late.missed, [json!(["number", 5])]);
}

#[actix_web::test]
async fn on_pub_sub() {
    nobody_comes_back_over_an_outage(|hub, redis| hub.adapter(Redis::pub_sub(redis.url()))).await;
}

#[actix_web::test]
async fn on_sharded_channels_of_rooms() {
    let private = |hub: HubBuilder, redis: &RedisServer| {
        let adapter = Redis::sharded(redis.url());
        hub.adapter(adapter.subscription_mode(SubscriptionMode::DynamicPrivate))
    };
    nobody_comes_back_over_an_outage(private).await;
}
