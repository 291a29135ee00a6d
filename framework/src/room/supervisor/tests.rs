//! A room's supervisor over a hub with two workers: real members, counted by real shards.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    net::SocketAddr,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use actix::Message;
use actix_web::{App, HttpServer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::*;
use crate::{
    config::Config,
    namespace::{Core, Hub, Route},
    prelude::*,
    shard::node::Parts,
};

const PATIENCE: Duration = Duration::from_secs(5);

/// Of more clients than one, each of the two workers serves some.
const CLIENTS: usize = 4;

#[derive(Deserialize)]
struct Ticket {
    room: String,
}

struct Visitor;

impl EventHandlers for Visitor {
    const EVENTS: &'static [&'static str] = &[];

    type Socket = Socket;

    fn route(_: &str) -> Option<Route<Self>> {
        None
    }
}

impl Session for Visitor {
    type Auth = Ticket;

    async fn connect(ticket: Ticket, socket: &Socket) -> Result<Self, Refusal> {
        socket.join(ticket.room)?;
        Ok(Self)
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Crash;

impl Handler<Crash> for Room {
    type Result = ();

    fn handle(&mut self, _: Crash, _: &mut Self::Context) {
        panic!("told to crash");
    }
}

/// Every supervisor that was started, restarts included, with the name of its room.
fn supervisors() -> MutexGuard<'static, Vec<(String, Addr<Room>)>> {
    static STARTED: Mutex<Vec<(String, Addr<Room>)>> = Mutex::new(Vec::new());
    STARTED.lock().unwrap()
}

fn supervisors_of(room: &str) -> Vec<Addr<Room>> {
    let started = supervisors();
    let of_room = started.iter().filter(|(name, _)| name == room);
    of_room.map(|(_, address)| address.clone()).collect()
}

/// As [`supervise`], but what it starts can be told to crash.
fn supervise_and_note(node: &Arc<Node>, shared: &Arc<SharedRoom>) -> Option<Recipient<Report>> {
    let claim = Claim::take(node, shared)?;
    let publish = Arc::clone(shared);
    start(claim, move |address| {
        publish.supervised_by(address.clone().recipient());
        let name = publish.name.as_deref().unwrap_or_default().to_owned();
        supervisors().push((name, address));
    });
    shared.supervisor()
}

fn serve() -> (Hub, SocketAddr) {
    let built = Hub::builder().namespace::<Visitor>("/").build().unwrap();
    let core = Core {
        node: Node::new(Parts {
            supervise: supervise_and_note,
            ..Parts::bare(Config::default())
        }),
        ..Arc::into_inner(built.core).unwrap()
    };
    let hub = Hub {
        core: Arc::new(core),
    };
    let mount = hub.mount();
    let server = HttpServer::new(move || App::new().configure(mount.clone()))
        .on_connect(hub.on_connect())
        .workers(2)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
    let address = server.addrs()[0];
    actix::spawn(server.run());
    (hub, address)
}

/// A client that has joined the room.
struct Client(TcpStream);

impl Client {
    async fn join(server: SocketAddr, room: &str) -> Self {
        let mut stream = TcpStream::connect(server).await.unwrap();
        let request = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n\
            host: localhost\r\n\
            connection: upgrade\r\n\
            upgrade: websocket\r\n\
            sec-websocket-version: 13\r\n\
            sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let connect = format!("40{{\"room\":\"{room}\"}}");
        // RFC 6455 section 5.2: a masked text frame; masked with zeros it reads as it is.
        let mut frame = vec![
            0x81,
            0x80 | u8::try_from(connect.len()).unwrap(),
            0,
            0,
            0,
            0,
        ];
        frame.extend_from_slice(connect.as_bytes());
        stream.write_all(&frame).await.unwrap();
        let mut client = Self(stream);
        client.read_until("40{\"sid\"").await;
        client
    }

    async fn join_all(server: SocketAddr, room: &str) -> Vec<Self> {
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            clients.push(Self::join(server, room).await);
        }
        clients
    }

    async fn read_until(&mut self, wanted: &str) {
        let mut read = Vec::new();
        while !String::from_utf8_lossy(&read).contains(wanted) {
            let more = timeout(PATIENCE, self.0.read_buf(&mut read)).await;
            let len = more.expect("the server sends nothing").unwrap();
            assert_ne!(len, 0, "the server closed the connection");
        }
    }
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect(what);
}

fn size(hub: &Hub, room: &str) -> usize {
    hub.namespace("/").unwrap().room_size(room)
}

#[actix::test]
async fn a_room_counts_the_members_of_all_workers_and_stops_with_the_last() {
    let (hub, server) = serve();
    let room = "counting";
    let mut clients = Client::join_all(server, room).await;
    until("all are counted", || size(&hub, room) == CLIENTS).await;
    assert_eq!(hub.stats().rooms, 1);
    assert_eq!(hub.namespace("/").unwrap().rooms(), [room]);

    clients.pop();
    until("one has gone", || size(&hub, room) == CLIENTS - 1).await;
    clients.clear();
    until("the supervisor has stopped", || hub.stats().rooms == 0).await;
    let started = supervisors_of(room);
    assert_eq!(started.len(), 1, "one supervisor for all workers");
    assert!(!started[0].connected());
    assert!(hub.namespace("/").unwrap().rooms().is_empty());
}

#[actix::test]
async fn a_room_that_was_empty_is_supervised_again() {
    let (hub, server) = serve();
    let room = "used twice";
    drop(Client::join(server, room).await);
    until("the first supervisor has stopped", || {
        supervisors_of(room).len() == 1 && hub.stats().rooms == 0
    })
    .await;
    let _client = Client::join(server, room).await;
    until("it is counted again", || size(&hub, room) == 1).await;
    assert_eq!(supervisors_of(room).len(), 2);
    assert_eq!(hub.stats().rooms, 1);
}

#[actix::test]
async fn a_supervisor_that_panics_is_rebuilt_from_the_shards() {
    let (hub, server) = serve();
    let room = "crashing";
    let mut clients = Client::join_all(server, room).await;
    until("all are counted", || size(&hub, room) == CLIENTS).await;

    let shared = hub.core.main.scope.room(room).unwrap();
    // Wrong until somebody counts again; nobody joins or leaves meanwhile.
    shared.members.store(999, Ordering::Relaxed);
    assert!(supervisors_of(room)[0].send(Crash).await.is_err());
    until("all are counted again", || size(&hub, room) == CLIENTS).await;
    assert_eq!(supervisors_of(room).len(), 2);
    assert_eq!(hub.stats().rooms, 1, "the room is the same");

    clients.push(Client::join(server, room).await);
    until("it goes on counting", || size(&hub, room) == CLIENTS + 1).await;
    clients.clear();
    until("it ends as any other", || hub.stats().rooms == 0).await;
}

#[actix::test]
async fn broadcasts_reach_a_room_whose_supervisor_is_down() {
    let (hub, server) = serve();
    let room = "down";
    let mut clients = Client::join_all(server, room).await;
    until("it is supervised", || supervisors_of(room).len() == 1).await;
    let supervisor = supervisors_of(room).remove(0);
    let crash = supervisor.send(Crash);
    hub.to(room).emit_raw("still here", &[1]).unwrap();
    for client in &mut clients {
        client.read_until("42[\"still here\",1]").await;
    }
    assert!(crash.await.is_err());
}
