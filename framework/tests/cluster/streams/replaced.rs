//! Redis comes back with an older state of the stream, and is given as many entries as it has lost before a
//! node reads on.

use serde_json::json;

use super::{
    lost::is_refused,
    recovery::saved,
    world::{News, Node},
};
use crate::common::{redis::RedisServer, until};
use crate::proxy::Proxy;

#[actix_web::test]
async fn nobody_comes_back_over_what_is_not_there_any_more() {
    let redis = RedisServer::start();
    let proxy = Proxy::before(redis.port()).await;
    let node = Node::at(&proxy.url()).await;
    let mut there = node.enter(&[]).await;
    let client = node.enter(&[]).await;
    let ticket = saved(&redis, client).await;
    redis.command(&["COPY", "socket.io", "before"]);
    node.hub().emit(&News(1)).unwrap();
    there.expect(json!(["news", 1])).await;
    proxy.cut();
    until("it is away", || node.hub().stats().cluster_connected == 0).await;
    redis.command(&["RENAME", "before", "socket.io"]);
    // Other nodes are there sooner.
    for _ in 0..5 {
        redis.command(&["XADD", "socket.io", "*", "nsp", "/none"]);
    }
    proxy.heal();
    node.connected().await;
    assert_eq!(*node.gaps.lock().unwrap(), [None], "the loss is told");
    node.hub().emit(&News(2)).unwrap();
    there.expect(json!(["news", 2])).await;
    is_refused(&node, &ticket).await;
}
