//! What nodes of another kind see of a node on Redis, and say to it. Whole conversations with Node's
//! own servers are in `tests/cluster`.

#![cfg(feature = "redis")]

use std::time::{Duration, Instant};

use crate::common::{
    member::{Hall, Number, members},
    redis::{Listening, RedisServer},
    until,
};
use crate::waiting::PATIENCE;
use roomcast::{
    HubBuilder,
    adapter::{PubSub, Redis, Sharded, SubscriptionMode},
    prelude::*,
    testing::{TestClient, TestServer},
};
use serde_json::{Value, json};
use tokio::time::timeout;

struct Node {
    redis: RedisServer,
    server: TestServer,
    hall: Hall,
}

impl Node {
    async fn with(adapter: impl FnOnce(HubBuilder, &RedisServer) -> HubBuilder) -> Self {
        let redis = RedisServer::start();
        let (hub, hall) = members();
        let server = TestServer::builder(adapter(hub, &redis).build().expect("a hub")).start();
        let node = Self {
            redis,
            server,
            hall,
        };
        let connected = timeout(PATIENCE, node.cluster().connected()).await;
        connected.expect("connected in time");
        node
    }

    async fn pub_sub(options: impl FnOnce(Redis<PubSub>) -> Redis<PubSub>) -> Self {
        Self::with(|hub, redis| hub.adapter(options(Redis::pub_sub(redis.url())))).await
    }

    async fn sharded(options: impl FnOnce(Redis<Sharded>) -> Redis<Sharded>) -> Self {
        Self::with(|hub, redis| hub.adapter(options(Redis::sharded(redis.url())))).await
    }

    fn cluster(&self) -> roomcast::Cluster {
        self.server.hub().cluster().expect("an adapter")
    }

    async fn enter(&mut self, rooms: &[&str]) -> (TestClient, Socket) {
        let entered = self.hall.enter(&self.server, rooms).await;
        self.subscribed().await;
        entered
    }

    async fn subscribed(&self) {
        let subscribed = timeout(PATIENCE, self.cluster().subscribed()).await;
        subscribed.expect("subscribed in time");
    }

    fn says(&self, channel: &str, message: &Value) {
        self.redis
            .command(&["PUBLISH", channel, &message.to_string()]);
    }

    /// Shard channels that the node listens to, without its own.
    fn shard_channels(&self) -> Vec<String> {
        let own = format!("socket.io#/#{}#", self.cluster().server_id());
        let channels = self.redis.command(&["PUBSUB", "SHARDCHANNELS"]);
        let mut channels: Vec<_> = channels
            .lines()
            .filter(|channel| **channel != own)
            .map(ToOwned::to_owned)
            .collect();
        channels.sort();
        channels
    }

    fn malformed(&self) -> u64 {
        self.server.hub().stats().cluster_malformed
    }
}

const REQUESTS: &str = "socket.io-request#/#";
const ANSWERS: &str = "socket.io-response#/#";

/// Read on another thread, since the node answers on this one.
async fn next(mut listening: Listening) -> Value {
    let text = actix_web::web::block(move || listening.next()).await;
    serde_json::from_str(&text.expect("an answer")).expect("json")
}

#[actix_web::test]
async fn requests_in_the_old_form_are_applied_and_confirmed() {
    let mut node = Node::pub_sub(|redis| redis).await;
    let (_client, socket) = node.enter(&[]).await;
    let id = socket.id().to_string();
    let answers = node.redis.listen(ANSWERS);
    node.says(
        REQUESTS,
        &json!({"requestId": "j1", "type": 2, "sid": id, "room": "old"}),
    );
    assert_eq!(next(answers).await, json!({"requestId": "j1"}));
    let hub = node.server.hub();
    let joined = || {
        hub.namespace("/")
            .is_some_and(|main| main.rooms().len() == 1)
    };
    until("it is in the room", joined).await;

    let answers = node.redis.listen(ANSWERS);
    // Nobody here has this id: another node confirms.
    node.says(
        REQUESTS,
        &json!({"requestId": "j2", "type": 3, "sid": "x".repeat(20), "room": "old"}),
    );
    node.says(
        REQUESTS,
        &json!({"requestId": "j3", "type": 3, "sid": id, "room": "old"}),
    );
    assert_eq!(next(answers).await, json!({"requestId": "j3"}));
    until("it has left the room", || !joined()).await;
}

