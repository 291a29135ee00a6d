//! Entries that are too many, or too large, for one reply.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, timeout};

use super::{
    super::link_tests::redis::RedisServer,
    adapter::StreamsAdapter,
    portion::Portion,
    wire::Wire,
    writer::{PART, Writer},
};
use crate::{
    Hub, Recovery,
    cluster::{
        actor::tests::Anyone,
        adapter::{AdapterContext, Inbound, Message, Redis},
    },
    id::EntryId,
    metrics::Metrics,
};

/// The bound on replies: those of the rest of what a node asks for are shorter.
const MAX_REPLY: u64 = 100_000;

/// Adds entries at once, so that a reader is behind: so many, each with a text of so many bytes, of another
/// node or of this one.
const ADD: &str = r#"
    for number = 1, tonumber(ARGV[2]) do
        local text = string.rep('x', tonumber(ARGV[3]))
        local data = '{"packet":{"type":2,"nsp":"/","data":["news","' .. text .. '"]},'
            .. '"opts":{"rooms":[],"except":[],"flags":{}}}'
        redis.call('XADD', KEYS[1], '*', 'uid', ARGV[1], 'nsp', '/', 'type', '3', 'data', data, 'more', text, 'again', text)
    end
"#;

/// A node, on this thread.
async fn node(redis: &RedisServer) -> Hub {
    let mut adapter = Redis::streams(redis.url());
    adapter.link.max_reply = MAX_REPLY;
    let hub = Hub::builder()
        .namespace::<Anyone>("/")
        .connection_state_recovery(Recovery::new())
        .adapter(adapter)
        .build()
        .unwrap();
    hub.core.node.local_or_start().unwrap();
    hub.cluster().unwrap().connected().await;
    hub
}

fn add(redis: &RedisServer, sender: &str, count: usize, bytes: usize) {
    let (count, bytes) = (count.to_string(), bytes.to_string());
    redis.command(&["EVAL", ADD, "1", "socket.io", sender, &count, &bytes]);
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        sleep(Duration::from_millis(1)).await;
    }
}

#[actix::test]
async fn entries_that_are_too_many_for_one_reply_are_read_in_several() {
    let redis = RedisServer::start();
    let hub = node(&redis).await;
    add(&redis, "other", 40, 20_000);
    until("all are read", || hub.stats().cluster_received == 40).await;
    let stats = hub.stats();
    assert_eq!((stats.cluster_gaps, stats.cluster_disconnects), (0, 0));
}

#[actix::test]
async fn an_entry_that_is_too_large_for_a_reply_is_a_gap() {
    let redis = RedisServer::start();
    let hub = node(&redis).await;
    add(&redis, "other", 2, 20_000);
    add(&redis, "other", 1, 99_000);
    add(&redis, "other", 2, 20_000);
    until("all others are read", || hub.stats().cluster_received == 4).await;
    let stats = hub.stats();
    assert_eq!((stats.cluster_gaps, stats.cluster_disconnects), (1, 0));
}

#[actix::test]
async fn what_a_client_missed_is_read_in_several_replies_and_the_link_holds() {
    let redis = RedisServer::start();
    let hub = node(&redis).await;
    add(&redis, "other", 40, 20_000);
    until("all are read", || hub.stats().cluster_received == 40).await;
    let core = hub.cluster().unwrap().core;
    let log = core.adapter.recovery_log().unwrap();
    let (mut after, up_to) = (EntryId::default(), log.head("/"));
    let mut missed = 0;
    while after < up_to {
        let mut found = |_, _: Message<'_>| missed += 1;
        after = log
            .read("/", after, up_to, &mut found)
            .await
            .unwrap()
            .unwrap();
    }
    assert_eq!(missed, 40);
    add(&redis, "other", 1, 99_000);
    until("it is passed over", || hub.stats().cluster_gaps == 1).await;
    let read = log.read("/", after, log.head("/"), &mut |_, _| ()).await;
    assert!(
        read.is_err(),
        "a client does not come back over it: {read:?}"
    );
    assert_eq!(hub.stats().cluster_disconnects, 0);
}

#[actix::test]
async fn who_may_not_read_what_was_missed_is_told_at_once() {
    let redis = RedisServer::start();
    let hub = node(&redis).await;
    add(&redis, "other", 1, 10);
    until("it is read", || hub.stats().cluster_received == 1).await;
    redis.command(&["ACL", "SETUSER", "default", "-xrange"]);
    let core = hub.cluster().unwrap().core;
    let log = core.adapter.recovery_log().unwrap();
    let mut found = |_, _: Message<'_>| ();
    let read = log.read("/", EntryId::default(), log.head("/"), &mut found);
    let read = timeout(Duration::from_secs(30), read).await.unwrap();
    assert!(read.unwrap_err().to_string().contains("xrange"));
}

#[actix::test]
async fn a_node_finds_its_entries_behind_those_that_are_too_many_for_one_reply() {
    let redis = RedisServer::start();
    let hub = node(&redis).await;
    let mut options = Redis::streams(redis.url());
    options.link.max_reply = MAX_REPLY;
    let context = AdapterContext {
        server_id: "node".into(),
        recovery: true,
        metrics: Arc::new(Metrics::new()),
    };
    let adapter = Arc::new(StreamsAdapter::new(&options.link, options.dialect, &context).unwrap());
    let inbound = Inbound::new(&hub.cluster().unwrap().core);
    actix::spawn(Arc::clone(&adapter).run_on(inbound));
    let writer = Writer {
        lane: Arc::clone(&adapter.lanes[0]),
        server_id: context.server_id,
        response_timeout: adapter.response_timeout,
        portion: Portion::new(PART),
        metrics: context.metrics,
    };
    let begun = Instant::now();
    let mut wire = loop {
        match Wire::open(&adapter.link, writer.lane.key(), adapter.response_timeout).await {
            Ok(wire) => break wire,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(30), "{error}"),
        }
        sleep(Duration::from_millis(1)).await;
    };
    for (sender, count, bytes) in [
        ("other", 20, 20_000),
        ("node", 1, 10),
        ("other", 20, 20_000),
        ("node", 1, 99_000),
        ("other", 2, 99_000),
        ("node", 1, 10),
    ] {
        add(&redis, sender, count, bytes);
    }
    let last = writer.lane.info(&mut wire, 0).await.unwrap().last;
    let bounds = (EntryId::default(), last);
    let own = writer.last_own(&mut wire, 0, bounds, 10).await.unwrap();
    assert_eq!((own.len(), own.last()), (3, Some(&last)));
}
