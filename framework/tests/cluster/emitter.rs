//! A process without sockets emits to a cluster: with the bytes of Node's emitter, and to nodes.

#![cfg(feature = "redis")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

use crate::common::{
    member::{Member, Number, members_with},
    redis::{Certificate, RedisCluster, RedisServer, Sentinels},
    until,
};
use crate::proxy::Proxy;
use crate::waiting::{PATIENCE, asked};
use roomcast::{
    Binary, Emitter, EmitterError, Namespace, NamespaceBuilder,
    adapter::{IntoAdapter, IntoEmitter, Redis, Streams},
    prelude::*,
    testing::TestServer,
};
use serde_json::{Value, json};
use tokio::time::timeout;

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "hello")]
struct Hello(String, Value);

/// Everything that is published, as bytes.
struct Published(BufReader<TcpStream>);

impl Published {
    fn on(redis: &RedisServer) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", redis.port())).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream.write_all(b"PSUBSCRIBE *\r\n").unwrap();
        let mut published = Self(BufReader::new(stream));
        // psubscribe, the pattern, how many.
        published.line();
        published.bulk();
        published.bulk();
        published.line();
        published
    }

    /// Channel and payload of the next.
    fn next(&mut self) -> (String, Vec<u8>) {
        self.line();
        self.bulk();
        self.bulk();
        (String::from_utf8(self.bulk()).unwrap(), self.bulk())
    }

    fn bulk(&mut self) -> Vec<u8> {
        let length = self.line();
        let length: usize = length.strip_prefix('$').unwrap().parse().unwrap();
        let mut bytes = vec![0; length + 2];
        self.0.read_exact(&mut bytes).unwrap();
        bytes.truncate(length);
        bytes
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

/// What Node's emitter published when this was called.
fn recorded(op: &str) -> (String, String) {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/fixtures/redis-emitter.json"
    );
    let recording: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let steps = recording["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["op"] == op).expect(op);
    let command = &step["commands"][0];
    let text = |member: &str| command[member].as_str().unwrap().to_owned();
    (text("channel"), text("payload"))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = bytes.chunks(3).flat_map(|group| {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        (0..4).map(move |digit| match digit <= group.len() {
            true => char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]),
            false => '=',
        })
    });
    digits.collect()
}

#[actix_web::test]
async fn the_bytes_are_those_of_nodes_emitter() {
    let redis = RedisServer::start();
    let emitter = Emitter::connect(redis.url().as_str()).await.unwrap();
    let mut published = Published::on(&redis);
    let mut check = |op: &str| {
        let (channel, payload) = published.next();
        assert_eq!((channel, base64(&payload)), recorded(op), "{op}");
    };

    emitter.emit_raw("m1", &[1]).await.unwrap();
    check("emitter.emit('m1', 1)");
    let bytes = [Binary::from(vec![1, 2])];
    emitter.to("room1").emit_raw("m2", &bytes).await.unwrap();
    check("emitter.to('room1').emit('m2', <Buffer>)");
    let broadcast = emitter.to("room1").to("room2").except("room3");
    let broadcast = broadcast.volatile().compress(false);
    broadcast.emit_raw("m3", &()).await.unwrap();
    check("emitter.to(['room1','room2']).except('room3').volatile.compress(false).emit('m3')");
    emitter.of("chat").emit_raw("m4", &()).await.unwrap();
    check("emitter.of('chat').emit('m4')");
    emitter.broadcast().join(["x", "y"]).await.unwrap();
    check("emitter.socketsJoin(['x','y'])");
    let some = emitter.to("room1").except("x");
    some.leave(["y"]).await.unwrap();
    check("emitter.in('room1').except('x').socketsLeave('y')");
    let hello = Hello("w".to_owned(), json!({ "a": 1 }));
    emitter.server_side_emit(&hello).await.unwrap();
    check("emitter.serverSideEmit('hello', 'w', {a:1})");
    emitter.to("room1").disconnect(true).await.unwrap();
    check("emitter.in('room1').disconnectSockets(true)");
    emitter.broadcast().disconnect(false).await.unwrap();
    check("emitter.disconnectSockets()");
}

#[actix_web::test]
async fn nodes_on_pub_sub_obey_it() {
    let redis = RedisServer::start();
    let options = || Redis::pub_sub(redis.url()).key("k");
    obeyed(options(), options()).await;
}

#[actix_web::test]
async fn nodes_on_streams_obey_it() {
    let redis = RedisServer::start();
    let options = || Redis::streams(redis.url()).stream_count(4);
    obeyed(options(), options()).await;
}