#[actix_web::test]
async fn who_asks_for_ids_gets_ids() {
    let mut node = Node::pub_sub(|redis| redis).await;
    let (_client, socket) = node.enter(&["a"]).await;
    let answers = node.redis.listen(ANSWERS);
    node.says(
        REQUESTS,
        &json!({"requestId": "s1", "type": 0, "rooms": ["a"]}),
    );
    let id = socket.id().to_string();
    assert_eq!(
        next(answers).await,
        json!({"requestId": "s1", "sockets": [id]})
    );
}

#[actix_web::test]
async fn who_asks_for_rooms_gets_all_of_them() {
    let mut node = Node::pub_sub(|redis| redis).await;
    let (_client, socket) = node.enter(&["b", "a"]).await;
    let answers = node.redis.listen(ANSWERS);
    node.says(
        REQUESTS,
        &json!({"uid": "peer01", "requestId": "r1", "type": 1}),
    );
    let mut answer = next(answers).await;
    let rooms = answer["rooms"].as_array_mut().expect("a list");
    rooms.sort_by_key(ToString::to_string);
    let id = socket.id().to_string();
    let mut expected = vec![json!("a"), json!("b"), json!(id)];
    expected.sort_by_key(ToString::to_string);
    assert_eq!(answer, json!({"requestId": "r1", "rooms": expected}));
}

#[actix_web::test]
async fn a_request_in_the_old_form_disconnects_one_socket() {
    let mut node = Node::pub_sub(|redis| redis).await;
    let (_gone, socket) = node.enter(&[]).await;
    let (_stays, other) = node.enter(&[]).await;
    let answers = node.redis.listen(ANSWERS);
    node.says(
        REQUESTS,
        &json!({"requestId": "d1", "type": 4, "sid": socket.id(), "close": true}),
    );
    assert_eq!(next(answers).await, json!({"requestId": "d1"}));
    until("it has gone", || !socket.is_connected()).await;
    assert!(other.is_connected());
}

#[actix_web::test]
async fn answers_go_to_all_or_to_whoever_asked() {
    let request = json!({
        "uid": "peer01", "requestId": "f1", "type": 5, "opts": {"rooms": [], "except": []},
    });
    for specific in [false, true] {
        let options = |redis: Redis<PubSub>| redis.publish_on_specific_response_channel(specific);
        let mut node = Node::pub_sub(options).await;
        let _member = node.enter(&["a"]).await;
        let answers = match specific {
            true => node.redis.listen("socket.io-response#/#peer01#"),
            false => node.redis.listen(ANSWERS),
        };
        node.says(REQUESTS, &request);
        let answer = next(answers).await;
        assert_eq!(answer["requestId"], "f1");
        assert_eq!(answer["sockets"].as_array().map(Vec::len), Some(1));
    }
}

#[actix_web::test]
async fn answers_to_other_nodes_are_not_read() {
    let node = Node::pub_sub(|redis| redis).await;
    let ignored = || node.server.hub().stats().cluster_answers_ignored;
    // On the shared channel, with members that are none; then on that of this node.
    node.says(ANSWERS, &json!({"requestId": "other", "sockets": 7}));
    let own = format!("{ANSWERS}{}#", node.cluster().server_id());
    node.says(&own, &json!({"requestId": "late", "sockets": []}));
    until("what came too late is counted", || ignored() == 1).await;
    assert_eq!(node.malformed(), 0);
}

#[actix_web::test]
async fn the_emitter_reaches_members() {
    let mut node = Node::pub_sub(|redis| redis.key("k")).await;
    let (client, socket) = node.enter(&[]).await;
    let join = json!({"type": 2, "opts": {"rooms": [socket.id()], "except": []}, "rooms": ["a"]});
    node.says("k-request#/#", &join);
    let hub = node.server.hub();
    let joined = || {
        hub.namespace("/")
            .is_some_and(|main| main.rooms().len() == 1)
    };
    until("it is in the room", joined).await;
    // ["emitter", {type: 2, data: ["number", 7], nsp: "/"}, {rooms: ["a"], flags: {}, except: []}]
    let mut payload = vec![0x93, 0xa7];
    payload.extend(b"emitter\x83\xa4type\x02\xa4data\x92\xa6number\x07\xa3nsp\xa1/");
    payload.extend(b"\x83\xa5rooms\x91\xa1a\xa5flags\x80\xa6except\x90");
    node.redis.publish("k#/#a#", &payload);
    assert_eq!(
        timeout(PATIENCE, client.expect::<Number>()).await,
        Ok(Number(7))
    );
}

