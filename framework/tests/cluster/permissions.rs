//! What the guide says that a user of Redis needs is enough, and Redis denies nothing else than what the guide says may be
//! refused.

use std::{collections::BTreeSet, fs, time::Duration};

use roomcast::{
    NamespaceBuilder,
    adapter::{IntoAdapter, Redis},
    testing::TestServer,
};
use serde_json::json;
use tokio::time::timeout;

use crate::common::{
    member::{Hall, Member, Number, members},
    redis::RedisServer,
    until,
};
use crate::streams::world;
use crate::waiting::PATIENCE;
use crate::wire::recovering::Client;

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../guide/src/running-redis.md");
    fs::read_to_string(path).expect("the guide")
}

/// What stands between backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The rules of these rows of the table. A command is in capitals: `PUBSUB NUMSUB` becomes `+pubsub|numsub`.
fn rows(names: &[&str]) -> Vec<String> {
    let page = page();
    let mut rules = Vec::new();
    for name in names {
        let start = format!("| {name} | ");
        let row = page.lines().find_map(|line| line.strip_prefix(&start));
        let row = row.unwrap_or_else(|| panic!("no row {name}"));
        let (commands, places) = row.split_once(" | ").unwrap_or((row, ""));
        let commands = code(commands).filter(|command| !command.contains(char::is_lowercase));
        // Redis 7.0 does not know what "is tried and may be refused".
        let commands = commands.filter(|command| *command != "CLIENT SETINFO");
        rules.extend(commands.map(|name| format!("+{}", name.to_lowercase().replace(' ', "|"))));
        rules.extend(code(places).map(ToOwned::to_owned));
    }
    assert!(rules.len() > names.len(), "{rules:?}");
    rules
}

/// The arguments of the command that the page gives as an example.
fn example() -> Vec<String> {
    let page = page();
    let (_, rest) = page.split_once("\nACL SETUSER app ").expect("the command");
    let (rules, _) = rest.split_once("```").expect("its end");
    rules.split_whitespace().map(ToOwned::to_owned).collect()
}

/// A Redis with a user that may do this and nothing else, and its URL.
fn redis(rules: &[String]) -> (RedisServer, String) {
    let redis = RedisServer::start();
    let mut command = vec!["ACL", "SETUSER", "app"];
    command.extend(rules.iter().map(String::as_str));
    assert_eq!(redis.command(&command).trim(), "OK", "{rules:?}");
    let url = format!("redis://app:secret@127.0.0.1:{}/", redis.port());
    (redis, url)
}

/// Nothing but what rows of the table give.
fn only(rules: Vec<String>) -> Vec<String> {
    let nothing = ["on", ">secret", "resetkeys", "resetchannels", "-@all"];
    let nothing = nothing.iter().map(ToString::to_string);
    nothing.chain(rules).collect()
}

/// Commands, keys and channels that the user was denied.
fn denied(redis: &RedisServer) -> BTreeSet<String> {
    let log = redis.command(&["ACL", "LOG", "128"]);
    let lines: Vec<_> = log.lines().collect();
    let objects = lines.windows(2).filter(|pair| pair[0] == "object");
    objects.map(|pair| pair[1].to_owned()).collect()
}

async fn node(adapter: impl IntoAdapter + 'static) -> (TestServer, Hall) {
    let (hub, hall) = members();
    let hub = hub.namespace_with(NamespaceBuilder::named::<Member>("/admin"));
    let hub = hub
        .adapter(adapter)
        .requests_timeout(Duration::from_secs(10));
    let server = TestServer::builder(hub.build().expect("a hub")).start();
    let cluster = server.hub().cluster().expect("an adapter");
    let connected = timeout(PATIENCE, cluster.connected()).await;
    connected.expect("connected in time");
    (server, hall)
}

/// Two nodes do what needs most commands.
async fn carries_everything<A: IntoAdapter + 'static>(
    adapter: impl Fn() -> A,
) -> (TestServer, TestServer) {
    let ((one, mut hall), (other, _)) = (node(adapter()).await, node(adapter()).await);
    let (client, _) = hall.enter(&one, &["a"]).await;
    let cluster = one.hub().cluster().expect("an adapter");
    cluster.subscribed().await;
    other.hub().to("a").emit(&Number(1)).expect("emitted");
    let number = timeout(PATIENCE, client.expect::<Number>()).await;
    assert_eq!(number, Ok(Number(1)));
    let found = other
        .hub()
        .everyone()
        .fetch_sockets()
        .await
        .expect("sockets");
    assert!(found.is_complete());
    assert_eq!(found.len(), 1);
    let joined = other.hub().to("a").join(["b"]).await;
    joined.expect("applied");
    let members = one.hub().to("b").local().fetch_sockets().await;
    assert_eq!(members.expect("sockets").len(), 1);
    let admin = other.hub().namespace("/admin").expect("a namespace");
    let counted = other.hub().cluster().expect("an adapter");
    assert_eq!(counted.server_count(&admin).await.ok(), Some(2));
    client.disconnect().await;
    (one, other)
}

