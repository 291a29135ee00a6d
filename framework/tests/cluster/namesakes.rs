//! Two nodes with one `server_id`: neither hears the other, and each says why.

use roomcast::{
    Hub,
    adapter::{InProcess, IntoAdapter, Redis},
    testing::TestServer,
};
use tokio::time::timeout;

use crate::common::{member::members, redis::RedisServer, until};
use crate::waiting::PATIENCE;

async fn node(adapter: impl IntoAdapter + 'static, id: &str) -> TestServer {
    let (hub, _) = members();
    let hub = hub.server_id(id).adapter(adapter).build().expect("a hub");
    let server = TestServer::builder(hub).start();
    let cluster = server.hub().cluster().expect("an adapter");
    let connected = timeout(PATIENCE, cluster.connected()).await;
    connected.expect("connected in time");
    server
}

fn heard(hub: &Hub) -> u64 {
    hub.stats().cluster_namesakes
}

async fn each_hears_the_other<A: IntoAdapter + 'static>(adapter: impl Fn(String) -> A) {
    let redis = RedisServer::start();
    let one = node(adapter(redis.url()), "node-1").await;
    let other = node(adapter(redis.url()), "node-2").await;
    let twin = node(adapter(redis.url()), "node-1").await;
    let both = || [one.hub(), twin.hub()].iter().all(|hub| heard(hub) > 1);
    until("both hear that there is another", both).await;
    assert_eq!(heard(other.hub()), 0);
}

#[actix_web::test]
async fn over_pub_sub() {
    each_hears_the_other(Redis::pub_sub).await;
}

#[actix_web::test]
async fn over_sharded_pub_sub() {
    each_hears_the_other(Redis::sharded).await;
}

#[actix_web::test]
async fn over_streams() {
    each_hears_the_other(Redis::streams).await;
}

#[actix_web::test]
async fn over_streams_and_sharded_pub_sub() {
    each_hears_the_other(|url| Redis::streams(url).use_sharded_pub_sub(true)).await;
}

#[actix_web::test]
async fn in_one_process() {
    let cluster = InProcess::new();
    let one = node(cluster.clone(), "node-1").await;
    let other = node(cluster.clone(), "node-2").await;
    assert_eq!([&one, &other].map(|node| heard(node.hub())), [0, 0]);
    let twin = node(cluster, "node-1").await;
    assert_eq!(heard(twin.hub()), 1);
}
