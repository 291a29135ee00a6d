//! The calls of the recordings, made on two hubs.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use roomcast::{
    Binary, HubBuilder, Namespace, NamespaceBuilder,
    prelude::*,
    testing::{TestClient, TestServer},
};
use serde_json::json;
use tokio::time::timeout;

use super::monitor::Monitor;
use crate::common::{
    member::{Hall, Member, members_with},
    redis::{Listening, RedisServer},
};
use crate::waiting::PATIENCE;

/// What only Node's servers can ask, and binary in the data of a socket, which is JSON here.
const NOT_FOR_US: [&str; 3] = [
    "A: io.in('room1').fetchSockets() with binary in socket.data",
    "A: adapter.allRooms()",
    "A: io.allSockets() (socket.io 4.8: local only unless the adapter overrides sockets())",
];

/// A date as clients get it.
const DATE: &str = "2023-11-14T22:13:20.123Z";

#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct Q;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct Q1(String);

#[derive(Serialize, Deserialize, Event)]
#[event(ack = Binary)]
struct Q2;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct Q3(Binary);

#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct Q4;

#[derive(Serialize, Event)]
#[event(name = "hello")]
struct HelloTwo(u32, String);

#[derive(Serialize, Event)]
#[event(name = "hello")]
struct HelloBytes(Binary);

#[derive(Serialize, Deserialize, Event)]
#[event(name = "hello", ack = String)]
struct HelloOne(String);

#[derive(Serialize, Deserialize, Event)]
#[event(name = "hello", ack = String)]
struct HelloAlone;

/// Any of those that have an answer.
#[derive(Serialize, Deserialize, Event)]
#[event(name = "hello", ack = String)]
struct Hello(
    #[serde(default)] Option<String>,
    #[serde(default)] Option<String>,
);

struct Node {
    server: TestServer,
    hall: Hall,
}

pub(crate) struct World<'a> {
    redis: &'a RedisServer,
    pub(crate) monitor: Monitor,
    /// Counts as a node.
    phantom: Option<Listening>,
    /// No node answers events between servers any more.
    silent: Arc<AtomicBool>,
    nodes: BTreeMap<&'static str, Node>,
    clients: BTreeMap<&'static str, (TestClient, Socket)>,
}

impl<'a> World<'a> {
    pub(crate) fn begin(redis: &'a RedisServer) -> Self {
        Self {
            redis,
            monitor: Monitor::on(redis),
            phantom: None,
            silent: Arc::default(),
            nodes: BTreeMap::new(),
            clients: BTreeMap::new(),
        }
    }

    async fn start(&mut self, name: &'static str, adapter: impl FnOnce(HubBuilder) -> HubBuilder) {
        let silent = Arc::clone(&self.silent);
        let main = NamespaceBuilder::named::<Member>("/").on_server_side(
            async move |Hello(said, _): Hello, _: &Namespace| match said {
                _ if silent.load(Ordering::SeqCst) => pending().await,
                Some(_) => "pong from B".to_owned(),
                None => "pong".to_owned(),
            },
        );
        let (hub, hall) = members_with(main);
        let hub = hub
            .namespace::<Member>("/chat")
            // What the handle of a socket waits for.
            .ack_timeout(PATIENCE);
        let hub = adapter(hub).build().expect("a hub");
        let server = TestServer::builder(hub).start();
        let cluster = server.hub().cluster().expect("an adapter");
        let connected = timeout(PATIENCE, cluster.connected()).await;
        connected.expect("connected in time");
        self.nodes.insert(name, Node { server, hall });
    }

    async fn enter(&mut self, name: &'static str, node: &str, namespace: &str) {
        let node = self.nodes.get_mut(node).unwrap();
        let client = TestClient::builder(&node.server).namespace(namespace);
        let client = client.connect().await.expect("a client");
        client.answer(|_: Q| "ack from B".to_owned());
        client.answer(|_: Q1| "ack from B".to_owned());
        client.answer(|_: Q2| Binary::from(vec![9, 8]));
        client.answer(|_: Q3| "ack from B".to_owned());
        client.answer(|_: Q4| "ack from B".to_owned());
        let socket = node.hall.next().await;
        socket.set_data(&json!({"server": "B"})).unwrap();
        self.clients.insert(name, (client, socket));
    }

