//! What a broadcast costs: one command to Redis, however many rooms and members there are, and one message on each
//! node that has members.

#![cfg(feature = "redis")]

use crate::{
    common::{
        member::{Hall, Number, members},
        redis::RedisServer,
        until,
    },
    waiting::PATIENCE,
};
use roomcast::{
    HubBuilder, Recovery,
    adapter::{IntoAdapter, Redis, SubscriptionMode},
    testing::{TestClient, TestServer},
};
use tokio::time::timeout;

/// In each room of a node.
const MEMBERS: usize = 5;

struct Node {
    server: TestServer,
    hall: Hall,
}

impl Node {
    async fn start(options: impl FnOnce(HubBuilder) -> HubBuilder) -> Self {
        let (hub, hall) = members();
        let hub = options(hub).build().expect("a hub");
        let server = TestServer::builder(hub).workers(2).start();
        let node = Self { server, hall };
        let connected = timeout(PATIENCE, node.cluster().connected()).await;
        connected.expect("connected in time");
        node
    }

    fn cluster(&self) -> roomcast::Cluster {
        self.server.hub().cluster().expect("an adapter")
    }

    /// So many in each of these rooms, and none in two.
    async fn fill(&mut self, rooms: &[&'static str]) -> Vec<Member> {
        let mut members = Vec::new();
        for room in rooms {
            for _ in 0..MEMBERS {
                let (client, _) = self.hall.enter(&self.server, &[room]).await;
                members.push(Member { room, client });
            }
        }
        let subscribed = timeout(PATIENCE, self.cluster().subscribed()).await;
        subscribed.expect("subscribed in time");
        members
    }

    fn received(&self) -> u64 {
        self.server.hub().stats().cluster_received
    }
}

struct Member {
    room: &'static str,
    client: TestClient,
}

impl Member {
    async fn gets(&self, number: u32) {
        let came = timeout(PATIENCE, self.client.expect::<Number>()).await;
        assert_eq!(came.expect("in time"), Number(number));
    }
}

/// Not what comes with time: what a node tells itself once a second, and by which it sees whether a connection is
/// alive. Not how a node reads on either.
fn is_for_others(command: &str) -> bool {
    let others = ["round-trip-", "] \"PING\"", "] \"XREAD\" "];
    !others.iter().any(|other| command.contains(other))
}

/// The same for nodes with these adapters, without options.
async fn each_broadcast_is_one<A: IntoAdapter + 'static>(
    adapter: impl Fn(String) -> A,
    command: &str,
    decoded_in_vain: u64,
) {
    let nodes = |hub: HubBuilder, url: String| hub.adapter(adapter(url));
    each_is_one(nodes, command, decoded_in_vain).await;
}

/// Emits to the rooms `a` and `b`, in which there are members on two nodes, in every way, and looks at what Redis is
/// told for each: one command. On a third node there are members of `c` alone: it gets so many messages for a broadcast
/// to one room.
async fn each_is_one(
    options: impl Fn(HubBuilder, String) -> HubBuilder,
    command: &str,
    decoded_in_vain: u64,
) {
    let redis = RedisServer::start();
    let start = async || Node::start(|hub| options(hub, redis.url())).await;
    let (mut here, mut there, mut elsewhere) = (start().await, start().await, start().await);
    let mut members = here.fill(&["a", "b"]).await;
    members.extend(there.fill(&["a", "b"]).await);
    let others = elsewhere.fill(&["c"]).await;
    let hub = here.server.hub();
    let mut commands = redis.commands();
    let (one, both) = (|| hub.to("a"), || hub.to("a").to("b"));
    let broadcasts = [
        (one(), "a", decoded_in_vain),
        (one().volatile(), "a", decoded_in_vain),
        (one().compress(false), "a", decoded_in_vain),
        (one().except("b"), "a", decoded_in_vain),
        (both(), "ab", 1),
        (both().volatile(), "ab", 1),
        (both().compress(false), "ab", 1),
        (both().except("c").except("nobody"), "ab", 1),
        (hub.except("c"), "ab", 1),
        (hub.except("c").except("b").volatile(), "a", 1),
    ];
    for (number, (broadcast, rooms, decoded)) in (0..).zip(broadcasts) {
        let before = (there.received(), elsewhere.received());
        broadcast.emit(&Number(number)).expect("emitted");
        for member in members.iter().filter(|member| rooms.contains(member.room)) {
            member.gets(number).await;
        }
        until("the third node has got it", || {
            elsewhere.received() - before.1 >= decoded
        })
        .await;
        assert_eq!(commands.told(is_for_others), [command], "{number}");
        assert_eq!(there.received() - before.0, 1, "{number}");
        assert_eq!(elsewhere.received() - before.1, decoded, "{number}");
    }
    one().local().emit(&Number(100)).expect("emitted");
    one().emit(&Number(101)).expect("emitted");
    members[2 * MEMBERS].gets(101).await;
    let told = commands.told(is_for_others);
    assert_eq!(told, [command], "the local one costs none");
    let all = members.iter().skip(2 * MEMBERS + 1).chain(&others);
    let mut rooms_without_it = all.filter(|member| member.room != "a");
    assert!(rooms_without_it.all(|member| member.client.pending().is_empty()));
}

#[actix_web::test]
async fn pub_sub() {
    each_broadcast_is_one(Redis::pub_sub, "PUBLISH", 0).await;
}

#[actix_web::test]
async fn sharded() {
    each_broadcast_is_one(Redis::sharded, "SPUBLISH", 0).await;
}

/// One channel for all rooms.
#[actix_web::test]
async fn sharded_without_channels_of_rooms() {
    let adapter = |url: String| Redis::sharded(url).subscription_mode(SubscriptionMode::Static);
    each_broadcast_is_one(adapter, "SPUBLISH", 1).await;
}

/// The private rooms of sockets have channels, too.
#[actix_web::test]
async fn sharded_with_channels_of_all_rooms() {
    let mode = SubscriptionMode::DynamicPrivate;
    let adapter = |url: String| Redis::sharded(url).subscription_mode(mode);
    each_broadcast_is_one(adapter, "SPUBLISH", 0).await;
}

#[actix_web::test]
async fn streams() {
    each_broadcast_is_one(|url: String| Redis::streams(url), "XADD", 1).await;
}

/// Each node gets its own from the stream, too.
#[actix_web::test]
async fn streams_with_recovery() {
    let recovering = |hub: HubBuilder, url| {
        let hub = hub.connection_state_recovery(Recovery::new());
        hub.adapter(Redis::streams(url))
    };
    each_is_one(recovering, "XADD", 1).await;
}

#[actix_web::test]
async fn four_streams_with_recovery() {
    let recovering = |hub: HubBuilder, url: String| {
        let hub = hub.connection_state_recovery(Recovery::new());
        hub.adapter(Redis::streams(url).stream_count(4))
    };
    each_is_one(recovering, "XADD", 1).await;
}
