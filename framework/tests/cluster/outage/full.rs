//! An outbox of streams that is full: each policy does what it says, and what somebody may wait for is never
//! dropped in silence.

use roomcast::{
    EmitError, PublishError,
    adapter::{OutboxPolicy, Redis},
    testing::TestClient,
};
use tokio::time::timeout;

use super::{Node, number};
use crate::common::redis::RedisServer;
use crate::proxy::Proxy;
use crate::waiting::PATIENCE;

/// Two of them fit, and little beside.
const TEXT: usize = 4_000;
const BYTES: usize = 10_000;

/// Two nodes, one of which is cut off from Redis.
struct Apart {
    _redis: RedisServer,
    proxy: Proxy,
    cut: Node,
    there: Node,
    /// In room `a`, at each of them.
    near: TestClient,
    far: TestClient,
}

impl Apart {
    async fn new(policy: OutboxPolicy) -> Self {
        let redis = RedisServer::start();
        let proxy = Proxy::before(redis.port()).await;
        let small = |url| Redis::streams(url).max_outbox_bytes(BYTES);
        let mut cut =
            Node::start(|hub| hub.adapter(small(proxy.url()).outbox_policy(policy))).await;
        let mut there = Node::start(|hub| hub.adapter(Redis::streams(redis.url()))).await;
        let near = cut.enter(&["a"]).await;
        let far = there.enter(&["a"]).await;
        proxy.cut();
        cut.notices().await;
        Self {
            _redis: redis,
            proxy,
            cut,
            there,
            near,
            far,
        }
    }

    /// A long text with this number.
    fn emit(&self, number: u32) -> Result<(), EmitError> {
        let room = self.cut.hub().to("a");
        room.emit_raw("text", &(number, "x".repeat(TEXT)))
    }

    fn dropped(&self) -> Vec<(&'static str, u64)> {
        let dropped = self.cut.hub().stats().cluster_dropped;
        dropped.into_iter().collect()
    }

    async fn far_is_in(&self, room: &str) -> bool {
        let members = self.there.hub().to(room).local().fetch_sockets().await;
        members.expect("sockets").len() == 1
    }

    /// Redis is back, and the numbers come to the client there, and nothing else before what is emitted last.
    async fn arrive(&self, numbers: &[u32]) {
        self.is_back().await;
        for expected in numbers {
            assert_eq!(text(&self.far).await, *expected);
        }
        assert_eq!(number(&self.far).await, 100);
    }

    /// The same for the newest: what was on its way when the connection broke makes no room any more.
    async fn arrive_but_the_oldest(&self, [oldest, newest]: [u32; 2]) {
        self.is_back().await;
        let first = text(&self.far).await;
        assert!([1, oldest].contains(&first), "{first}");
        assert_eq!(text(&self.far).await, newest);
        assert_eq!(number(&self.far).await, 100);
    }

    async fn is_back(&self) {
        // There is always room for this one.
        self.cut.emit(100);
        self.proxy.heal();
        self.cut.connected().await;
    }
}

async fn text(client: &TestClient) -> u32 {
    let event = timeout(PATIENCE, client.next()).await.expect("in time");
    let (number, _): (u32, String) = serde_json::from_str(&event.json()).expect("a text");
    number
}

#[actix_web::test]
async fn the_newest_are_dropped_by_default() {
    let apart = Apart::new(OutboxPolicy::default()).await;
    for number in 1..=4 {
        apart.emit(number).expect("it is dropped in silence");
        assert_eq!(text(&apart.near).await, number, "on this node nothing is");
    }
    assert_eq!(apart.dropped(), [("outbox_full_newest", 2)]);
    apart.arrive(&[1, 2]).await;
}

#[actix_web::test]
async fn the_oldest_make_room_if_they_are_to() {
    let apart = Apart::new(OutboxPolicy::DropOldest).await;
    for number in 1..=4 {
        apart.emit(number).expect("there is room made");
        assert_eq!(text(&apart.near).await, number, "on this node nothing is");
    }
    assert_eq!(apart.dropped(), [("outbox_full_oldest", 2)]);
    apart.arrive_but_the_oldest([3, 4]).await;
}

#[actix_web::test]
async fn the_newest_are_refused_if_they_are_to() {
    let apart = Apart::new(OutboxPolicy::Refuse).await;
    for number in 1..=4 {
        let refused = matches!(
            apart.emit(number),
            Err(EmitError::Publish(PublishError::Full))
        );
        assert_eq!(refused, number > 2);
        assert_eq!(text(&apart.near).await, number, "on this node nothing is");
    }
    assert_eq!(apart.dropped(), [("outbox_refused", 2)]);
    apart.arrive(&[1, 2]).await;
}

#[actix_web::test]
async fn a_join_that_does_not_fit_fails() {
    let apart = Apart::new(OutboxPolicy::DropNewest).await;
    for number in 1..=2 {
        apart.emit(number).expect("it fits");
    }
    let long = "x".repeat(TEXT);
    let refused = apart.cut.hub().to("a").join(["r", &long]).await;
    assert!(
        matches!(refused, Err(EmitError::Publish(PublishError::Full))),
        "{refused:?}"
    );
    assert_eq!(apart.dropped(), [("outbox_refused", 1)]);
    apart.arrive(&[1, 2]).await;
    assert!(!apart.far_is_in("r").await);
}

#[actix_web::test]
async fn a_join_makes_no_room_for_events() {
    let apart = Apart::new(OutboxPolicy::DropOldest).await;
    let joins = apart.cut.hub().to("a").join(["b"]);
    for number in 1..=4 {
        apart.emit(number).expect("there is room made");
    }
    assert_eq!(apart.dropped(), [("outbox_full_oldest", 2)]);
    apart.arrive_but_the_oldest([3, 4]).await;
    assert_eq!(apart.there.hub().stats().cluster_gaps, 0);
    assert!(apart.far_is_in("b").await);
    drop(joins);
}

#[actix_web::test]
async fn an_event_for_which_no_join_makes_room_is_dropped_itself() {
    let apart = Apart::new(OutboxPolicy::DropOldest).await;
    let long = "x".repeat(TEXT);
    let joins = [(); 2].map(|()| apart.cut.hub().to("a").join(["b", &long]));
    apart.emit(1).expect("it is dropped in silence");
    assert_eq!(text(&apart.near).await, 1, "on this node nothing is");
    assert_eq!(apart.dropped(), [("outbox_full_newest", 1)]);
    apart.arrive(&[]).await;
    assert!(apart.far_is_in("b").await);
    drop(joins);
}