    fn socket(&self, name: &str) -> &Socket {
        &self.clients[name].1
    }

    /// Whether it is a call for us; what it is to return has been returned.
    pub(crate) async fn make(
        &mut self,
        op: &str,
        adapter: impl FnOnce(HubBuilder) -> HubBuilder,
    ) -> bool {
        match op {
            // With both namespaces.
            "server A creates namespace /chat" => self.start("A", adapter).await,
            "server B starts, with namespaces / and /chat" => self.start("B", adapter).await,
            "client a1 connects to A" => self.enter("a1", "A", "/").await,
            "client b1 connects to B" => self.enter("b1", "B", "/").await,
            "client b2 connects to B" => self.enter("b2", "B", "/").await,
            "client b3 connects to B" => self.enter("b3", "B", "/").await,
            "client bc connects to B on /chat" => self.enter("bc", "B", "/chat").await,
            "client b1 disconnects by itself" => drop(self.clients.remove("b1")),
            "server B closes (io.close)" => {
                self.nodes["B"].server.hub().drain().await;
            }
            "A: io.serverSideEmit('hello', ack) that B never answers" => {
                self.silent.store(true, Ordering::SeqCst);
                self.call("A: io.serverSideEmit('hello', ack): the answer still uses the shared response channel").await;
            }
            "A: io.fetchSockets() with a phantom subscriber that never answers" => {
                self.phantom = Some(self.redis.listen("custom-request#/#"));
                self.call("A: io.fetchSockets()").await;
            }
            op if NOT_FOR_US.contains(&op) => return false,
            op => self.call(op).await,
        }
        true
    }

