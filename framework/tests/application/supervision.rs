//! A worker that dies is replaced, and takes with it everything that it held.

#![cfg(feature = "redis")]

mod bare;
mod fragile;

use std::time::Duration;

use crate::common::{
    member::{Number, Rooms},
    redis::RedisServer,
    until, within,
};
use crate::waiting::{PATIENCE, becomes};
use actix::Arbiter;
use actix_web::web;
use bare::{Bare, BareClient};
use fragile::Fragile;
use roomcast::{
    SharedState,
    adapter::{InProcess, IntoAdapter, Redis},
    prelude::*,
    testing::{TestClient, TestServer},
};
use tokio::time::timeout;

#[derive(EventHandlers)]
#[handles(Die, Panic)]
struct Member;

/// Ends the worker's thread, as nothing in an application should.
#[derive(Serialize, Deserialize, Event)]
struct Die;

#[derive(Serialize, Deserialize, Event)]
struct Panic;

#[derive(Default, Serialize, Deserialize)]
struct Auth {
    #[serde(flatten)]
    rooms: Rooms,
    user: Option<String>,
}

impl Session for Member {
    type Auth = Auth;

    async fn connect(Auth { rooms, user }: Auth, socket: &Socket) -> Result<Self, Refusal> {
        for room in rooms.rooms {
            socket.join(&room)?;
            socket.track(&room, &0)?;
        }
        if let Some(user) = user {
            socket.bind_user(&user)?;
        }
        Ok(Self)
    }
}

impl Handle<Die> for Member {
    async fn handle(&mut self, Die: Die, _: &Socket) -> Result<(), Rejection> {
        Arbiter::current().stop();
        Ok(())
    }
}

impl Handle<Panic> for Member {
    async fn handle(&mut self, Panic: Panic, _: &Socket) -> Result<(), Rejection> {
        panic!("as it was asked to");
    }
}

fn hub(adapter: impl IntoAdapter + 'static) -> Hub {
    let lease = Duration::from_secs(3600);
    let hub = Hub::builder()
        .namespace::<Member>("/")
        .adapter(adapter)
        // What goes with the worker does not go with the lease of the node.
        .shared_state(SharedState::new().lease(lease));
    hub.build().unwrap()
}

fn node(adapter: impl IntoAdapter + 'static) -> TestServer {
    TestServer::builder(hub(adapter)).workers(2).start()
}

async fn joined(hub: &Hub) {
    let cluster = hub.cluster().unwrap();
    let joined = timeout(PATIENCE, async {
        cluster.connected().await;
        cluster.subscribed().await;
    });
    joined.await.expect("connected in time");
}

/// A client in these rooms; tried again while its worker is being replaced.
async fn enter(server: &TestServer, rooms: &[&str], user: Option<&str>) -> TestClient {
    let auth = Auth {
        rooms: Rooms {
            rooms: rooms.iter().map(ToString::to_string).collect(),
        },
        user: user.map(ToOwned::to_owned),
    };
    let entering = async {
        loop {
            if let Ok(client) = TestClient::builder(server).auth(&auth).connect().await {
                return client;
            }
        }
    };
    timeout(PATIENCE, entering).await.expect("in time")
}

/// Clients in a room, until each worker has one.
async fn fill(server: &TestServer, room: &str) -> Vec<TestClient> {
    let mut clients = Vec::new();
    let filling = async {
        while server.hub().health().workers() < 2 {
            clients.push(enter(server, &[room], None).await);
        }
    };
    within("a client on each worker", filling).await;
    clients
}

/// The worker of a client in the rooms `doomed` and `shared` is lost.
async fn loses_a_worker(
    redis: &RedisServer,
    server: TestServer,
    lose: impl AsyncFnOnce(&TestClient, &Hub),
) {
    let peer = node(Redis::sharded(redis.url()));
    let (hub, far) = (server.hub(), peer.hub());
    let doomed = enter(&server, &["doomed", "shared"], Some("ann")).await;
    let others = fill(&server, "shared").await;
    joined(hub).await;
    joined(far).await;
    assert_eq!(others.len(), 1, "one for the other worker");
    becomes(2, async || far.presence("shared").count().await.unwrap()).await;
    becomes(true, async || far.user("ann").online().await.unwrap()).await;
    let doomed_room = |channels: &str| channels.contains("#doomed#");
    redis.wait_for(&["PUBSUB", "SHARDCHANNELS"], doomed_room);

    lose(&doomed, hub).await;

    // This node: directory, rooms, figures.
    let here = hub.namespace("/").unwrap();
    until("its sockets are gone", || hub.stats().sockets == 1).await;
    until("its connections are gone", || {
        let stats = hub.stats();
        (stats.connections, stats.websocket_connections) == (1, 1)
    })
    .await;
    until("the worker is gone", || hub.health().workers() == 1).await;
    until("its rooms are left", || {
        here.room_size("shared") == 1 && here.rooms().into_iter().eq(["shared"])
    })
    .await;
    until("the rooms are supervised", || hub.stats().rooms == 1).await;
    assert_eq!(hub.stats().outbox_bytes, 0);
    // The others, through the adapter, which goes on with the other worker.
    becomes(1, async || far.presence("shared").count().await.unwrap()).await;
    becomes(0, async || far.presence("doomed").count().await.unwrap()).await;
    becomes(false, async || far.user("ann").online().await.unwrap()).await;
    redis.wait_for(&["PUBSUB", "SHARDCHANNELS"], |channels| {
        !doomed_room(channels)
    });
    joined(hub).await;
    becomes(1, async || {
        far.everyone().fetch_sockets().await.unwrap().len()
    })
    .await;
    far.to("shared").emit(&Number(1)).unwrap();
    assert_eq!(others[0].expect::<Number>().await, Number(1));

    // And another worker takes its place.
    let more = fill(&server, "shared").await;
    joined(hub).await;
    far.to("shared").emit(&Number(2)).unwrap();
    for client in others.iter().chain(&more) {
        assert_eq!(client.expect::<Number>().await, Number(2));
    }
}

