//! A node confirms nothing that it has not done, or may not have heard of.

use std::{
    sync::{Mutex, PoisonError, mpsc as blocking},
    thread::{self, ThreadId},
    time::Duration,
};

use roomcast::{
    ClusterEvent, EmitError,
    adapter::{InProcess, IntoAdapter, Redis},
    prelude::*,
    testing::{TestClient, TestServer},
};
use tokio::sync::{mpsc, oneshot};

use crate::common::{
    member::{Hall, members},
    redis::RedisServer,
    until,
};
use crate::proxy::Proxy;
use crate::waiting::within;

/// Keeps its worker from doing anything until the test lets go.
#[derive(Serialize, Deserialize, Event)]
struct Hold;

struct Door {
    entered: mpsc::Sender<ThreadId>,
    held: mpsc::Sender<()>,
    may_go_on: Mutex<blocking::Receiver<()>>,
}

#[derive(EventHandlers)]
#[handles(Hold)]
struct Guest;

impl Session for Guest {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        socket.join("a")?;
        let door: &Door = socket.state();
        let _ = door.entered.try_send(thread::current().id());
        Ok(Self)
    }
}

impl Handle<Hold> for Guest {
    async fn handle(&mut self, _: Hold, socket: &Socket) -> Result<(), Rejection> {
        let door: &Door = socket.state();
        let _ = door.held.try_send(());
        let may_go_on = door.may_go_on.lock();
        let _ = may_go_on.unwrap_or_else(PoisonError::into_inner).recv();
        Ok(())
    }
}

#[actix_web::test]
async fn a_change_for_which_a_worker_has_no_room_is_not_confirmed() {
    let cluster = InProcess::new();
    let asks = members().0.requests_timeout(Duration::from_secs(1));
    let asking = TestServer::start(asks.adapter(cluster.clone()).build().expect("a hub"));

    let (entered, mut entering) = mpsc::channel(64);
    let (held, mut holding) = mpsc::channel(64);
    let (go_on, may_go_on) = blocking::sync_channel(1);
    let (connects, mut connected) = mpsc::channel(64);
    let busy = Hub::builder()
        .namespace::<Guest>("/")
        .state(Door {
            entered,
            held,
            may_go_on: Mutex::new(may_go_on),
        })
        .max_worker_backlog(500)
        .on_cluster(move |event| {
            if matches!(event, ClusterEvent::Connected) {
                let _ = connects.try_send(thread::current().id());
            }
        })
        .adapter(cluster);
    let busy = busy.build().expect("a hub");
    let busy = TestServer::builder(busy).workers(2).start();
    let adapters = within("it is connected", connected.recv()).await;
    let adapters = adapters.expect("a worker");
    // A client of the worker that does not hear the other node.
    let client = loop {
        let client = TestClient::connect(&busy).await.expect("a client");
        let worker = within("it enters", entering.recv()).await;
        if worker != Some(adapters) {
            break client;
        }
    };
    client.emit(&Hold).await;
    within("its worker is held", holding.recv()).await;
    while busy
        .hub()
        .everyone()
        .local()
        .emit_raw("text", &("x".repeat(100),))
        .is_ok()
    {}
    let refused = || busy.hub().stats().refused_overloaded;
    let before = refused();

    // Longer than what is left; the question whether it was done is not.
    let room = "b".repeat(400);
    let joining = asking.hub().to("a").join([&room]);
    let goes_on = async {
        until("it is refused", || refused() > before).await;
        let _ = go_on.send(());
    };
    let (joined, ()) = tokio::join!(joining, goes_on);
    assert!(
        matches!(joined, Err(EmitError::Unconfirmed { missing: Some(1) })),
        "{joined:?}"
    );
    let members = async || {
        let found = busy.hub().to(&*room).local().fetch_sockets().await;
        found.expect("sockets").len()
    };
    assert_eq!(members().await, 0);

    // Not for ever.
    let again = async { while asking.hub().to("a").join([&room]).await.is_err() {} };
    within("it is done", again).await;
    assert_eq!(members().await, 1);
}

struct Node {
    server: TestServer,
    hall: Hall,
    proxy: Proxy,
}

