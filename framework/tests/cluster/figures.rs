//! What is counted of requests that are not answered, and of messages that may come twice.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use roomcast::{
    HubBuilder, Namespace, NamespaceBuilder,
    adapter::{InProcess, OutboxPolicy, Redis},
    prelude::*,
    testing::TestServer,
};
use serde_json::json;
use tokio::{
    sync::{Semaphore, oneshot},
    time::timeout,
};

use crate::common::{
    member::{Member, members_with},
    redis::RedisServer,
    until,
};
use crate::proxy::Proxy;
use crate::streams::world::{self, News};
use crate::waiting::PATIENCE;

/// For the servers; each answers when the test lets it.
#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct Think;

/// Longer than what is left in an outbox that is full.
const LONG: usize = 4_000;

struct Node {
    server: TestServer,
    /// How many handlers have begun.
    begun: Arc<AtomicUsize>,
    may_end: Arc<Semaphore>,
}

impl Node {
    async fn start(adapter: impl FnOnce(HubBuilder) -> HubBuilder) -> Self {
        let (begun, may_end) = (Arc::<AtomicUsize>::default(), Arc::new(Semaphore::new(0)));
        let (count, wait) = (Arc::clone(&begun), Arc::clone(&may_end));
        let namespace = NamespaceBuilder::named::<Member>("/").on_server_side(
            async move |_: Think, _: &Namespace| {
                count.fetch_add(1, Ordering::Relaxed);
                let _ended = wait.acquire().await;
                "x".repeat(LONG)
            },
        );
        let (hub, _) = members_with(namespace);
        let hub = adapter(hub).build().expect("a hub");
        let server = TestServer::builder(hub).start();
        let cluster = server.hub().cluster().expect("an adapter");
        let connected = timeout(PATIENCE, cluster.connected()).await;
        connected.expect("connected in time");
        Self {
            server,
            begun,
            may_end,
        }
    }

    fn hub(&self) -> &Hub {
        self.server.hub()
    }

    async fn has_begun(&self, count: usize) {
        let begun = || self.begun.load(Ordering::Relaxed) == count;
        until("it is handled", begun).await;
    }
}

#[actix_web::test]
async fn more_requests_than_a_node_answers_at_one_time_are_refused() {
    /// So many are under way at most.
    const MOST: usize = 1024;
    let cluster = InProcess::new();
    let node = Node::start(|hub| hub.adapter(cluster.clone())).await;
    let other = Node::start(|hub| hub.adapter(cluster)).await;
    let namespace = other.hub().namespace("/").expect("a namespace");
    for _ in 0..MOST + 3 {
        namespace.server_side_emit(&Think).expect("emitted");
    }
    let refused = || node.hub().stats().cluster_requests_refused;
    until("the last are refused", || refused() == 3).await;
    node.has_begun(MOST).await;
    node.may_end.add_permits(MOST);
    until("there is room again", || {
        namespace.server_side_emit(&Think).expect("emitted");
        node.begun.load(Ordering::Relaxed) > MOST
    })
    .await;
}

#[actix_web::test]
async fn an_answer_for_which_the_outbox_has_no_room_is_lost() {
    let redis = RedisServer::start();
    let proxy = Proxy::before(redis.port()).await;
    let small = Redis::pub_sub(proxy.url())
        .max_outbox_bytes(2 * LONG)
        .outbox_policy(OutboxPolicy::Refuse);
    let node = Node::start(|hub| hub.adapter(small)).await;
    let asks = |hub: HubBuilder| hub.requests_timeout(PATIENCE);
    let other = Node::start(|hub| asks(hub).adapter(Redis::pub_sub(redis.url()))).await;
    let namespace = other.hub().namespace("/").expect("a namespace");
    let asking = namespace.server_side_emit_with_ack(&Think);
    let fails = async {
        node.has_begun(1).await;
        proxy.cut();
        until("it notices", || node.hub().stats().cluster_connected == 0).await;
        let text = "x".repeat(LONG / 4);
        while node.hub().everyone().emit_raw("text", &(&text,)).is_ok() {}
        assert_eq!(node.hub().stats().cluster_answers_lost, 0);
        node.may_end.add_permits(1);
        let lost = || node.hub().stats().cluster_answers_lost == 1;
        until("the answer is lost", lost).await;
    };
    let (asked, ()) = tokio::join!(asking, fails);
    let answers = asked.expect("asked");
    assert_eq!(answers.iter().count(), 0);
}

#[actix_web::test]
async fn what_may_have_come_twice_is_counted() {
    let redis = Arc::new(RedisServer::start());
    let proxy = Proxy::before(redis.port()).await;
    // With recovery it would read back what it has written.
    let emitter = world::Node::build(&proxy.url(), |streams| streams, None);
    emitter.connected().await;
    let other = world::Node::start(&redis).await;
    let mut there = other.enter(&[]).await;
    emitter.hub().emit(&News(1)).unwrap();
    there.expect(json!(["news", 1])).await;
    let (go_on, may_go_on) = oneshot::channel();
    let trimmed = Arc::clone(&redis);
    // Before it looks whether what it has written is there.
    proxy.before_command(b"XINFO", 1, async move {
        let _ = may_go_on.await;
        trimmed.command(&["XADD", "socket.io", "*", "some", "thing"]);
        trimmed.command(&["XTRIM", "socket.io", "MAXLEN", "1"]);
    });
    proxy.break_at(b"XADD");
    emitter.hub().emit(&News(2)).unwrap();
    there.expect(json!(["news", 2])).await;
    let _ = go_on.send(());
    there.expect(json!(["news", 2])).await;
    assert_eq!(emitter.hub().stats().cluster_repeated, 1);
}
