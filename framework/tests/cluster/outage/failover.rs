//! Messages of two nodes go on when a replica has become the master that the sentinels name.

use roomcast::adapter::{IntoAdapter, Redis};
use tokio::time::timeout;

use super::{Node, number};
use crate::{common::redis::Sentinels, waiting::PATIENCE};

/// Where the masters are; the host of the URL means nothing.
const NOWHERE: &str = "redis://sentinels/";

/// Returns the first number that came to the other node of those that were emitted while there was no master: the
/// others came behind it, in order and once.
async fn first_after_a_failover<A: IntoAdapter + 'static>(
    adapter: impl Fn(&Sentinels) -> A,
) -> u32 {
    let mut sentinels = Sentinels::start();
    let mut one = Node::start(|hub| hub.adapter(adapter(&sentinels))).await;
    let mut other = Node::start(|hub| hub.adapter(adapter(&sentinels))).await;
    let (here, there) = (one.enter(&["a"]).await, other.enter(&["a"]).await);
    one.emit(0);
    assert_eq!([number(&here).await, number(&there).await], [0, 0]);

    sentinels.master.kill();
    one.notices().await;
    other.notices().await;
    for waiting in 1..=10 {
        one.emit(waiting);
    }
    for node in [&one, &other] {
        // The sentinel waits, and asks the replica to be the master.
        let cluster = node.hub().cluster().expect("an adapter");
        let connected = timeout(PATIENCE * 6, cluster.connected()).await;
        connected.expect("connected in time");
    }
    one.emit(11);
    let first = number(&there).await;
    for expected in first + 1..=11 {
        assert_eq!(number(&there).await, expected);
    }
    other.emit(12);
    assert_eq!(number(&there).await, 12);
    for expected in 1..=12 {
        assert_eq!(number(&here).await, expected);
    }
    first
}

#[actix_web::test]
async fn over_pub_sub() {
    let adapter =
        |sentinels: &Sentinels| Redis::pub_sub(NOWHERE).sentinel("main", [sentinels.url()]);
    let first = first_after_a_failover(adapter).await;
    // What waits is sent as soon as its node is back, perhaps before the other is.
    assert!((1..=11).contains(&first));
}

#[actix_web::test]
async fn over_streams_what_waited_comes_whole() {
    let adapter =
        |sentinels: &Sentinels| Redis::streams(NOWHERE).sentinel("main", [sentinels.url()]);
    assert_eq!(first_after_a_failover(adapter).await, 1);
}
