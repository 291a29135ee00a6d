//! A node that leaves answers those who have counted it.

use tokio::sync::oneshot;

use super::*;
use crate::proxy::{Kind, Proxy};

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

#[actix_web::test]
async fn what_is_in_the_stream_when_it_leaves_is_answered() {
    let redis = RedisServer::start();
    // Nobody learns otherwise that a node has left.
    redis.command(&["ACL", "SETUSER", "default", "-pubsub|channels"]);
    let proxy = Proxy::before(redis.port()).await;
    let leaving = Node::start(|hub| hub.adapter(Redis::streams(proxy.url()))).await;
    let patient = |hub: HubBuilder| hub.requests_timeout(PATIENCE * 2);
    let other = Node::start(|hub| patient(hub).adapter(Redis::streams(redis.url()))).await;
    let (reached, is_reached) = oneshot::channel();
    let (go_on, may_go_on) = oneshot::channel();
    proxy.before_command(b"XREAD", 1, async move {
        let _ = reached.send(());
        let _ = may_go_on.await;
    });
    // It reads this, and asks for what follows.
    other.emit(1);
    is_reached.await.expect("it reads");
    let joining = other.hub().everyone().join(["b"]);
    let leaves = async {
        // The join, and what asks whether it was done.
        until("it is in the stream", || {
            redis.command(&["XLEN", "socket.io"]).trim() == "3"
        })
        .await;
        let left = async {
            let counted = || redis.command(&["PUBSUB", "NUMSUB", "socket.io#/#"]);
            until("it is not counted", || counted().trim().ends_with("\n1")).await;
            let _ = go_on.send(());
        };
        tokio::join!(leaving.hub().drain(), left)
    };
    let both = async { tokio::join!(joining, leaves) };
    let (joined, _) = timeout(PATIENCE * 3, both).await.expect("drained in time");
    assert!(joined.is_ok(), "{joined:?}");
}

#[actix_web::test]
async fn who_has_died_is_not_waited_for() {
    let redis = RedisServer::start();
    let patient = |hub: HubBuilder| hub.requests_timeout(PATIENCE * 2);
    let node = Node::start(|hub| patient(hub).adapter(Redis::streams(redis.url()))).await;
    // As another node listens.
    let other = ["socket.io#/#", "socket.io#/#other#"].map(|channel| redis.listen(channel));
    let dies = async {
        let stats = || redis.command(&["INFO", "commandstats"]);
        until("it is counted", || stats().contains("pubsub|numsub")).await;
        drop(other);
    };
    let everyone = node.hub().everyone();
    let (found, ()) = tokio::join!(everyone.fetch_sockets(), dies);
    let found = found.expect("sockets");
    assert!(
        found.is_complete(),
        "{} nodes",
        found.missing_nodes().unwrap_or(0)
    );
    assert_eq!(node.hub().stats().cluster_requests_timed_out, 0);
}

#[actix_web::test]
async fn who_was_counted_and_has_died_has_confirmed_nothing() {
    let redis = RedisServer::start();
    let patient = |hub: HubBuilder| hub.requests_timeout(PATIENCE * 2);
    let node = Node::start(|hub| patient(hub).adapter(Redis::streams(redis.url()))).await;
    let other = ["socket.io#/#", "socket.io#/#other#"].map(|channel| redis.listen(channel));
    let dies = async {
        until("it is asked", || {
            redis.command(&["XLEN", "socket.io"]).trim() == "2"
        })
        .await;
        drop(other);
    };
    let everyone = node.hub().everyone();
    let (joined, ()) = tokio::join!(everyone.join(["b"]), dies);
    assert!(
        matches!(joined, Err(EmitError::Unconfirmed { missing: Some(1) })),
        "{joined:?}"
    );
}

#[actix_web::test]
async fn who_is_not_counted_any_more_confirms_nothing() {
    let redis = RedisServer::start();
    let proxy = Proxy::before(redis.port()).await;
    let slow = Redis::streams(proxy.url()).response_timeout(PATIENCE * 2);
    let leaving = Node::start(|hub| hub.adapter(slow)).await;
    let other = Node::start(|hub| hub.adapter(Redis::streams(redis.url()))).await;
    // It is not gone before it knows that this is in the stream.
    proxy.mute(Kind::Writer);
    leaving.emit(1);
    let joining = async {
        let nobody = || leaving.hub().to("nobody");
        until("it has left", || nobody().emit_raw("text", &(0,)).is_err()).await;
        // As a node listens that does not answer.
        let _silent = ["socket.io#/#", "socket.io#/#other#"].map(|it| redis.listen(it));
        other.hub().everyone().join(["b"]).await
    };
    tokio::select! {
        drained = leaving.hub().drain() => panic!("{drained}"),
        joined = joining => assert!(joined.is_err(), "nobody has answered who was counted"),
    }
}
