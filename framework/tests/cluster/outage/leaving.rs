//! A node that leaves answers those who have counted it.

use tokio::sync::oneshot;

use super::*;
use crate::proxy::Proxy;

async fn answers_while_it_leaves<A: roomcast::adapter::IntoAdapter + 'static>(
    adapter: impl Fn(String) -> A,
    unsubscribes: &'static [u8],
) {
    let redis = RedisServer::start();
    let proxy = Proxy::before(redis.port()).await;
    let leaving = Node::start(|hub| hub.adapter(adapter(proxy.url()))).await;
    let other = Node::start(|hub| hub.adapter(adapter(redis.url()))).await;
    let (reached, is_reached) = oneshot::channel();
    let (go_on, may_go_on) = oneshot::channel();
    proxy.before_command(unsubscribes, 1, async move {
        let _ = reached.send(());
        let _ = may_go_on.await;
    });
    let asking = async {
        is_reached.await.expect("it unsubscribes");
        let everyone = other.hub().everyone().timeout(PATIENCE);
        let found = everyone.fetch_sockets().await.expect("sockets");
        let _ = go_on.send(());
        found.is_complete()
    };
    let both = async { tokio::join!(leaving.hub().drain(), asking) };
    let (_, complete) = timeout(PATIENCE * 2, both).await.expect("drained in time");
    assert!(complete);
}

#[actix_web::test]
async fn over_pub_sub() {
    answers_while_it_leaves(Redis::pub_sub, b"UNSUBSCRIBE").await;
}

#[actix_web::test]
async fn over_sharded_pub_sub() {
    answers_while_it_leaves(Redis::sharded, b"SUNSUBSCRIBE").await;
}

#[actix_web::test]
async fn over_streams() {
    answers_while_it_leaves(Redis::streams, b"UNSUBSCRIBE").await;
}
