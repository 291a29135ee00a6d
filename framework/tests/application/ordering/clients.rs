//! Clients on several workers.

use std::{sync::Arc, thread::ThreadId};

use roomcast::{HubBuilder, WebSocketMode, prelude::*, testing::TestServer};

use super::member::{Member, World};
use crate::wire::{Message, Wire, deserted, serve_on};

pub(crate) const WORKERS: usize = 4;

/// Two of each worker.
pub(crate) const CLIENTS: usize = 2 * WORKERS;

pub(crate) struct Client {
    pub(crate) wire: Wire,
    pub(crate) id: String,
}

impl Client {
    pub(crate) async fn join(server: &TestServer, rooms: &[&str]) -> Self {
        let mut wire = Wire::open(server).await;
        let rooms = serde_json::to_string(rooms).unwrap();
        wire.text(&format!(r#"40{{"rooms":{rooms}}}"#)).await;
        let Message::Text(reply) = wire.next().await else {
            panic!("no reply")
        };
        let id = reply.split('"').nth(3).unwrap().to_owned();
        Self { wire, id }
    }

    /// Asks for an ack with the id 7.
    pub(crate) async fn ask(&mut self, event: serde_json::Value) {
        self.wire.text(&format!("427{event}")).await;
    }

    pub(crate) async fn next(&mut self) -> Came {
        let Message::Text(text) = self.wire.next().await else {
            panic!("not a text")
        };
        if let Some(answer) = text.strip_prefix("437") {
            return Came::Answer(answer.to_owned());
        }
        let list: (String, String, u32) =
            serde_json::from_str(text.strip_prefix("42").unwrap()).unwrap();
        Came::Step(list.1, list.2)
    }

    /// So many steps, with no answer among them.
    pub(crate) async fn steps(&mut self, count: usize) -> Vec<(String, u32)> {
        let mut steps = Vec::new();
        while steps.len() < count {
            match self.next().await {
                Came::Step(name, number) => steps.push((name, number)),
                Came::Answer(answer) => panic!("{answer} after {} steps", steps.len()),
            }
        }
        steps
    }

    /// All steps before the answer.
    pub(crate) async fn steps_until_answer(&mut self) -> Vec<(String, u32)> {
        let mut steps = Vec::new();
        loop {
            match self.next().await {
                Came::Step(name, number) => steps.push((name, number)),
                Came::Answer(_) => return steps,
            }
        }
    }

    /// Nothing more was emitted to it.
    pub(crate) async fn expect_nothing_more(&mut self) {
        self.ask(serde_json::json!(["echo", 1])).await;
        assert_eq!(self.next().await, Came::Answer("[1]".into()));
    }
}

#[derive(Debug, PartialEq)]
pub(crate) enum Came {
    Step(String, u32),
    Answer(String),
}

pub(crate) fn world(
    mode: WebSocketMode,
    options: impl FnOnce(HubBuilder) -> HubBuilder,
) -> (TestServer, Arc<World>) {
    let world = Arc::new(World::default());
    let hub = Hub::builder()
        .namespace::<Member>("/")
        .state(Arc::clone(&world));
    (serve_on(WORKERS, mode, options(hub)), world)
}

/// The clients, the first half of each worker in `even`, the others in `odd`.
pub(crate) async fn crowd(server: &TestServer) -> Vec<Client> {
    let mut clients = Vec::new();
    for index in 0..CLIENTS {
        let half = if index % 2 == 0 { "even" } else { "odd" };
        clients.push(Client::join(server, &["all", half]).await);
    }
    clients
}

pub(crate) fn assert_spread(world: &World) {
    let threads: std::collections::HashSet<_> =
        world.threads.lock().unwrap().values().copied().collect();
    assert_eq!(threads.len(), WORKERS, "the clients are not on all workers");
}

pub(crate) fn thread_of(world: &World, client: &Client) -> ThreadId {
    world.threads.lock().unwrap()[&client.id.parse::<SocketId>().unwrap()]
}

pub(crate) async fn end(server: TestServer, clients: Vec<Client>) {
    drop(clients);
    deserted(server.hub()).await;
}
