//! Connection state recovery where things meet: values of the application that do something when
//! they are dropped, sockets that end while they come back, clients that miss much.

mod dropping;
mod invented;
mod missing;
mod returning;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use roomcast::{
    HubBuilder, NamespaceBuilder, Recovery, SessionState, WebSocketMode, prelude::*,
    testing::TestServer,
};
use serde_json::{Value, json};
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};

use crate::common::until;
use crate::waiting::PATIENCE;
use crate::wire::{Message, Wire, serve_on};

const BRIEFLY: Duration = Duration::from_millis(20);

/// Does what its client wishes.
#[derive(EventHandlers)]
#[handles()]
struct Guest {
    wish: Wish,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wish {
    #[default]
    Nothing,
    /// Its socket carries a value that emits when it is dropped.
    EmitWhenDropped,
    /// It does not come to a decision when it is restored.
    Hesitate,
    /// When it is restored it waits until the test says so.
    Wait,
    PanicInDisconnecting,
    PanicInDisconnect,
}

#[derive(Deserialize)]
struct Auth {
    #[serde(default)]
    wish: Wish,
}

struct Desk {
    sockets: mpsc::Sender<Socket>,
    dropped: mpsc::Sender<bool>,
    go: Notify,
}

/// Whether its last emit worked is told to the test.
struct LastWords {
    hub: Hub,
    dropped: mpsc::Sender<bool>,
}

impl Drop for LastWords {
    fn drop(&mut self) {
        let emitted = self.hub.everyone().emit_raw("gone", &());
        let _ = self.dropped.try_send(emitted.is_ok());
    }
}

impl Session for Guest {
    type Auth = Auth;

    async fn connect(Auth { wish }: Auth, socket: &Socket) -> Result<Self, Refusal> {
        let desk: &Arc<Desk> = socket.state();
        if wish == Wish::EmitWhenDropped {
            let (hub, dropped) = (socket.hub(), desk.dropped.clone());
            socket.extensions().insert(LastWords { hub, dropped });
        }
        let _ = desk.sockets.try_send(socket.clone());
        Ok(Self { wish })
    }

    fn save(&self) -> Option<SessionState> {
        SessionState::of(&())
    }

    async fn restore(_: SessionState, auth: Auth, socket: &Socket) -> Result<Self, Refusal> {
        let wish = auth.wish;
        let session = Self::connect(auth, socket).await?;
        match wish {
            Wish::Hesitate => std::future::pending().await,
            Wish::Wait => socket.state::<Arc<Desk>>().go.notified().await,
            _ => {}
        }
        Ok(session)
    }

    fn disconnecting(&mut self, _: &Socket, _: DisconnectReason) {
        assert_ne!(
            self.wish,
            Wish::PanicInDisconnecting,
            "as its client wishes"
        );
    }

    async fn disconnect(&mut self, _: &Socket, _: DisconnectReason) {
        assert_ne!(self.wish, Wish::PanicInDisconnect, "as its client wishes");
    }
}

/// Takes no key that it does not know.
#[derive(EventHandlers)]
#[handles()]
struct Strict;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    #[serde(rename = "token")]
    _token: String,
}

impl Session for Strict {
    type Auth = Token;

    async fn connect(_: Token, socket: &Socket) -> Result<Self, Refusal> {
        let desk: &Arc<Desk> = socket.state();
        let _ = desk.sockets.try_send(socket.clone());
        Ok(Self)
    }
}

struct World {
    server: TestServer,
    sockets: mpsc::Receiver<Socket>,
    dropped: mpsc::Receiver<bool>,
    desk: Arc<Desk>,
}

/// What a client shows to come back.
struct Ticket {
    pid: String,
    offset: String,
}

impl Ticket {
    fn auth(&self, wish: &str) -> Value {
        json!({ "pid": self.pid, "offset": self.offset, "wish": wish })
    }
}

impl World {
    fn new() -> Self {
        Self::with(|hub| hub, Recovery::new())
    }

    fn with(options: impl FnOnce(HubBuilder) -> HubBuilder, recovery: Recovery) -> Self {
        let (socket_sender, sockets) = mpsc::channel(100);
        let (drop_sender, dropped) = mpsc::channel(100);
        let desk = Arc::new(Desk {
            sockets: socket_sender,
            dropped: drop_sender,
            go: Notify::new(),
        });
        let hub = Hub::builder()
            .namespace::<Guest>("/")
            .namespace::<Strict>("/strict")
            .namespace_with(NamespaceBuilder::matching::<Guest>("/invented/{name}"))
            .state(Arc::clone(&desk))
            .connection_state_recovery(recovery);
        Self {
            server: serve_on(1, WebSocketMode::Handoff, options(hub)),
            sockets,
            dropped,
            desk,
        }
    }

    fn hub(&self) -> &Hub {
        self.server.hub()
    }

    async fn socket(&mut self) -> Socket {
        let socket = timeout(PATIENCE, self.sockets.recv()).await;
        socket.expect("a socket in time").expect("a hub")
    }

    /// A client that has got one event.
    async fn enter(&mut self, wish: &str) -> (Wire, Ticket) {
        let mut wire = Wire::open(&self.server).await;
        wire.text(&format!("40{}", json!({ "wish": wish }))).await;
        let reply = reply(&mut wire).await;
        self.socket().await.emit_raw("first", &()).unwrap();
        let Message::Text(event) = wire.next().await else {
            panic!("not an event");
        };
        let event: Vec<String> = serde_json::from_str(event.strip_prefix("42").unwrap()).unwrap();
        let ticket = Ticket {
            pid: reply["pid"].clone(),
            offset: event.last().unwrap().clone(),
        };
        (wire, ticket)
    }

    /// A client whose connection broke, which the server knows.
    async fn lost(&mut self, wish: &str) -> Ticket {
        let saved = self.hub().stats().recovery_saved;
        let (wire, ticket) = self.enter(wish).await;
        wire.reset();
        until("it is saved", || self.hub().stats().recovery_saved > saved).await;
        ticket
    }

    /// Whether a client that comes back is recovered.
    async fn recovers(&self, ticket: &Ticket) -> bool {
        let mut wire = Wire::open(&self.server).await;
        wire.text(&format!("40{}", ticket.auth("nothing"))).await;
        reply(&mut wire).await["pid"] == ticket.pid
    }

    fn refused(&self, reason: &str) -> u64 {
        let stats = self.hub().stats();
        stats.recovery_refused.get(reason).copied().unwrap_or(0)
    }
}

async fn reply(wire: &mut Wire) -> BTreeMap<String, String> {
    reply_in(wire, "40").await
}

/// The answer to a CONNECT, before which events may come.
async fn reply_in(wire: &mut Wire, start: &str) -> BTreeMap<String, String> {
    loop {
        let message = wire.next().await;
        let Message::Text(text) = &message else {
            panic!("{message:?}");
        };
        if let Some(reply) = text.strip_prefix(start) {
            return serde_json::from_str(reply).unwrap();
        }
        assert!(text.starts_with("42"), "{text}");
    }
}