/// Those of users and presence, which the user has no rights for. Without `SUBSCRIBE` for itself, a node of `pub_sub` would
/// not connect.
const NOT_GIVEN: [&str; 5] = [
    "roomcast:changes",
    "subscribe",
    "script|load",
    "evalsha",
    "eval",
];

fn only_presence_is_denied(redis: &RedisServer) {
    let mut denied = denied(redis);
    for object in NOT_GIVEN {
        denied.remove(object);
    }
    // Of names and versions, which is tried only.
    denied.remove("client|setinfo");
    assert_eq!(denied, BTreeSet::new());
}

#[actix_web::test]
async fn the_example_is_enough_for_pub_sub() {
    let (redis, url) = redis(&example());
    carries_everything(|| Redis::pub_sub(&url)).await;
    only_presence_is_denied(&redis);
}

#[actix_web::test]
async fn the_table_is_enough_for_sharded() {
    let (redis, url) = redis(&only(rows(&["all", "`sharded`"])));
    carries_everything(|| Redis::sharded(&url)).await;
    only_presence_is_denied(&redis);
}

#[actix_web::test]
async fn the_table_is_enough_for_streams() {
    let (redis, url) = redis(&only(rows(&["all", "`streams`"])));
    carries_everything(|| Redis::streams(&url)).await;
    only_presence_is_denied(&redis);
}

#[actix_web::test]
async fn the_table_is_enough_for_streams_with_sharded_channels() {
    // "or what `sharded` needs"
    let mut rules = rows(&["all", "`streams`", "`sharded`"]);
    let unneeded = ["+publish", "+subscribe", "+unsubscribe", "+pubsub|numsub"];
    rules.retain(|rule| !unneeded.contains(&rule.as_str()));
    let (redis, url) = redis(&only(rules));
    carries_everything(|| Redis::streams(&url).use_sharded_pub_sub(true)).await;
    only_presence_is_denied(&redis);
}

#[actix_web::test]
async fn the_table_is_enough_for_recovery() {
    let names = ["all", "`streams`", "`streams` with recovery"];
    let (redis, url) = redis(&only(rows(&names)));
    let (a, b) = (world::Node::at(&url).await, world::Node::at(&url).await);
    let client = a.enter(&["room"]).await;
    let ticket = client.cut();
    let key = format!("sio:session:{}", ticket.pid);
    until("its session is kept", || {
        redis.command(&["EXISTS", &key]).trim() == "1"
    })
    .await;
    b.hub().to("room").emit(&world::News(1)).expect("emitted");
    let (client, recovered) = Client::back(&b.server, &ticket).await;
    assert!(recovered, "{:?}", b.hub().stats().recovery_refused);
    assert_eq!(client.missed, [json!(["news", 1])]);
    only_presence_is_denied(&redis);
}

#[actix_web::test]
async fn the_table_is_enough_for_users_and_presence_and_for_names() {
    let presence = "[users and presence](presence.md)";
    let names = "[`server_ids`, `missing_node_ids`](cluster-calls.md#listing-sockets)";
    let mut rules = example();
    rules.extend(rows(&[presence, names]));
    // "those of hashes, sets and sorted sets"
    rules.extend(["+@hash", "+@set", "+@sortedset"].map(ToOwned::to_owned));
    let (redis, url) = redis(&rules);
    let ((one, mut hall), (other, _)) = (
        node(Redis::pub_sub(&url)).await,
        node(Redis::pub_sub(&url)).await,
    );
    let (_client, socket) = hall.enter(&one, &[]).await;
    socket.bind_user("ann").expect("bound");
    let online = async || other.hub().user("ann").online().await.expect("told");
    timeout(PATIENCE, async { while !online().await {} })
        .await
        .expect("online in time");
    socket.unbind_user().expect("unbound");
    timeout(PATIENCE, async { while online().await {} })
        .await
        .expect("offline in time");
    let seen = other.hub().user("ann").last_seen().await.expect("told");
    assert!(seen.is_some());
    let cluster = other.hub().cluster().expect("an adapter");
    let main = other.hub().namespace("/").expect("a namespace");
    assert_eq!(cluster.server_ids(&main).await.expect("told").len(), 2);
    let mut denied = denied(&redis);
    denied.remove("client|setinfo");
    assert_eq!(denied, BTreeSet::new());
}
