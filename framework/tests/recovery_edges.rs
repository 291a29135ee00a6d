//! Connection state recovery where things meet: values of the application that do something when
//! they are dropped, sockets that end while they come back, clients that miss much.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;
mod wire;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use common::{polling::Poller, until};
use roomcast::{
    HubBuilder, Recovery, SessionState, WebSocketMode,
    prelude::*,
    testing::{PATIENCE, TestServer},
};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout};
use wire::{Message, Wire, serve_on};

// ---- the application

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
        if wish == Wish::Hesitate {
            std::future::pending().await
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

// ---- the test's side

struct World {
    server: TestServer,
    sockets: mpsc::Receiver<Socket>,
    dropped: mpsc::Receiver<bool>,
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
        let hub = Hub::builder()
            .namespace::<Guest>("/")
            .state(Arc::new(Desk {
                sockets: socket_sender,
                dropped: drop_sender,
            }))
            .connection_state_recovery(recovery);
        Self {
            server: serve_on(1, WebSocketMode::Handoff, options(hub)),
            sockets,
            dropped,
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

/// The answer to a CONNECT, before which events may come.
async fn reply(wire: &mut Wire) -> BTreeMap<String, String> {
    loop {
        let message = wire.next().await;
        let Message::Text(text) = &message else {
            panic!("{message:?}");
        };
        if let Some(reply) = text.strip_prefix("40") {
            return serde_json::from_str(reply).unwrap();
        }
        assert!(text.starts_with("42"), "{text}");
    }
}

// ---- what the application drops

const BRIEFLY: Duration = Duration::from_millis(20);

#[actix_web::test]
async fn what_a_kept_session_drops_when_it_expires_may_emit() {
    let often = |hub: HubBuilder| hub.ping_interval(BRIEFLY).ping_timeout(BRIEFLY);
    let briefly = Recovery::new().max_disconnection_duration(BRIEFLY);
    let mut world = World::with(often, briefly);
    let mut wire = Wire::open(&world.server).await;
    wire.text(r#"40{"wish":"emit_when_dropped"}"#).await;
    world.socket().await;
    wire.reset();
    let dropped = timeout(PATIENCE, world.dropped.recv()).await;
    assert_eq!(dropped, Ok(Some(true)));
    assert_eq!(world.hub().stats().recovery_saved, 1);
}

#[actix_web::test]
async fn what_a_kept_session_drops_when_it_makes_room_may_emit() {
    let mut world = World::with(|hub| hub, Recovery::new().max_sessions(1));
    world.lost("emit_when_dropped").await;
    world.lost("nothing").await;
    let dropped = timeout(PATIENCE, world.dropped.recv()).await;
    assert_eq!(dropped, Ok(Some(true)));
}

// ---- much that was missed

#[actix_web::test]
async fn who_missed_much_is_sent_all_of_it_or_starts_afresh_but_is_not_cut_for_it() {
    let mut world = World::with(|hub| hub.max_outbox_bytes(64 << 10), Recovery::new());
    let mut recovered = Vec::new();
    for missed in [40, 200, 600, 1000] {
        let ticket = world.lost("nothing").await;
        for number in 0..missed {
            world.hub().everyone().emit_raw("n", &[number]).unwrap();
        }
        // A poll takes 16 packets: the rest waits in the outbox.
        let client = Poller::open(&world.server).await;
        let connect = format!("40{}", ticket.auth("nothing"));
        client.post(&connect).await.expect(200, "ok");
        let mut events = 0;
        let reply = 'replied: loop {
            let answer = client.poll().await;
            assert_eq!(answer.status, 200, "{answer:?} after {events} of {missed}");
            for packet in answer.text().split('\x1e') {
                match packet.strip_prefix("40") {
                    Some(reply) => break 'replied reply.to_owned(),
                    None => events += usize::from(packet.starts_with("42")),
                }
            }
        };
        world.socket().await;
        let came_back = reply.contains(&ticket.pid);
        assert_eq!(events, if came_back { missed } else { 0 });
        recovered.push(came_back);
    }
    assert_eq!(recovered, [true, true, false, false]);
    assert_eq!(world.refused("too_much_missed"), 2);
    assert_eq!(world.hub().stats().closed_slow, 0);
}

// ---- sockets that end while they come back

impl World {
    /// A socket whose client comes back, and whose session does not decide.
    async fn undecided(&mut self) -> (Wire, Socket, Ticket) {
        let ticket = self.lost("nothing").await;
        let mut wire = Wire::open(&self.server).await;
        wire.text(&format!("40{}", ticket.auth("hesitate"))).await;
        let socket = self.socket().await;
        assert!(socket.recovered());
        (wire, socket, ticket)
    }
}

#[actix_web::test]
async fn who_is_disconnected_while_it_comes_back_cannot_come_back_again() {
    for close in [false, true] {
        let mut world = World::new();
        let (mut wire, socket, ticket) = world.undecided().await;
        socket.disconnect(close).unwrap();
        wire.expect("41").await;
        assert!(!world.recovers(&ticket).await);
        assert_eq!(world.refused("unknown_session"), 1);
    }
}

#[actix_web::test]
async fn who_expires_while_it_comes_back_cannot_come_back_again() {
    let mut world = World::new();
    let (mut wire, socket, ticket) = world.undecided().await;
    socket.expires_in(Duration::ZERO).unwrap();
    wire.expect(r#"44{"message":"expired"}"#).await;
    assert!(!world.recovers(&ticket).await);
    assert_eq!(world.refused("unknown_session"), 1);
}

#[actix_web::test]
async fn who_is_lost_while_it_comes_back_can_come_back_again() {
    let mut world = World::new();
    let (wire, socket, ticket) = world.undecided().await;
    wire.reset();
    until("it has left", || !socket.is_connected()).await;
    assert!(world.recovers(&ticket).await);
}

// ---- panics

#[actix_web::test]
async fn nobody_waits_for_a_session_that_panicked_when_it_was_told_of_its_end() {
    for wish in ["panic_in_disconnecting", "panic_in_disconnect"] {
        let mut world = World::new();
        let (wire, ticket) = world.enter(wish).await;
        wire.reset();
        until("it has panicked", || world.hub().stats().panics == 1).await;
        assert!(!world.recovers(&ticket).await, "{wish}");
        assert_eq!(world.refused("unknown_session"), 1, "{wish}");
    }
}
