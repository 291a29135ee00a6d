//! What is lost is told.

use std::time::Duration;

use roomcast::{
    Recovery,
    adapter::{Redis, Streams},
};

use super::world::{News, Node};
use crate::common::{redis::RedisServer, until};

#[actix_web::test]
async fn a_redis_that_comes_back_empty_leaves_a_gap() {
    let mut redis = RedisServer::start();
    let node = Node::start(&redis).await;
    let mut client = node.enter(&[]).await;
    redis.restart();
    until("it is told", || *node.gaps.lock().unwrap() == [None]).await;
    node.connected().await;
    node.hub().emit(&News(1)).unwrap();
    client.expect(serde_json::json!(["news", 1])).await;
    assert_eq!(node.hub().stats().cluster_gaps, 1);
}

#[actix_web::test]
async fn entries_that_were_trimmed_while_a_node_was_away_are_counted() {
    let redis = RedisServer::start();
    redis.command(&["ACL", "SETUSER", "node", "on", ">pw", "~*", "&*", "+@all"]);
    let node = Node::at(&redis.url().replace("://", "://node:pw@")).await;
    let mut client = node.enter(&[]).await;
    redis.command(&["ACL", "SETUSER", "node", "off"]);
    redis.command(&["CLIENT", "KILL", "USER", "node"]);
    for _ in 0..5 {
        redis.command(&["XADD", "socket.io", "*", "nsp", "/none"]);
    }
    redis.command(&["XTRIM", "socket.io", "MAXLEN", "2"]);
    redis.command(&["ACL", "SETUSER", "node", "on"]);
    let lost = || node.gaps.lock().unwrap().clone();
    until("it is told", || !lost().is_empty()).await;
    assert_eq!(lost(), [Some(3)]);
    node.connected().await;
    node.hub().emit(&News(1)).unwrap();
    client.expect(serde_json::json!(["news", 1])).await;
}

#[actix_web::test]
async fn entries_that_were_trimmed_before_a_node_that_was_there_read_them_are_counted() {
    let redis = RedisServer::start();
    let small = |streams: Redis<Streams>| {
        let streams = streams.response_timeout(Duration::from_secs(5));
        streams.read_count(5)
    };
    let node = Node::build(&redis.url(), small, Some(Recovery::new()));
    node.connected().await;
    let mut client = node.enter(&[]).await;
    // At once, so that it is late for most of them however fast it is.
    let burst = "for _ = 1, 20 do redis.call('XADD', KEYS[1], '*', 'nsp', '/none') end \
                 redis.call('XTRIM', KEYS[1], 'MAXLEN', 5)";
    redis.command(&["EVAL", burst, "1", "socket.io"]);
    let lost = || node.gaps.lock().unwrap().clone();
    until("it is told", || !lost().is_empty()).await;
    assert_eq!(lost(), [Some(15)]);
    node.hub().emit(&News(1)).unwrap();
    client.expect(serde_json::json!(["news", 1])).await;
    assert_eq!(node.hub().stats().cluster_disconnects, 0);
}

#[actix_web::test]
async fn a_node_that_may_not_read_never_calls_itself_connected() {
    let redis = RedisServer::start();
    redis.command(&[
        "ACL", "SETUSER", "node", "on", ">pw", "~*", "&*", "+@all", "-xread",
    ]);
    let url = redis.url().replace("://", "://node:pw@");
    let node = Node::build(&url, |streams| streams, Some(Recovery::new()));
    redis.wait_for(&["INFO", "commandstats"], |stats| {
        let mut lines = stats
            .lines()
            .filter(|line| line.starts_with("cmdstat_xread:"));
        lines.any(|line| {
            let refused = line.split("rejected_calls=").nth(1);
            let refused = refused.and_then(|rest| rest.split(',').next()?.parse::<u32>().ok());
            refused >= Some(3)
        })
    });
    let stats = node.hub().stats();
    assert_eq!((stats.cluster_connected, stats.cluster_disconnects), (0, 0));
}
