//! Streams in which there is only text.

use roomcast::{Binary, adapter::Redis, testing::TestServer};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::common::{
    member::{Hall, members},
    redis::RedisServer,
};
use crate::waiting::PATIENCE;

async fn node(redis: &RedisServer) -> (TestServer, Hall) {
    let (hub, hall) = members();
    let adapter = Redis::streams(redis.url()).only_plaintext(true);
    let server = TestServer::builder(hub.adapter(adapter).build().expect("a hub")).start();
    let cluster = server.hub().cluster().expect("an adapter");
    let connected = timeout(PATIENCE, cluster.connected()).await;
    connected.expect("connected in time");
    (server, hall)
}

#[actix_web::test]
async fn binary_is_what_json_makes_of_a_buffer_for_the_clients_of_other_nodes() {
    let redis = RedisServer::start();
    let ((one, mut hall), (other, mut there)) = (node(&redis).await, node(&redis).await);
    let (near, _) = hall.enter(&one, &["a"]).await;
    let (far, _) = there.enter(&other, &["a"]).await;
    let binary = Binary::from(vec![0, 255, 7]);
    let emitted = one.hub().to("a").emit_raw("with", &(1, &binary));
    emitted.expect("emitted");

    let event = timeout(PATIENCE, far.next()).await.expect("in time");
    let args: Value = serde_json::from_str(&event.json()).expect("json");
    assert_eq!(args, json!([1, {"type": "Buffer", "data": [0, 255, 7]}]));
    assert_eq!(event.attachments().len(), 0);
    let event = timeout(PATIENCE, near.next()).await.expect("in time");
    assert_eq!(event.attachments(), [vec![0, 255, 7]], "not on this one");

    let entries = redis.command(&["XRANGE", "socket.io", "-", "+"]);
    assert!(
        entries.contains(r#"{"type":"Buffer","data":[0,255,7]}"#),
        "{entries}"
    );
}