impl Node {
    async fn start<A: IntoAdapter + 'static>(
        redis: &RedisServer,
        adapter: fn(String) -> A,
    ) -> Self {
        let proxy = Proxy::before(redis.port()).await;
        let (hub, hall) = members();
        let hub = hub.requests_timeout(Duration::from_secs(4));
        let hub = hub.adapter(adapter(proxy.url())).build().expect("a hub");
        let server = TestServer::start(hub);
        is_connected(server.hub()).await;
        Self {
            server,
            hall,
            proxy,
        }
    }

    fn hub(&self) -> &Hub {
        self.server.hub()
    }

    async fn goes_away(&self) {
        self.proxy.cut();
        let stats = || self.hub().stats();
        until("it notices", || stats().cluster_connected == 0).await;
    }
}

async fn is_connected(hub: &Hub) {
    let cluster = hub.cluster().expect("an adapter");
    within("connected", cluster.connected()).await;
}

/// What becomes of a join that was published while the other node was away, and about which that node is asked
/// when it is back.
async fn published_while_it_was_away<A: IntoAdapter + 'static>(
    adapter: fn(String) -> A,
) -> Result<(), EmitError> {
    let redis = RedisServer::start();
    let asking = Node::start(&redis, adapter).await;
    let away = Node::start(&redis, adapter).await;
    away.goes_away().await;
    let (hub, proxy) = (away.hub().clone(), away.proxy);
    // The join is in Redis by then.
    asking.proxy.before_command(b"NUMSUB", 1, async move {
        proxy.heal();
        is_connected(&hub).await;
    });
    within("joined", async {
        asking.hub().everyone().join(["b"]).await
    })
    .await
}

#[actix_web::test]
async fn over_pub_sub_it_may_have_passed_a_node_by() {
    for joined in [
        published_while_it_was_away(Redis::pub_sub).await,
        published_while_it_was_away(Redis::sharded).await,
    ] {
        let unconfirmed = matches!(joined, Err(EmitError::Unconfirmed { missing: Some(1) }));
        assert!(unconfirmed, "{joined:?}");
    }
}

#[actix_web::test]
async fn a_stream_has_it_for_a_node_that_comes_back() {
    let joined = published_while_it_was_away(Redis::streams).await;
    assert!(joined.is_ok(), "{joined:?}");
}

/// How many sockets of a node that was away are in a room that it was told to let them join.
async fn joined_while_away<A: IntoAdapter + 'static>(adapter: fn(String) -> A) -> usize {
    let redis = RedisServer::start();
    let asking = Node::start(&redis, adapter).await;
    let mut away = Node::start(&redis, adapter).await;
    let (_client, _) = away.hall.enter(&away.server, &[]).await;
    away.goes_away().await;
    let everyone = asking.hub().everyone();
    let joined = within("joined", async { everyone.join(["b"]).await }).await;
    joined.expect("nobody else is there to confirm it");
    away.proxy.heal();
    is_connected(away.hub()).await;
    // Behind it; not at once, as it may be asked about what was before it was back.
    let later = async { while everyone.join(["c"]).await.is_err() {} };
    within("it is done", later).await;
    let found = away.hub().to("c").local().fetch_sockets().await;
    assert_eq!(found.expect("sockets").len(), 1);
    let found = away.hub().to("b").local().fetch_sockets().await;
    found.expect("sockets").len()
}

#[actix_web::test]
async fn who_is_away_is_not_waited_for_and_gets_it_from_a_stream_only() {
    assert_eq!(joined_while_away(Redis::pub_sub).await, 0);
    assert_eq!(joined_while_away(Redis::sharded).await, 0);
    assert_eq!(joined_while_away(Redis::streams).await, 1);
}

#[actix_web::test]
async fn who_comes_meanwhile_confirms_for_itself() {
    let redis = RedisServer::start();
    let asking = Node::start(&redis, Redis::pub_sub).await;
    let _other = Node::start(&redis, Redis::pub_sub).await;
    let (counts, is_counting) = oneshot::channel();
    let (comes, has_come) = oneshot::channel();
    // When it has been answered.
    asking.proxy.before_command(b"NUMSUB", 2, async move {
        let _ = counts.send(());
        let _ = has_come.await;
    });
    let newcomer = async {
        is_counting.await.expect("it counts again");
        let node = Node::start(&redis, Redis::pub_sub).await;
        let _ = comes.send(());
        node
    };
    let everyone = asking.hub().everyone();
    let (joined, _newcomer) = tokio::join!(everyone.join(["b"]), newcomer);
    assert!(joined.is_ok(), "{joined:?}");
}
