//! The hub with that application, and its clients as the server sees them.

use std::sync::{Arc, Mutex, mpsc::SyncSender};

use roomcast::{HubBuilder, Recovery, WebSocketMode, prelude::*, testing::TestServer};
use serde_json::json;
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};

use super::app::{Counter, News, Tower};
use crate::common::{until, within};
use crate::waiting::PATIENCE;
use crate::wire::recovering::{Client, Ticket};
use crate::wire::serve_on;

pub(crate) struct World {
    pub(crate) server: TestServer,
    sockets: mpsc::Receiver<Socket>,
    pub(crate) tower: Arc<Tower>,
    pub(crate) thaw: SyncSender<()>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(1, |hub| hub, Recovery::new())
    }

    pub(crate) fn with(
        workers: usize,
        options: impl FnOnce(HubBuilder) -> HubBuilder,
        recovery: Recovery,
    ) -> Self {
        let (sender, sockets) = mpsc::channel(10_000);
        let (thaw, frozen) = std::sync::mpsc::sync_channel(1);
        let tower = Arc::new(Tower {
            sockets: sender,
            go: Notify::new(),
            working: Notify::new(),
            thaw: Mutex::new(frozen),
        });
        let hub = Hub::builder()
            .namespace::<Counter>("/")
            .namespace::<Counter>("/other")
            .state(Arc::clone(&tower))
            .connection_state_recovery(recovery);
        Self {
            server: serve_on(workers, WebSocketMode::Handoff, options(hub)),
            sockets,
            tower,
            thaw,
        }
    }

    pub(crate) fn hub(&self) -> &Hub {
        self.server.hub()
    }

    pub(crate) async fn socket(&mut self) -> Socket {
        let socket = timeout(PATIENCE, self.sockets.recv()).await;
        socket.expect("a socket in time").expect("a hub")
    }

    /// A fresh client in these rooms.
    pub(crate) async fn enter(&mut self, rooms: &[&str]) -> (Client, Socket) {
        self.enter_at("", rooms).await
    }

    async fn enter_at(&mut self, nsp: &'static str, rooms: &[&str]) -> (Client, Socket) {
        let client = Client::connect(&self.server, nsp, json!({ "rooms": rooms })).await;
        loop {
            // Some tests do not look at all of them.
            let socket = self.socket().await;
            if socket.id().as_str() == client.sid {
                assert!(!socket.recovered());
                return (client, socket);
            }
        }
    }

    /// A fresh client in these rooms that has seen an event, without which nobody comes back.
    pub(crate) async fn seen(&mut self, rooms: &[&str]) -> (Client, Socket) {
        self.seen_at("", rooms).await
    }

    pub(crate) async fn seen_at(&mut self, nsp: &'static str, rooms: &[&str]) -> (Client, Socket) {
        let (mut client, socket) = self.enter_at(nsp, rooms).await;
        socket.emit(&News(0)).unwrap();
        client.expect(json!(["news", 0])).await;
        (client, socket)
    }

    /// What such a client needs to come back, whose connection has broken.
    pub(crate) async fn away(&mut self, rooms: &[&str]) -> Ticket {
        let (client, _) = self.seen(rooms).await;
        self.cut(client).await
    }

    /// Its handler works until the tower says so.
    pub(crate) async fn works(&self, client: &mut Client) {
        client.wire.text(r#"42["wait"]"#).await;
        within("it works", self.tower.working.notified()).await;
    }

    /// The client's connection breaks, and the server knows.
    pub(crate) async fn cut(&self, client: Client) -> Ticket {
        let saved = self.hub().stats().recovery_saved;
        let ticket = client.cut();
        until("it is saved", || self.hub().stats().recovery_saved > saved).await;
        ticket
    }

    /// The client comes back; whether it was recovered.
    pub(crate) async fn back(&self, ticket: &Ticket) -> (Client, bool) {
        Client::back(&self.server, ticket).await
    }

    /// How many clients got a fresh session for this reason.
    pub(crate) fn refused(&self, reason: &str) -> u64 {
        let stats = self.hub().stats();
        stats.recovery_refused.get(reason).copied().unwrap_or(0)
    }
}
