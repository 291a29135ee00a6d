//! An event that is never to be dropped cuts clients that do not read, wherever it comes from: also where the hub
//! would drop others.

use roomcast::{
    Recovery, SlowConsumer, WebSocketMode,
    adapter::{InProcess, IntoAdapter, Redis},
    prelude::*,
    testing::TestServer,
};

use crate::common::redis::RedisServer;
use crate::waiting::{becomes, within};
use crate::wire::{Message, Wire, serve};

/// Bytes that may wait for a client: some events.
const LIMIT: usize = 256 * 1024;
const BODY: usize = 64 * 1024;

/// More than all buffers of the kernel and the outbox together hold.
const MANY: u32 = 1_000;

#[derive(Serialize, Event)]
#[event(slow_consumer = "close")]
struct Vital<'a>(u32, &'a str);

#[derive(EventHandlers)]
#[handles()]
struct Listener;

impl Session for Listener {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

async fn node(adapter: impl IntoAdapter + 'static) -> TestServer {
    let hub = Hub::builder()
        .namespace::<Listener>("/")
        .adapter(adapter)
        .connection_state_recovery(Recovery::new())
        .slow_consumer(SlowConsumer::DropNewest)
        .max_outbox_bytes(LIMIT);
    let server = serve(WebSocketMode::Handoff, hub);
    let cluster = server.hub().cluster().unwrap();
    within("it is connected", cluster.connected()).await;
    server
}

async fn is_cut(hub: &Hub, server: &TestServer) {
    let _stuck = Wire::join_narrow(server).await;
    let mut reading = Wire::join(server).await;
    let body = "x".repeat(BODY);
    for number in 0..MANY {
        let stats = server.hub().stats();
        assert_eq!(stats.dropped_newest, 0, "nothing is dropped");
        if stats.closed_slow == 1 {
            return;
        }
        hub.emit(&Vital(number, &body)).unwrap();
        let Message::Text(text) = reading.next().await else {
            panic!("not an event");
        };
        assert!(text.starts_with(&format!("42[\"vital\",{number},")));
    }
    panic!("never cut");
}

#[actix_web::test]
async fn on_another_node() {
    let meeting = InProcess::new();
    let (here, there) = (node(meeting.clone()).await, node(meeting).await);
    let (cluster, main) = (here.hub().cluster().unwrap(), here.hub().namespace("/"));
    let main = main.unwrap();
    becomes(Some(2), async || cluster.server_count(&main).await.ok()).await;
    is_cut(here.hub(), &there).await;
}

#[actix_web::test]
async fn on_the_same_node_where_a_stream_orders_events() {
    let redis = RedisServer::start();
    let server = node(Redis::streams(redis.url())).await;
    is_cut(server.hub(), &server).await;
}