#[actix_web::test]
async fn what_is_no_message_is_counted_and_nothing_more() {
    let mut node = Node::pub_sub(|redis| redis).await;
    let (client, _socket) = node.enter(&["a"]).await;
    // Nobody is in that room: it is not looked at.
    node.redis.publish("socket.io#/#nobody#", b"\xc1");
    let mut count = 0;
    for (channel, payload) in [
        ("socket.io#/#a#", &b"\xc1"[..]),
        ("socket.io#/#", b"\x93\xa1x"),
        (REQUESTS, b"{"),
        (REQUESTS, b"{\"type\":99}"),
        (REQUESTS, b""),
        (ANSWERS, b"{}"),
    ] {
        node.redis.publish(channel, payload);
        count += 1;
        until("it is counted", || node.malformed() >= count).await;
    }
    assert_eq!(node.malformed(), count);
    node.server.hub().to("a").emit(&Number(1)).expect("emitted");
    assert_eq!(
        timeout(PATIENCE, client.expect::<Number>()).await,
        Ok(Number(1))
    );
    assert_eq!(node.server.hub().stats().cluster_disconnects, 0);
}

#[actix_web::test]
async fn each_room_with_members_has_a_channel() {
    let mut node = Node::sharded(|redis| redis).await;
    assert_eq!(node.shard_channels(), ["socket.io#/#"]);
    let like_an_id = "r".repeat(20);
    let (_one, first) = node.enter(&["a", "b", &like_an_id]).await;
    let (_two, second) = node.enter(&["a"]).await;
    let all = ["socket.io#/#", "socket.io#/#a#", "socket.io#/#b#"];
    assert_eq!(node.shard_channels(), all);
    first.leave("a").expect("left");
    first.leave("b").expect("left");
    until("b is not listened to", || node.shard_channels() == all[..2]).await;
    second.leave("a").expect("left");
    until("a is not listened to", || node.shard_channels() == all[..1]).await;
}

#[actix_web::test]
async fn modes_differ_in_the_rooms_that_have_a_channel() {
    let mode = SubscriptionMode::Static;
    let mut node = Node::sharded(|redis| redis.subscription_mode(mode)).await;
    let _member = node.enter(&["a"]).await;
    assert_eq!(node.shard_channels(), ["socket.io#/#"]);

    let mode = SubscriptionMode::DynamicPrivate;
    let mut node = Node::sharded(|redis| redis.subscription_mode(mode)).await;
    let (client, socket) = node.enter(&["a"]).await;
    let private = format!("socket.io#/#{}#", socket.id());
    let mut expected = [
        "socket.io#/#".to_owned(),
        "socket.io#/#a#".to_owned(),
        private,
    ];
    expected.sort();
    assert_eq!(node.shard_channels(), expected);
    client.disconnect().await;
    until("nothing is listened to", || {
        node.shard_channels() == ["socket.io#/#"]
    })
    .await;
}

#[actix_web::test]
async fn rooms_that_come_and_go_do_not_flap() {
    let mut node = Node::sharded(|redis| redis).await;
    let (_client, socket) = node.enter(&["a"]).await;
    let commands = || {
        node.redis
            .command(&["INFO", "commandstats"])
            .matches("unsubscribe")
            .count()
    };
    let hub = node.server.hub();
    let exists = || {
        hub.namespace("/")
            .is_some_and(|main| !main.rooms().is_empty())
    };
    // A room that nobody is in is listened to for a second. A round that takes as long on a busy machine says nothing.
    let ten_quick_ones = async {
        let mut quick = 0;
        while quick < 10 {
            node.redis.command(&["CONFIG", "RESETSTAT"]);
            let left = Instant::now();
            socket.leave("a").expect("left");
            until("the room has gone", || !exists()).await;
            node.subscribed().await;
            socket.join("a").expect("joined");
            until("the room is there", exists).await;
            let took = left.elapsed();
            node.subscribed().await;
            if took < Duration::from_millis(800) {
                assert_eq!(commands(), 0);
                quick += 1;
            }
        }
    };
    let tried = timeout(3 * PATIENCE, ten_quick_ones).await;
    tried.expect("ten rounds that are quicker than a second");
    assert_eq!(node.shard_channels(), ["socket.io#/#", "socket.io#/#a#"]);
}