async fn obeyed(node: impl IntoAdapter + 'static, emitter: impl IntoEmitter) {
    let namespace = NamespaceBuilder::named::<Member>("/").on_server_side(
        async |hello: Hello, namespace: &Namespace| {
            let told = namespace.everyone().local().emit(&hello);
            told.expect("emitted");
        },
    );
    let (hub, mut hall) = members_with(namespace);
    let server = TestServer::builder(hub.adapter(node).build().unwrap()).start();
    let cluster = server.hub().cluster().unwrap();
    timeout(PATIENCE, cluster.connected()).await.unwrap();
    let (client, socket) = hall.enter(&server, &[]).await;

    let emitter = Emitter::connect(emitter).await.unwrap();
    let id = socket.id().to_string();
    emitter.to(&id).join(["a", "b"]).await.unwrap();
    let rooms = || server.hub().namespace("/").unwrap().rooms().len();
    until("it is in the rooms", || rooms() == 2).await;
    emitter.to("a").emit(&Number(7)).await.unwrap();
    let received = timeout(PATIENCE, client.expect::<Number>()).await;
    assert_eq!(received.unwrap(), Number(7));
    emitter.to("a").leave(["b"]).await.unwrap();
    until("it has left one", || rooms() == 1).await;
    let hello = Hello("servers".to_owned(), Value::Null);
    emitter.server_side_emit(&hello).await.unwrap();
    let heard = timeout(PATIENCE, client.expect::<Hello>()).await;
    assert_eq!(heard.unwrap(), hello);
    emitter.except("a").disconnect(true).await.unwrap();
    emitter.to("a").disconnect(false).await.unwrap();
    until("it is disconnected", || !socket.is_connected()).await;
}

#[actix_web::test]
async fn a_lost_connection_is_made_anew() {
    let mut redis = RedisServer::start();
    let emitter = Emitter::connect(redis.url().as_str()).await.unwrap();
    redis.kill();
    let error = emitter.emit(&Number(1)).await.unwrap_err();
    assert!(matches!(error, EmitterError::Redis(_)), "{error}");
    redis.restart();
    let mut published = Published::on(&redis);
    emitter.emit(&Number(2)).await.unwrap();
    assert_eq!(published.next().0, "socket.io#/#");
    // Nobody notices that the server has closed the connection meanwhile.
    redis.command(&["CLIENT", "KILL", "TYPE", "normal"]);
    until_emitted(&emitter).await;
}

/// The connection's end may not have arrived yet, or nobody may be the master.
async fn until_emitted(emitter: &Emitter) {
    let emitted = asked(async || emitter.emit(&Number(3)).await.is_ok());
    timeout(PATIENCE * 6, emitted).await.unwrap();
}

fn publishes(redis: &RedisServer) -> usize {
    calls(redis, "publish")
}

#[actix_web::test]
async fn over_tls_as_a_user() {
    let certificate = Certificate::new();
    let redis = RedisServer::with_tls(&certificate, "no");
    redis.command(&["ACL", "SETUSER", "ann", "on", ">pw", "~*", "&*", "+@all"]);
    let emitter = |password: &str| {
        let url = format!("rediss://ann:{password}@localhost:{}/", redis.port());
        let options = Redis::pub_sub(url).root_certificate(certificate.pem());
        Emitter::connect(options)
    };
    let ann = emitter("pw").await.unwrap();
    ann.emit(&Number(1)).await.unwrap();
    assert_eq!(publishes(&redis), 1);
    let refused = emitter("no").await.unwrap_err().to_string();
    assert!(refused.contains("username-password"), "{refused}");
}

#[actix_web::test]
async fn the_master_that_the_sentinels_name_is_followed() {
    let mut sentinels = Sentinels::start();
    let options = Redis::pub_sub("redis://unused/").sentinel("main", [sentinels.url()]);
    let emitter = Emitter::connect(options).await.unwrap();
    emitter.emit(&Number(1)).await.unwrap();
    assert_eq!(publishes(&sentinels.master), 1);
    let before = publishes(&sentinels.replica);
    sentinels.master.kill();
    until_emitted(&emitter).await;
    // Of what failed for want of an answer some may have been published all the same.
    assert!(publishes(&sentinels.replica) > before);
}

#[actix_web::test]
async fn in_a_redis_cluster_each_command_goes_to_its_master() {
    let redis = RedisCluster::start();
    let options = Redis::streams(redis.nodes[0].url()).cluster::<String>([]);
    let emitter = Emitter::connect(options).await.unwrap();
    emitter.emit(&Number(1)).await.unwrap();
    emitter.emit(&Number(2)).await.unwrap();
    let lengths = redis
        .nodes
        .iter()
        .map(|node| node.command(&["XLEN", "socket.io"]));
    // The others say who has it.
    let there: Vec<_> = lengths.filter(|length| !length.contains("MOVED")).collect();
    assert_eq!(there, ["2\n"]);

    let options = Redis::pub_sub(redis.nodes[0].url()).cluster::<String>([]);
    let emitter = Emitter::connect(options).await.unwrap();
    let mut published = redis.nodes.iter().map(Published::on).collect::<Vec<_>>();
    emitter.emit(&Number(3)).await.unwrap();
    for published in &mut published {
        assert_eq!(published.next().0, "socket.io#/#", "every node tells it");
    }
}

