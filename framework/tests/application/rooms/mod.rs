//! Rooms come with their first member and go with the last, however members go, and what is done to
//! many sockets at once reaches all workers.

mod counting;
mod disconnected;
mod leaving;
mod many;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use roomcast::{
    Namespace, RemoteSocket, WebSocketMode,
    prelude::*,
    testing::{TestClient, TestServer},
};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::wire::{Wire, deserted, eventually, serve_on};

const WORKERS: usize = 4;
const CLIENTS: usize = 2 * WORKERS;

/// What slow sessions wait for, and how many do.
struct Gate {
    open: Semaphore,
    waiting: AtomicUsize,
}

impl Gate {
    async fn pass(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.open.acquire().await.unwrap().forget();
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Ticket {
    rooms: Vec<String>,
    /// What `connect` does when it has joined.
    then: Then,
    /// Waits before it has left.
    leaves_slowly: bool,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
enum Then {
    #[default]
    Enter,
    Wait,
    Refuse,
    Panic,
}

#[derive(Serialize, Deserialize, Event)]
struct Work;

#[derive(Serialize, Deserialize, Event)]
struct Fail;

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
struct Said(String);

#[derive(EventHandlers)]
#[handles(Work, Fail)]
struct Member {
    leaves_slowly: bool,
}

impl Session for Member {
    type Auth = Ticket;

    async fn connect(ticket: Ticket, socket: &Socket) -> Result<Self, Refusal> {
        for room in &ticket.rooms {
            socket.join(room)?;
        }
        match ticket.then {
            Then::Enter => {}
            Then::Wait => socket.state::<Arc<Gate>>().pass().await,
            Then::Refuse => return Err(Refusal::new("no")),
            Then::Panic => panic!("told to"),
        }
        Ok(Self {
            leaves_slowly: ticket.leaves_slowly,
        })
    }

    async fn disconnect(&mut self, socket: &Socket, _: DisconnectReason) {
        assert!(socket.join("too late").is_err());
        if self.leaves_slowly {
            socket.state::<Arc<Gate>>().pass().await;
        }
    }
}

impl Handle<Work> for Member {
    async fn handle(&mut self, _: Work, socket: &Socket) -> Result<(), Rejection> {
        socket.join("working")?;
        socket.state::<Arc<Gate>>().pass().await;
        Ok(())
    }
}

impl Handle<Fail> for Member {
    async fn handle(&mut self, _: Fail, socket: &Socket) -> Result<(), Rejection> {
        socket.join("failing")?;
        panic!("told to");
    }
}

struct House {
    server: TestServer,
    gate: Arc<Gate>,
}

impl House {
    fn open(mode: WebSocketMode) -> Self {
        let gate = Arc::new(Gate {
            open: Semaphore::new(0),
            waiting: AtomicUsize::new(0),
        });
        let hub = Hub::builder()
            .namespace::<Member>("/")
            .state(Arc::clone(&gate));
        Self {
            server: serve_on(WORKERS, mode, hub),
            gate,
        }
    }

    fn hub(&self) -> &Hub {
        self.server.hub()
    }

    fn namespace(&self) -> Namespace {
        self.hub().namespace("/").unwrap()
    }

    fn rooms(&self) -> BTreeSet<String> {
        self.namespace().rooms().into_iter().collect()
    }

    async fn enter(&self, rooms: &[&str]) -> TestClient {
        let client = TestClient::builder(&self.server).auth(&json!({ "rooms": rooms }));
        client.connect().await.unwrap()
    }

    /// Two clients on each worker.
    async fn crowd(&self, rooms: &[&str]) -> Vec<TestClient> {
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            clients.push(self.enter(rooms).await);
        }
        clients
    }

    /// A peer that has sent this CONNECT payload, and may not be answered.
    async fn knock(&self, ticket: &Ticket) -> Wire {
        let mut wire = Wire::open(&self.server).await;
        wire.text(&format!("40{}", serde_json::to_string(ticket).unwrap()))
            .await;
        wire
    }

    async fn waiting(&self, count: usize) {
        let waiting = || self.gate.waiting.load(Ordering::Relaxed) == count;
        eventually("so many wait", waiting).await;
    }

    /// Nobody and nothing is left.
    async fn close(self) {
        deserted(self.hub()).await;
        assert!(self.rooms().is_empty(), "{:?}", self.rooms());
        assert!(
            self.hub()
                .everyone()
                .fetch_sockets()
                .await
                .unwrap()
                .is_empty()
        );
    }
}

fn names(rooms: &[&str]) -> BTreeSet<String> {
    rooms.iter().map(ToString::to_string).collect()
}

fn ids(sockets: &[RemoteSocket]) -> BTreeSet<SocketId> {
    sockets.iter().map(RemoteSocket::id).collect()
}