#[actix_web::test]
async fn a_worker_that_dies_is_replaced_and_leaves_nothing_behind_anywhere() {
    let redis = RedisServer::start();
    let server = node(Redis::sharded(redis.url()));
    loses_a_worker(&redis, server, async |doomed, _| doomed.emit(&Die).await).await;
}

/// What panics is not a session, and is on nobody's stack but the framework's.
#[actix_web::test]
async fn a_worker_whose_own_work_panics_is_replaced_and_leaves_nothing_behind_anywhere() {
    let redis = RedisServer::start();
    let (adapter, panics) = Fragile::over(Redis::sharded(redis.url()));
    let server = node(adapter);
    loses_a_worker(&redis, server, async |doomed, hub| {
        panics.when_it_is_told_of("doomed");
        // From another thread than the worker's, which is told of the empty room.
        hub.to(doomed.id()).leave(["doomed"]).await.unwrap();
        doomed.expect_disconnect().await;
    })
    .await;
}

#[actix_web::test]
async fn a_worker_whose_thread_panics_is_replaced_and_leaves_nothing_behind_anywhere() {
    let cluster = InProcess::new();
    let (server, peer) = (Bare::start(hub(cluster.clone())), node(cluster));
    let (here, far) = (&server.hub, peer.hub());
    let mut first = BareClient::enter(&server, "shared").await;
    let mut second = BareClient::enter(&server, "shared").await;
    until("each is on a worker", || here.health().workers() == 2).await;
    becomes(2, async || far.presence("shared").count().await.unwrap()).await;

    server.lose_a_worker().await;

    until("its socket is gone", || here.stats().sockets == 1).await;
    until("its connection is gone", || here.stats().connections == 1).await;
    until("its thread is gone", || here.health().workers() == 1).await;
    let room = here.namespace("/").unwrap();
    until("the room has one member", || room.room_size("shared") == 1).await;
    becomes(1, async || far.presence("shared").count().await.unwrap()).await;
    far.to("shared").emit(&Number(1)).unwrap();
    let served = [first.gets_or_ends().await, second.gets_or_ends().await];
    let number = Some(r#"42["number",1]"#.to_owned());
    assert!(
        served == [None, number.clone()] || served == [number, None],
        "{served:?}"
    );
    let mut more = Vec::new();
    let filling = async {
        while here.health().workers() < 2 {
            more.push(BareClient::enter(&server, "shared").await);
        }
    };
    within("a client on each worker", filling).await;
}

#[actix_web::test]
async fn a_service_of_the_application_that_panics_costs_its_request_only() {
    let hub = Hub::builder().namespace::<Member>("/").build().unwrap();
    let mount = hub.mount();
    let server = TestServer::builder(hub).configure(move |config| {
        let panics = async || -> &str { panic!("as it was asked to") };
        config
            .configure(mount.clone())
            .route("/panic", web::get().to(panics));
    });
    let server = server.start();
    let client = enter(&server, &["calm"], None).await;
    for _ in 0..10 {
        let asking = tokio::spawn(bare::ask(server.addr(), "/panic"));
        assert_eq!(asking.await.unwrap(), "", "there is no answer");
    }
    let hub = server.hub();
    hub.to("calm").emit(&Number(1)).unwrap();
    assert_eq!(client.expect::<Number>().await, Number(1));
    assert_eq!((hub.stats().connections, hub.health().workers()), (1, 1));
}

#[actix_web::test]
async fn a_storm_of_panics_in_one_handler_costs_only_those_who_cause_it() {
    let hub = Hub::builder().namespace::<Member>("/").build().unwrap();
    let server = TestServer::builder(hub).workers(2).start();
    let bystanders = fill(&server, "calm").await;
    let hub = server.hub();
    for round in 0..5 {
        let mut storm = Vec::new();
        for _ in 0..20 {
            storm.push(enter(&server, &["storm"], None).await);
        }
        for client in &storm {
            client.emit(&Panic).await;
        }
        // While they panic.
        hub.to("calm").emit(&Number(100 + round)).unwrap();
        for client in &bystanders {
            assert_eq!(client.expect::<Number>().await, Number(100 + round));
        }
        for client in &storm {
            client.expect_disconnect().await;
        }
    }
    assert_eq!(hub.stats().panics, 100);
    until("they are gone", || {
        hub.stats().connections == bystanders.len() as u64
    })
    .await;
    assert_eq!(hub.health().workers(), 2, "the workers are still there");
    assert!(hub.health().is_healthy());
    hub.to("calm").emit(&Number(1)).unwrap();
    for client in &bystanders {
        assert_eq!(client.expect::<Number>().await, Number(1));
    }
}