fn calls(redis: &RedisServer, command: &str) -> usize {
    let stats = redis.command(&["INFO", "commandstats"]);
    let calls = stats.split_once(&format!("cmdstat_{command}:calls="));
    calls.map_or(0, |(_, calls)| {
        calls.split(',').next().unwrap().parse().unwrap()
    })
}

/// Masters that serve their slots when another one does not, and a namespace whose stream is at this one.
async fn of_masters(masters: [usize; 2]) -> (RedisCluster, Redis<Streams>, [String; 2]) {
    let redis = RedisCluster::start();
    for node in &redis.nodes {
        node.command(&["CONFIG", "SET", "cluster-require-full-coverage", "no"]);
    }
    let options = Redis::streams(redis.nodes[0].url()).cluster::<String>([]);
    let options = options.stream_count(16);
    let probe = Emitter::connect(options.clone()).await.unwrap();
    let mut names = masters.map(|_| String::new());
    for (master, found) in masters.iter().zip(&mut names) {
        for number in 0.. {
            let name = format!("/{number}");
            let before = calls(&redis.nodes[*master], "xadd");
            probe.of(&name).emit(&Number(0)).await.unwrap();
            if calls(&redis.nodes[*master], "xadd") > before {
                *found = name;
                break;
            }
        }
    }
    (redis, options, names)
}

#[actix_web::test]
async fn a_master_that_is_away_fails_nobody_who_waits_for_another() {
    let (mut redis, options, [away, there]) = of_masters([1, 2]).await;
    let emitter = Emitter::connect(options).await.unwrap();
    redis.nodes[1].kill();
    let (away, there) = (emitter.of(&away), emitter.of(&there));
    let (failed, emitted) = tokio::join!(away.emit(&Number(1)), there.emit(&Number(2)));
    assert!(failed.is_err());
    assert!(emitted.is_ok(), "{emitted:?}");
}

#[actix_web::test]
async fn a_master_that_does_not_answer_holds_up_nobody_who_is_for_another() {
    let (redis, options, [silent, there]) = of_masters([1, 2]).await;
    let options = options.connection_timeout(PATIENCE);
    let emitter = Emitter::connect(options.response_timeout(PATIENCE))
        .await
        .unwrap();
    let (silent, there) = (emitter.of(&silent), emitter.of(&there));
    redis.nodes[1].pause();
    let emitted = tokio::select! {
        biased;
        failed = silent.emit(&Number(1)) => panic!("{failed:?}"),
        emitted = there.emit(&Number(2)) => emitted,
    };
    redis.nodes[1].resume();
    assert!(emitted.is_ok(), "{emitted:?}");
}

#[actix_web::test]
async fn callers_wait_for_one_attempt_to_connect_and_not_one_after_the_other() {
    let redis = RedisServer::start();
    // Redis does not count those that are given up before it looks.
    let proxy = Proxy::before(redis.port()).await;
    let options = Redis::pub_sub(proxy.url())
        .response_timeout(Duration::from_secs(1))
        .connection_timeout(Duration::from_secs(1));
    let emitter = Emitter::connect(options).await.unwrap();
    let before = proxy.accepted();
    redis.pause();
    // On the connection there is, which is given up, and then on a new one.
    assert!(emitter.emit(&Number(0)).await.is_err());
    let emits = (1..=5).map(|number| {
        let emitter = &emitter;
        async move { emitter.emit(&Number(number)).await }
    });
    for emitted in futures_util::future::join_all(emits).await {
        assert!(emitted.is_err());
    }
    assert_eq!(proxy.accepted() - before, 1);
    redis.resume();
    until_emitted(&emitter).await;
}

#[actix_web::test]
async fn what_cannot_be_emitted_is_an_error() {
    let redis = RedisServer::start();
    let emitter = Emitter::connect(redis.url().as_str()).await.unwrap();
    let error = emitter.emit_raw("connect", &()).await.unwrap_err();
    assert!(matches!(error, EmitterError::Event(_)), "{error}");
    let error = emitter.emit_raw("e", &7).await.unwrap_err();
    assert!(matches!(error, EmitterError::Event(_)), "{error}");
    assert!(Emitter::connect("http://host").await.is_err());
}