    async fn call(&mut self, op: &str) {
        let hub = self.nodes["A"].server.hub();
        let all = hub.everyone();
        let chat = hub.namespace("/chat").unwrap();
        let main = hub.namespace("/").unwrap();
        match op {
            "on B: socket(b1).join('room1')" => self.socket("b1").join("room1").unwrap(),
            "on B: socket(b1).join(['room2','42']) ; socket(b2).join('room2')" => {
                self.socket("b1").join("room2").unwrap();
                self.socket("b1").join("42").unwrap();
                self.socket("b2").join("room2").unwrap();
            }
            "on B: socket(b1).leave('room1')" => self.socket("b1").leave("room1").unwrap(),

            "A: io.emit('e1', 1, 'two', {three:[null,true,1.5]})" => all
                .emit_raw("e1", &json!([1, "two", {"three": [null, true, 1.5]}]))
                .unwrap(),
            "A: io.to('room1').emit('e2')" => hub.to("room1").emit_raw("e2", &()).unwrap(),
            "A: io.to(['room1','room2']).emit('e3')" => {
                hub.to("room1").to("room2").emit_raw("e3", &()).unwrap();
            }
            "A: io.to('room2').except('room1').emit('e4')" => {
                hub.to("room2").except("room1").emit_raw("e4", &()).unwrap();
            }
            "A: io.except('room1').emit('e5')" => hub.except("room1").emit_raw("e5", &()).unwrap(),
            "A: io.to(<id of b1>).emit('e6')" => {
                hub.to(self.socket("b1").id()).emit_raw("e6", &()).unwrap();
            }
            "A: socket(a1).broadcast.emit('e7')" => {
                self.socket("a1").broadcast().emit_raw("e7", &()).unwrap();
            }
            "A: socket(a1).to('room2').emit('e8')" => {
                self.socket("a1").to("room2").emit_raw("e8", &()).unwrap();
            }
            "A: io.local.emit('e9')  (nothing is published)" => {
                all.local().emit_raw("e9", &()).unwrap();
            }
            "A: io.volatile.compress(false).emit('e10')" => {
                all.volatile().compress(false).emit_raw("e10", &()).unwrap();
            }
            "A: io.of('/chat').emit('e11')" => chat.everyone().emit_raw("e11", &()).unwrap(),
            "A: io.of('/chat').to('room1').emit('e12')" => {
                chat.to("room1").emit_raw("e12", &()).unwrap();
            }
            "A: io.emit('e13', <Buffer 01 02 03>, {b:<Buffer>})" => {
                let inner = BTreeMap::from([("b", Binary::from(vec![4]))]);
                let args = (Binary::from(vec![1, 2, 3]), inner);
                all.emit_raw("e13", &args).unwrap();
            }
            "A: io.to('no-such-room').emit('e15')" => {
                hub.to("no-such-room").emit_raw("e15", &()).unwrap();
            }
            "A: io.to('42').emit('e16') (numeric room name)" => {
                hub.to("42").emit_raw("e16", &()).unwrap();
            }
            "A: io.emit('e17', 'été€ 日本 🚀')" => {
                all.emit_raw("e17", &["été€ 日本 🚀"]).unwrap();
            }

            "A: io.to('room1').emit('e14', Uint8Array, Date, undefined)" => {
                let args = (Binary::from(vec![1, 2]), DATE, ());
                hub.to("room1").emit_raw("e14", &args).unwrap();
            }
            "A: io.emit('e18', new Date(...)) without binary" => {
                all.emit_raw("e18", &json!([DATE, null, {}])).unwrap();
            }

            "A: io.timeout(500).emit('q') with ack" => {
                let ask = all.timeout(PATIENCE);
                ask.emit_with_ack(&Q).await.unwrap();
            }
            "A: io.timeout(1000).emit('q1') with ack" => {
                let ask = all.timeout(PATIENCE);
                ask.emit_with_ack(&Q1("x".to_owned())).await.unwrap();
            }
            "A: io.to('room1').timeout(1000).emit('q2') with ack, the answer of b1 is binary" => {
                let ask = hub.to("room1").timeout(PATIENCE);
                ask.emit_with_ack(&Q2).await.unwrap();
            }
            "A: io.timeout(300).emit('q3', <Buffer>) with ack" => {
                let ask = all.timeout(PATIENCE);
                let asked = ask.emit_with_ack(&Q3(Binary::from(vec![1]))).await;
                asked.unwrap();
            }
            "A: io.fetchSockets()" => drop(all.fetch_sockets().await.unwrap()),
            "A: io.in('room1').except('none').fetchSockets()" => {
                let some = hub.to("room1").except("none");
                some.fetch_sockets().await.unwrap();
            }

            "A: io.local.fetchSockets() (nothing is published)" => {
                drop(all.local().fetch_sockets().await.unwrap());
            }
            "A: remoteSocket(b1).timeout(500).emit('q4') with ack" => {
                let id = self.socket("b1").id();
                let found = hub.to(id).fetch_sockets().await.unwrap();
                let remote = found.iter().next().expect("b1");
                remote.emit_with_ack(&Q4).await.unwrap();
            }
            "A: adapter.serverCount()" => {
                let cluster = hub.cluster().unwrap();
                assert_eq!(cluster.server_count(&main).await.unwrap(), 2);
            }

            // Sent at once; awaited, they would ask for a confirmation.
            "A: io.socketsJoin('all')" => drop(all.join(["all"])),
            "A: io.in('room1').socketsJoin(['x','y'])" => drop(hub.to("room1").join(["x", "y"])),
            "A: io.in('room1').except('room2').socketsLeave('x')" => {
                drop(hub.to("room1").except("room2").leave(["x"]));
            }
            "A: io.socketsLeave(['x','y','all'])" => drop(all.leave(["x", "y", "all"])),
            "A: io.in(<id of b2>).disconnectSockets()" => {
                drop(hub.to(self.socket("b2").id()).disconnect(false));
            }
            "A: io.disconnectSockets(true)" => drop(all.disconnect(true)),
            "A: io.of('/chat').disconnectSockets()" => drop(chat.everyone().disconnect(false)),

            "A: io.serverSideEmit('hello', 1, 'b')" => {
                let hello = HelloTwo(1, "b".to_owned());
                main.server_side_emit(&hello).unwrap();
            }
            "A: io.of('/chat').serverSideEmit('hello', <Buffer>)" => {
                let hello = HelloBytes(Binary::from(vec![1, 2]));
                chat.server_side_emit(&hello).unwrap();
            }
            "A: io.serverSideEmit('hello', ack)" => {
                let hello = HelloOne("w".to_owned());
                main.server_side_emit_with_ack(&hello).await.unwrap();
            }
            "A: io.serverSideEmit('hello', ack): the answer still uses the shared response channel" =>
            {
                drop(main.server_side_emit_with_ack(&HelloAlone).await.unwrap());
            }
            other => panic!("what is {other}?"),
        }
    }
}
