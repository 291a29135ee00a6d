//! Connection state recovery where things meet: values of the application that do something when
//! they are dropped, sockets that end while they come back, clients that miss much.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::common::{polling::Poller, until};
use crate::waiting::PATIENCE;
use crate::wire::{Message, Wire, serve_on};
use roomcast::{
    HubBuilder, NamespaceBuilder, Recovery, SessionState, WebSocketMode, prelude::*,
    testing::TestServer,
};
use serde_json::{Value, json};
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};

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

// ---- the test's side

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

// ---- what the application drops

const BRIEFLY: Duration = Duration::from_millis(20);

#[actix_web::test]
async fn what_a_kept_session_drops_when_it_expires_may_emit() {
    // Who has gone for good goes with a sweep, and four times this is between them. A client has twice this to come in.
    let moment = Duration::from_millis(500);
    let often = move |hub: HubBuilder| hub.ping_interval(moment).ping_timeout(moment);
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
    for (missed, recovered) in [(40, true), (200, true), (600, false), (1000, false)] {
        let mut world = World::with(|hub| hub.max_outbox_bytes(64 << 10), Recovery::new());
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
        assert_eq!(reply.contains(&ticket.pid), recovered, "{missed}");
        assert_eq!(events, if recovered { missed } else { 0 });
        assert_eq!(world.refused("too_much_missed"), u64::from(!recovered));
        assert_eq!(world.hub().stats().closed_slow, 0);
    }
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

// ---- what a client has seen

impl World {
    /// The events that a client which comes back is sent before the reply.
    async fn missed(&self, ticket: &Ticket) -> Vec<String> {
        let mut wire = Wire::open(&self.server).await;
        wire.text(&format!("40{}", ticket.auth("nothing"))).await;
        let mut missed = Vec::new();
        loop {
            let Message::Text(text) = wire.next().await else {
                panic!("not a text");
            };
            if let Some(reply) = text.strip_prefix("40") {
                assert!(reply.contains(&ticket.pid), "a fresh session: {reply}");
                return missed;
            }
            missed.push(text.chars().take_while(|c| *c != ',').collect());
        }
    }
}

/// Its emits wait for the CONNECT reply, so a client that answers pings has not seen them.
#[actix_web::test]
async fn what_waits_for_a_socket_that_comes_back_has_not_been_seen() {
    let mut world = World::with(|hub| hub.ping_interval(BRIEFLY), Recovery::new());
    let ticket = world.lost("nothing").await;
    let mut wire = Wire::open(&world.server).await;
    wire.text(&format!("40{}", ticket.auth("wait"))).await;
    let socket = world.socket().await;
    socket.emit_raw("second", &()).unwrap();
    for _ in 0..3 {
        assert_eq!(wire.next_unanswered().await, Message::Text("2".to_owned()));
        wire.text("3").await;
    }
    // Its answer comes once the three pongs have been taken.
    wire.write(&crate::wire::frame(
        crate::wire::FIN | crate::wire::PING,
        b"?",
    ))
    .await;
    while wire.next_unanswered().await != Message::Pong(b"?".to_vec()) {}
    world.desk.go.notify_one();
    while !matches!(wire.next_unanswered().await, Message::Text(text) if text.starts_with("40")) {}
    // What follows the reply is lost with the connection.
    wire.reset();
    until("it is saved", || world.hub().stats().recovery_saved == 2).await;
    assert_eq!(world.missed(&ticket).await, [r#"42["second""#]);
}

#[actix_web::test]
async fn a_pong_that_nobody_asked_for_says_nothing_of_what_was_seen() {
    let mut world = World::new();
    let (mut wire, ticket) = world.enter("nothing").await;
    world.hub().everyone().emit_raw("second", &()).unwrap();
    let second = wire.next().await;
    assert!(matches!(second, Message::Text(event) if event.starts_with(r#"42["second""#)));
    for _ in 0..3 {
        wire.text("3").await;
    }
    wire.write(&crate::wire::frame(
        crate::wire::FIN | crate::wire::PING,
        b"?",
    ))
    .await;
    assert_eq!(wire.next().await, Message::Pong(b"?".to_vec()));
    wire.reset();
    until("it is saved", || world.hub().stats().recovery_saved == 1).await;
    assert_eq!(world.missed(&ticket).await, [r#"42["second""#]);
}

// ---- what clients send along

#[actix_web::test]
async fn a_session_that_refuses_unknown_keys_sees_none_of_recovery() {
    let mut world = World::new();
    let mut wire = Wire::open(&world.server).await;
    wire.text(r#"40/strict,{"token":"a"}"#).await;
    let pid = reply_in(&mut wire, "40/strict,").await["pid"].clone();
    assert_eq!(world.socket().await.auth(), Some(r#"{"token":"a"}"#));
    let strict = world.hub().namespace("/strict").unwrap();
    strict.everyone().emit_raw("first", &()).unwrap();
    let Message::Text(event) = wire.next().await else {
        panic!("not an event");
    };
    let offset = event.split('"').nth(3).unwrap().to_owned();
    wire.reset();
    until("it is saved", || world.hub().stats().recovery_saved == 1).await;

    for (auth, recovered) in [
        (json!({ "pid": pid, "offset": offset, "token": "b" }), true),
        // For which no event had come.
        (json!({ "pid": pid, "token": "b" }), false),
    ] {
        let mut wire = Wire::open(&world.server).await;
        wire.text(&format!("40/strict,{auth}")).await;
        let reply = reply_in(&mut wire, "40/strict,").await;
        assert_eq!(reply["pid"] == pid, recovered);
        let socket = world.socket().await;
        assert_eq!(socket.recovered(), recovered);
        assert_eq!(socket.auth(), Some(r#"{"token":"b"}"#));
    }
}

// ---- long times

#[actix_web::test]
async fn a_client_may_come_back_for_ever() {
    let mut world = World::with(
        |hub| hub.ping_timeout(Duration::from_secs(24 * 60 * 60)),
        Recovery::new().max_disconnection_duration(Duration::MAX),
    );
    let ticket = world.lost("nothing").await;
    assert!(world.recovers(&ticket).await);
}

// ---- namespaces that clients invent

impl World {
    /// A client in such a namespace whose connection broke: the private id and an offset.
    async fn lost_in(&mut self, name: &str) -> (String, String) {
        let saved = self.hub().stats().recovery_saved;
        let mut wire = Wire::open(&self.server).await;
        wire.text(&format!("40/invented/{name},")).await;
        let reply = reply_in(&mut wire, &format!("40/invented/{name},")).await;
        self.socket().await.emit_raw("first", &()).unwrap();
        let Message::Text(event) = wire.next().await else {
            panic!("not an event");
        };
        wire.reset();
        until("it is saved", || self.hub().stats().recovery_saved > saved).await;
        let offset = event.split('"').nth(3).unwrap().to_owned();
        (reply["pid"].clone(), offset)
    }

    /// Whether a client that comes back is recovered, and the client.
    async fn back_in(&mut self, name: &str, (pid, offset): (String, String)) -> (bool, Wire) {
        let mut wire = Wire::open(&self.server).await;
        let auth = json!({ "pid": pid, "offset": offset });
        wire.text(&format!("40/invented/{name},{auth}")).await;
        (self.socket().await.recovered(), wire)
    }
}

#[actix_web::test]
async fn namespaces_that_clients_invent_keep_no_more_than_their_share() {
    let mut world = World::with(|hub| hub, Recovery::new().max_dynamic_sessions(1));
    let (one, two) = (world.lost_in("a").await, world.lost_in("b").await);
    until("there is no room", || {
        world.hub().stats().recovery_sessions_evicted == 1
    })
    .await;
    let (recovered, _in_a) = world.back_in("a", one).await;
    assert!(recovered);
    let (recovered, _in_b) = world.back_in("b", two).await;
    assert!(!recovered);
    // What came back has made room, and fixed namespaces need none.
    let three = world.lost_in("c").await;
    let (recovered, _in_c) = world.back_in("c", three).await;
    assert!(recovered);
    let ticket = world.lost("nothing").await;
    assert!(world.recovers(&ticket).await);

    let mut world = World::with(|hub| hub, Recovery::new().max_dynamic_log_bytes(4096));
    let (one, two) = (world.lost_in("a").await, world.lost_in("b").await);
    let all = world.hub().namespace("/invented/b").unwrap();
    for _ in 0..100 {
        all.everyone().emit_raw("n", &()).unwrap();
    }
    assert!(world.hub().stats().recovery_events_evicted > 50);
    assert!(world.back_in("a", one).await.0);
    assert!(!world.back_in("b", two).await.0);
    assert_eq!(world.refused("trimmed"), 1);
}

#[actix_web::test]
async fn nothing_of_who_is_away_outlives_the_hub() {
    let mut world = World::new();
    world.lost_in("a").await;
    let mut wire = Wire::open(&world.server).await;
    wire.text("40/invented/b,").await;
    drop(world.socket().await);
    assert_eq!(world.hub().stats().dynamic_namespaces, 2);
    let (ended, drained) = tokio::join!(wire.ended(), world.hub().drain());
    assert!(drained.clean, "{drained}");
    assert!(!ended.0.is_empty(), "it was connected");
    until("they are gone", || {
        world.hub().stats().dynamic_namespaces == 0
    })
    .await;
}

// ---- much at once

/// More than is looked through under one lock, while others emit.
#[actix_web::test]
async fn what_was_missed_is_complete_whatever_is_emitted_meanwhile() {
    let mut world = World::with(|hub| hub.max_outbox_bytes(8 << 20), Recovery::new());
    let ticket = world.lost("nothing").await;
    let emit = |hub: &Hub, number: u32| hub.everyone().emit_raw("n", &[number]).unwrap();
    for number in 0..5_000 {
        emit(world.hub(), number);
    }
    let hub = world.hub().clone();
    let emitting = std::thread::spawn(move || {
        for number in 5_000..10_000 {
            emit(&hub, number);
        }
    });
    let mut wire = Wire::open(&world.server).await;
    wire.text(&format!("40{}", ticket.auth("nothing"))).await;
    let mut next = 0;
    while next < 10_000 {
        let Message::Text(text) = wire.next().await else {
            panic!("cut after {next}");
        };
        if let Some(reply) = text.strip_prefix("40") {
            assert!(reply.contains(&ticket.pid), "a fresh session: {reply}");
            continue;
        }
        let start = format!(r#"42["n",{next},"#);
        assert!(text.starts_with(&start), "{text} is not number {next}");
        next += 1;
    }
    emitting.join().unwrap();
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
