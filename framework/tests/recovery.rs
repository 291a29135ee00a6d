//! Connection state recovery: who comes back finds its id, its rooms and its session again, and
//! gets what it missed, once and in order, whatever the workers.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;
mod wire;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use common::{NEVER, until};
use roomcast::{
    Binary, HubBuilder, Recovery, SessionState, WebSocketMode,
    prelude::*,
    testing::{PATIENCE, TestServer},
};
use serde_json::{Value, json};
use tokio::{
    sync::{Notify, mpsc},
    time::{sleep, timeout},
};
use wire::{Message, Wire, deserted, serve_on};

// ---- the application

/// Counts what its client tells it, and keeps the sum.
#[derive(EventHandlers)]
#[handles(Join, Add, Wait, Flood)]
struct Counter {
    sum: u32,
}

#[derive(Deserialize)]
struct Rooms {
    #[serde(default)]
    rooms: Vec<String>,
    #[serde(default)]
    refuse: bool,
    #[serde(default)]
    panic: bool,
    /// Does not come to a decision.
    #[serde(default)]
    hesitate: bool,
}

#[derive(Deserialize, Event)]
#[event(ack = ())]
struct Join(String);

#[derive(Deserialize, Event)]
#[event(ack = u32)]
struct Add(u32);

/// Works until the test says so.
#[derive(Deserialize, Event)]
struct Wait;

/// Emits so many steps, to a room and to everyone by turns.
#[derive(Deserialize, Event)]
struct Flood {
    sender: u32,
    steps: u32,
}

#[derive(Serialize, Event)]
struct Step(u32, u32);

#[derive(Serialize, Event)]
struct News(u32);

#[derive(Serialize, Event)]
struct Picture(u32, Binary);

#[derive(Serialize, Event)]
#[event(ack = u32)]
struct Question;

struct Tower {
    sockets: mpsc::Sender<Socket>,
    go: Notify,
    working: Notify,
}

impl Session for Counter {
    type Auth = Rooms;

    async fn connect(auth: Rooms, socket: &Socket) -> Result<Self, Refusal> {
        Self::enter(0, auth, socket)
    }

    fn save(&self) -> Option<SessionState> {
        (self.sum > 0).then(|| SessionState::of(&self.sum))?
    }

    async fn restore(state: SessionState, auth: Rooms, socket: &Socket) -> Result<Self, Refusal> {
        assert!(socket.recovered());
        assert!(!auth.panic, "as the client asks");
        if auth.hesitate {
            std::future::pending().await
        }
        Self::enter(state.read()?, auth, socket)
    }
}

impl Counter {
    fn enter(sum: u32, auth: Rooms, socket: &Socket) -> Result<Self, Refusal> {
        if auth.refuse {
            return Err(Refusal::new("not you"));
        }
        for room in auth.rooms {
            socket.join(room)?;
        }
        let tower: &Arc<Tower> = socket.state();
        tower.sockets.try_send(socket.clone()).unwrap();
        Ok(Self { sum })
    }
}

impl Handle<Join> for Counter {
    async fn handle(&mut self, Join(room): Join, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.join(room)?)
    }
}

impl Handle<Add> for Counter {
    async fn handle(&mut self, Add(number): Add, _: &Socket) -> Result<u32, Rejection> {
        self.sum += number;
        Ok(self.sum)
    }
}

impl Handle<Wait> for Counter {
    async fn handle(&mut self, _: Wait, socket: &Socket) -> Result<(), Rejection> {
        let tower: &Arc<Tower> = socket.state();
        tower.working.notify_one();
        tower.go.notified().await;
        Ok(())
    }
}

impl Handle<Flood> for Counter {
    async fn handle(&mut self, flood: Flood, socket: &Socket) -> Result<(), Rejection> {
        let hub = socket.hub();
        for number in 0..flood.steps {
            let step = Step(flood.sender, number);
            match number % 4 {
                0 => hub.to("a").emit(&step)?,
                1 => hub.emit(&step)?,
                2 => hub.to("a").to("b").except("c").emit(&step)?,
                _ => socket.broadcast().emit(&step)?,
            }
            // Noise that must not be taken for any of it.
            hub.to("a").volatile().emit_raw("noise", &())?;
            if number % 5 == 0 {
                sleep(Duration::from_millis(1)).await;
            }
        }
        Ok(())
    }
}

// ---- the test's side

struct World {
    server: TestServer,
    sockets: mpsc::Receiver<Socket>,
    tower: Arc<Tower>,
}

impl World {
    fn new() -> Self {
        Self::with(1, |hub| hub, Recovery::new())
    }

    fn with(
        workers: usize,
        options: impl FnOnce(HubBuilder) -> HubBuilder,
        recovery: Recovery,
    ) -> Self {
        let (sender, sockets) = mpsc::channel(10_000);
        let tower = Arc::new(Tower {
            sockets: sender,
            go: Notify::new(),
            working: Notify::new(),
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
        }
    }

    fn hub(&self) -> &Hub {
        self.server.hub()
    }

    async fn socket(&mut self) -> Socket {
        let socket = timeout(PATIENCE, self.sockets.recv()).await;
        socket.expect("a socket in time").expect("a hub")
    }

    /// A fresh client in these rooms.
    async fn enter(&mut self, rooms: &[&str]) -> (Client, Socket) {
        let client = Client::connect(&self.server, json!({ "rooms": rooms })).await;
        let socket = self.socket().await;
        assert!(!socket.recovered());
        assert_eq!(socket.id().as_str(), client.sid);
        (client, socket)
    }

    /// The client's connection breaks, and the server knows.
    async fn cut(&self, client: Client) -> Ticket {
        let saved = self.hub().stats().recovery_saved;
        let ticket = client.cut();
        until("it is saved", || self.hub().stats().recovery_saved > saved).await;
        ticket
    }

    fn refused(&self, reason: &str) -> u64 {
        let stats = self.hub().stats();
        stats.recovery_refused.get(reason).copied().unwrap_or(0)
    }
}

/// What a client needs to come back.
#[derive(Clone)]
struct Ticket {
    sid: String,
    pid: String,
    offset: Option<String>,
}

impl Ticket {
    fn auth(&self) -> Value {
        json!({ "pid": self.pid, "offset": self.offset })
    }
}

/// Remembers offsets as socket.io-client does.
struct Client {
    wire: Wire,
    sid: String,
    pid: String,
    offset: Option<String>,
    /// What came before the CONNECT reply.
    missed: Vec<Value>,
}

impl Client {
    async fn connect(server: &TestServer, auth: Value) -> Self {
        let mut client = Self::opened(server, None).await;
        client.wire.text(&format!("40{auth}")).await;
        client.reply().await;
        client
    }

    async fn opened(server: &TestServer, offset: Option<String>) -> Self {
        Self {
            wire: Wire::open(server).await,
            sid: String::new(),
            pid: String::new(),
            offset,
            missed: Vec::new(),
        }
    }

    /// Comes back; whether it was recovered.
    async fn back(server: &TestServer, ticket: &Ticket) -> (Self, bool) {
        let mut client = Self::opened(server, ticket.offset.clone()).await;
        client.wire.text(&format!("40{}", ticket.auth())).await;
        client.reply().await;
        let recovered = client.pid == ticket.pid;
        assert_eq!(recovered, client.sid == ticket.sid);
        (client, recovered)
    }

    async fn reply(&mut self) {
        loop {
            match self.packet().await {
                Packet::Connected { sid, pid } => {
                    (self.sid, self.pid) = (sid, pid);
                    return;
                }
                Packet::Event(event) => self.missed.push(event),
                Packet::Other(other) => panic!("{other:?}"),
            }
        }
    }

    async fn packet(&mut self) -> Packet {
        let message = self.wire.next().await;
        let Message::Text(text) = &message else {
            return Packet::Other(message);
        };
        if let Some(reply) = text.strip_prefix("40") {
            #[derive(Deserialize)]
            #[serde(deny_unknown_fields)]
            struct Reply {
                sid: String,
                pid: String,
            }
            let Reply { sid, pid } = serde_json::from_str(reply).unwrap();
            return Packet::Connected { sid, pid };
        }
        let (event, attachments) = match (text.strip_prefix("42"), text.strip_prefix("45")) {
            (Some(event), _) => (event, 0),
            (_, Some(event)) => {
                let (count, event) = event.split_once('-').unwrap();
                (event, count.parse().unwrap())
            }
            _ => return Packet::Other(message),
        };
        let start = event.find('[').unwrap();
        let mut values: Value = serde_json::from_str(&event[start..]).unwrap();
        let list = values.as_array_mut().unwrap();
        // With an ack id the last argument is a function to JavaScript clients.
        if start == 0
            && let Some(Value::String(last)) = list.last()
        {
            self.offset = Some(last.clone());
            list.pop();
        }
        for _ in 0..attachments {
            let Message::Binary(bytes) = self.wire.next().await else {
                panic!("not an attachment");
            };
            list.push(json!(bytes));
        }
        Packet::Event(values)
    }

    async fn event(&mut self) -> Value {
        match self.packet().await {
            Packet::Event(event) => event,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn expect(&mut self, event: Value) -> impl Future<Output = ()> {
        let at = std::panic::Location::caller();
        async move { assert_eq!(self.event().await, event, "at {at}") }
    }

    /// Emits an event, and waits for its answer.
    async fn ask(&mut self, event: Value) -> String {
        self.wire.text(&format!("421{event}")).await;
        match self.packet().await {
            Packet::Other(Message::Text(answer)) => answer,
            other => panic!("{other:?}"),
        }
    }

    fn ticket(&self) -> Ticket {
        Ticket {
            sid: self.sid.clone(),
            pid: self.pid.clone(),
            offset: self.offset.clone(),
        }
    }

    fn cut(self) -> Ticket {
        let ticket = self.ticket();
        self.wire.reset();
        ticket
    }
}

#[derive(Debug)]
enum Packet {
    Connected { sid: String, pid: String },
    Event(Value),
    Other(Message),
}

fn news(numbers: impl IntoIterator<Item = u32>) -> Vec<Value> {
    let event = |number| json!(["news", number]);
    numbers.into_iter().map(event).collect()
}

// ---- what is recovered

#[actix_web::test]
async fn who_comes_back_gets_its_id_its_rooms_its_session_and_what_it_missed_before_the_reply() {
    let mut world = World::new();
    let (mut client, _) = world.enter(&["a"]).await;
    let (mut witness, _) = world.enter(&["a", "c"]).await;
    assert_eq!(client.ask(json!(["join", "b"])).await, "431[]");
    assert_eq!(client.ask(json!(["add", 7])).await, "431[7]");
    world.hub().emit(&News(0)).unwrap();
    client.expect(json!(["news", 0])).await;
    witness.expect(json!(["news", 0])).await;
    let ticket = world.cut(client).await;

    let hub = world.hub();
    let id: SocketId = ticket.sid.parse().unwrap();
    hub.emit(&News(1)).unwrap();
    hub.to("b").emit(&News(2)).unwrap();
    hub.to("c").emit(&News(100)).unwrap();
    hub.to(id).emit(&News(3)).unwrap();
    hub.except("a").emit(&News(101)).unwrap();
    hub.to("a").except(id).emit(&News(102)).unwrap();
    hub.to("c").to("a").emit(&News(4)).unwrap();
    let elsewhere = hub.namespace("/other").unwrap();
    elsewhere.emit(&News(103)).unwrap();
    for number in [1, 100, 102, 4] {
        witness.expect(json!(["news", number])).await;
    }

    let (mut client, recovered) = Client::back(&world.server, &ticket).await;
    assert!(recovered);
    assert_eq!(client.missed, news([1, 2, 3, 4]));
    let socket = world.socket().await;
    assert!(socket.recovered());
    let mut rooms = socket.rooms();
    rooms.sort_unstable();
    world.hub().to("b").emit(&News(5)).unwrap();
    client.expect(json!(["news", 5])).await;
    assert_eq!(client.ask(json!(["add", 1])).await, "431[8]");
    let stats = world.hub().stats();
    assert_eq!((stats.recovery_saved, stats.recovery_restored), (1, 1));
}

#[actix_web::test]
async fn binary_events_are_replayed_with_their_attachments() {
    let mut world = World::new();
    let (mut client, _) = world.enter(&[]).await;
    world.hub().emit(&News(0)).unwrap();
    client.event().await;
    let ticket = world.cut(client).await;
    let bytes = Binary::from(vec![7; 200]);
    world.hub().emit(&Picture(1, bytes)).unwrap();
    world.hub().emit(&News(2)).unwrap();
    let (client, recovered) = Client::back(&world.server, &ticket).await;
    assert!(recovered);
    let placeholder = json!({"_placeholder": true, "num": 0});
    let picture = json!(["picture", 1, placeholder, vec![7; 200]]);
    assert_eq!(client.missed, [picture, json!(["news", 2])]);
}

#[actix_web::test]
async fn a_session_that_keeps_nothing_passes_through_connect_again() {
    let mut world = World::new();
    let (mut client, socket) = world.enter(&["a"]).await;
    socket.emit(&News(0)).unwrap();
    client.event().await;
    let ticket = world.cut(client).await;
    let (mut client, recovered) = Client::back(&world.server, &ticket).await;
    assert!(recovered);
    assert!(world.socket().await.recovered());
    assert_eq!(client.ask(json!(["add", 1])).await, "431[1]");
}

#[actix_web::test]
async fn a_volatile_event_does_not_spoil_the_offset() {
    let mut world = World::new();
    let (mut client, socket) = world.enter(&[]).await;
    world.hub().emit(&News(1)).unwrap();
    socket.volatile().emit(&News(2)).unwrap();
    world
        .hub()
        .everyone()
        .volatile()
        .emit_raw("d4", &())
        .unwrap();
    client.expect(json!(["news", 1])).await;
    client.expect(json!(["news", 2])).await;
    client.expect(json!(["d4"])).await;
    let ticket = world.cut(client).await;
    world.hub().everyone().volatile().emit(&News(3)).unwrap();
    world.hub().emit(&News(4)).unwrap();
    let (client, recovered) = Client::back(&world.server, &ticket).await;
    assert!(recovered);
    assert_eq!(client.missed, news([4]), "without what was volatile");
}

#[actix_web::test]
async fn what_asks_for_an_ack_has_no_offset_and_is_not_replayed() {
    let mut world = World::new();
    let (mut client, socket) = world.enter(&[]).await;
    let asking = tokio::task::spawn_local({
        let socket = socket.clone();
        async move { socket.timeout(NEVER).emit_with_ack(&Question).await }
    });
    client.expect(json!(["question"])).await;
    assert_eq!(client.offset, None);
    socket.emit(&News(1)).unwrap();
    client.event().await;
    let ticket = world.cut(client).await;
    assert!(asking.await.unwrap().is_err());
    let (client, recovered) = Client::back(&world.server, &ticket).await;
    assert!(recovered);
    assert!(client.missed.is_empty());
}

// ---- who is not recovered

#[actix_web::test]
async fn a_session_is_restored_once() {
    let mut world = World::new();
    let (mut client, socket) = world.enter(&[]).await;
    socket.emit(&News(1)).unwrap();
    client.event().await;
    let ticket = world.cut(client).await;
    let (client, recovered) = Client::back(&world.server, &ticket).await;
    assert!(recovered);
    // It left for good.
    let mut wire = client.wire;
    wire.text("41").await;
    until("it has left", || world.hub().stats().sockets == 0).await;
    let (_client, recovered) = Client::back(&world.server, &ticket).await;
    assert!(!recovered);
    assert_eq!(world.refused("unknown_session"), 1);
}

#[actix_web::test]
async fn an_unknown_session_or_offset_gives_a_fresh_one_without_an_error() {
    let mut world = World::new();
    let (mut client, socket) = world.enter(&["a"]).await;
    socket.emit(&News(1)).unwrap();
    client.event().await;
    let ticket = world.cut(client).await;
    for (pid, reason) in [
        ("unknown", "unknown_session"),
        (&*ticket.sid, "unknown_session"),
    ] {
        let before = world.refused(reason);
        let other = Ticket {
            pid: pid.to_owned(),
            ..ticket.clone()
        };
        assert!(!Client::back(&world.server, &other).await.1);
        assert_eq!(world.refused(reason), before + 1);
    }
    for (n, offset) in [(1, "abc"), (2, "zzzzzzzzzz")] {
        let (mut client, socket) = world.fresh().await;
        socket.emit(&News(1)).unwrap();
        client.event().await;
        let ticket = world.cut(client).await;
        let other = Ticket {
            offset: Some(offset.to_owned()),
            ..ticket.clone()
        };
        let (client, recovered) = Client::back(&world.server, &other).await;
        assert!(!recovered);
        assert!(client.missed.is_empty());
        assert_eq!(world.refused("unknown_offset"), n);
    }
    // Neither is an attempt, and neither is refused.
    for auth in [json!({"pid": ticket.pid}), json!({"pid": 1, "offset": 2})] {
        let client = Client::connect(&world.server, auth).await;
        assert_ne!(client.pid, ticket.pid);
    }
}

impl World {
    /// The newest fresh client.
    async fn fresh(&mut self) -> (Client, Socket) {
        let client = Client::connect(&self.server, json!({})).await;
        loop {
            let socket = self.socket().await;
            if socket.id().as_str() == client.sid {
                return (client, socket);
            }
        }
    }
}

#[actix_web::test]
async fn who_stays_away_too_long_gets_a_fresh_session() {
    let short = Recovery::new().max_disconnection_duration(Duration::from_millis(50));
    let mut world = World::with(1, |hub| hub, short);
    let (mut client, socket) = world.enter(&[]).await;
    socket.emit(&News(1)).unwrap();
    client.event().await;
    let since = Instant::now();
    let ticket = world.cut(client).await;
    until("it has expired", || {
        since.elapsed() > Duration::from_millis(100)
    })
    .await;
    assert!(!Client::back(&world.server, &ticket).await.1);
    assert_eq!(world.refused("expired"), 1);
}

#[actix_web::test]
async fn what_no_longer_fits_the_log_gives_a_fresh_session() {
    let mut world = World::with(1, |hub| hub, Recovery::new().max_log_bytes(4096));
    let (mut client, socket) = world.enter(&[]).await;
    socket.emit(&News(1)).unwrap();
    client.event().await;
    let ticket = world.cut(client).await;
    for number in 0..100 {
        world.hub().emit(&News(number)).unwrap();
    }
    assert!(world.hub().stats().recovery_events_evicted > 50);
    let (client, recovered) = Client::back(&world.server, &ticket).await;
    assert!(!recovered);
    assert!(client.missed.is_empty());
    assert_eq!(world.refused("trimmed"), 1);
}

#[actix_web::test]
async fn more_than_an_outbox_takes_gives_a_fresh_session() {
    let mut world = World::with(1, |hub| hub.max_outbox_bytes(1000), Recovery::new());
    let (mut client, socket) = world.enter(&[]).await;
    socket.emit(&News(1)).unwrap();
    client.event().await;
    let ticket = world.cut(client).await;
    for number in 0..100 {
        world.hub().emit(&News(number)).unwrap();
    }
    assert!(!Client::back(&world.server, &ticket).await.1);
    assert_eq!(world.refused("too_much_missed"), 1);
}

#[actix_web::test]
async fn the_oldest_sessions_make_room() {
    let mut world = World::with(1, |hub| hub, Recovery::new().max_sessions(1));
    let mut tickets = Vec::new();
    for number in 0..2 {
        let (mut client, socket) = world.enter(&[]).await;
        socket.emit(&News(number)).unwrap();
        client.event().await;
        tickets.push(world.cut(client).await);
    }
    until("one has gone", || {
        world.hub().stats().recovery_sessions_evicted == 1
    })
    .await;
    let (_fresh, recovered) = Client::back(&world.server, &tickets[0]).await;
    assert!(!recovered);
    assert!(Client::back(&world.server, &tickets[1]).await.1);
}

#[actix_web::test]
async fn who_left_or_was_disconnected_cannot_come_back() {
    let mut world = World::new();
    for by_client in [true, false] {
        let (mut client, socket) = world.enter(&[]).await;
        socket.emit(&News(1)).unwrap();
        client.event().await;
        let ticket = client.ticket();
        match by_client {
            true => client.wire.text("41").await,
            false => socket.disconnect(false).unwrap(),
        }
        until("it has left", || world.hub().stats().sockets == 0).await;
        assert!(!Client::back(&world.server, &ticket).await.1);
        world.socket().await;
        until("everyone has left", || world.hub().stats().sockets == 0).await;
    }
    assert_eq!(world.hub().stats().recovery_restored, 0);
}

#[actix_web::test]
async fn a_session_may_refuse_who_comes_back() {
    let mut world = World::new();
    let (mut client, socket) = world.enter(&["a"]).await;
    socket.emit(&News(1)).unwrap();
    client.event().await;
    let ticket = world.cut(client).await;
    world.hub().emit(&News(2)).unwrap();
    let mut wire = Wire::open(&world.server).await;
    let Ticket { pid, offset, .. } = &ticket;
    let auth = json!({ "pid": pid, "offset": offset, "refuse": true });
    wire.text(&format!("40{auth}")).await;
    wire.expect(r#"44{"message":"not you"}"#).await;
    assert!(!Client::back(&world.server, &ticket).await.1);
    assert_eq!(world.hub().namespace("/").unwrap().rooms(), [""; 0]);
}

#[actix_web::test]
async fn a_session_that_panics_when_it_is_restored_is_lost() {
    let mut world = World::new();
    let (mut client, socket) = world.enter(&["a"]).await;
    socket.emit(&News(1)).unwrap();
    client.event().await;
    client.ask(json!(["add", 7])).await;
    let ticket = world.cut(client).await;
    let mut wire = Wire::open(&world.server).await;
    let Ticket { pid, offset, .. } = &ticket;
    let auth = json!({ "pid": pid, "offset": offset, "panic": true });
    wire.text(&format!("40{auth}")).await;
    wire.expect(r#"44{"message":"internal server error"}"#)
        .await;
    assert!(!Client::back(&world.server, &ticket).await.1);
    assert_eq!(world.refused("unknown_session"), 1);
}

// ---- sockets that expire

/// Enough for a client to come back, on a busy machine too.
const A_WHILE: Duration = Duration::from_secs(2);

impl World {
    /// The client of a socket that expires has gone.
    async fn away(&mut self, time: Duration) -> Ticket {
        let (mut client, socket) = self.enter(&[]).await;
        socket.emit(&News(1)).unwrap();
        client.event().await;
        client.ask(json!(["add", 7])).await;
        socket.expires_in(time).unwrap();
        self.cut(client).await
    }
}

#[actix_web::test]
async fn who_comes_back_has_the_time_that_was_left() {
    let mut world = World::new();
    let ticket = world.away(A_WHILE).await;
    let (mut client, recovered) = Client::back(&world.server, &ticket).await;
    assert!(recovered);
    let left = world.socket().await.time_left();
    assert!(
        left > Some(Duration::ZERO) && left <= Some(A_WHILE),
        "{left:?}"
    );
    client.wire.expect("41").await;
    assert!(!Client::back(&world.server, &client.ticket()).await.1);
    assert_eq!(world.refused("unknown_session"), 1);
    assert_eq!(world.hub().stats().expired, 1);
}

#[actix_web::test]
async fn nobody_comes_back_to_a_socket_whose_time_is_over() {
    let mut world = World::new();
    let ticket = world.away(A_WHILE).await;
    let since = Instant::now();
    until("its time is over", || since.elapsed() > A_WHILE).await;
    assert!(!Client::back(&world.server, &ticket).await.1);
    assert_eq!(world.refused("expired"), 1);
}

#[actix_web::test]
async fn nobody_waits_for_a_socket_until_its_time_is_over_and_gets_it() {
    let mut world = World::new();
    let (mut client, socket) = world.enter(&[]).await;
    socket.emit(&News(1)).unwrap();
    client.event().await;
    client.wire.text(r#"42["wait"]"#).await;
    world.tower.working.notified().await;
    socket.expires_in(A_WHILE).unwrap();
    let ticket = client.cut();
    let coming = Client::back(&world.server, &ticket);
    let going = async {
        let over = || socket.time_left() == Some(Duration::ZERO);
        until("its time is over", over).await;
        world.tower.go.notify_one();
    };
    let ((_client, recovered), ()) = tokio::join!(coming, going);
    assert!(!recovered);
    assert_eq!(world.refused("expired"), 1);
}

#[actix_web::test]
async fn who_expires_while_it_comes_back_is_refused_for_good() {
    let mut world = World::new();
    let ticket = world.away(A_WHILE).await;
    let mut wire = Wire::open(&world.server).await;
    let Ticket { pid, offset, .. } = &ticket;
    let auth = json!({ "pid": pid, "offset": offset, "hesitate": true });
    wire.text(&format!("40{auth}")).await;
    wire.expect(r#"44{"message":"expired"}"#).await;
    assert!(!Client::back(&world.server, &ticket).await.1);
    assert_eq!(world.hub().stats().recovery_restored, 0);
}

// ---- fast reconnects

#[actix_web::test]
async fn who_comes_back_before_its_loss_is_known_takes_over() {
    for workers in [1, 4] {
        let mut world = World::with(workers, |hub| hub, Recovery::new());
        let (mut client, socket) = world.enter(&["a"]).await;
        socket.emit(&News(1)).unwrap();
        client.event().await;
        for number in 2..20 {
            let ticket = client.ticket();
            // Nobody reads the old connection any more.
            world.hub().to("a").emit(&News(number)).unwrap();
            let (next, recovered) = Client::back(&world.server, &ticket).await;
            assert!(recovered);
            assert_eq!(next.missed, news([number]));
            let (before, _) = std::mem::replace(&mut client, next).wire.ended().await;
            assert!(before.len() <= 1, "{before:?}");
        }
        let stats = world.hub().stats();
        assert_eq!(stats.sockets, 1);
        assert_eq!(stats.disconnects.get("transport close"), Some(&18));
        assert!(!socket.is_connected());
    }
}

#[actix_web::test]
async fn it_waits_for_the_handler_that_still_runs() {
    let mut world = World::new();
    let (mut client, socket) = world.enter(&[]).await;
    socket.emit(&News(1)).unwrap();
    client.event().await;
    client.wire.text(r#"42["wait"]"#).await;
    world.tower.working.notified().await;
    let ticket = client.cut();
    let coming = Client::back(&world.server, &ticket);
    let going = async {
        until("it was told", || world.hub().stats().connections == 2).await;
        world.hub().emit(&News(2)).unwrap();
        world.tower.go.notify_one();
    };
    let ((client, recovered), ()) = tokio::join!(coming, going);
    assert!(recovered);
    assert_eq!(client.missed, news([2]));
}

#[actix_web::test]
async fn a_client_that_is_lost_while_it_comes_back_can_try_again() {
    let mut world = World::new();
    let (mut client, socket) = world.enter(&[]).await;
    socket.emit(&News(1)).unwrap();
    client.event().await;
    client.wire.text(r#"42["wait"]"#).await;
    world.tower.working.notified().await;
    let ticket = client.cut();
    let mut lost = Wire::open(&world.server).await;
    lost.text(&format!("40{}", ticket.auth())).await;
    until("it was told", || world.hub().stats().sockets == 0).await;
    lost.reset();
    until("it is gone", || world.hub().stats().connections <= 1).await;
    world.tower.go.notify_one();
    assert!(Client::back(&world.server, &ticket).await.1);
}

#[actix_web::test]
async fn nothing_stays() {
    let mut world = World::new();
    let (mut client, socket) = world.enter(&["a"]).await;
    socket.emit(&News(1)).unwrap();
    client.event().await;
    let ticket = world.cut(client).await;
    let (client, recovered) = Client::back(&world.server, &ticket).await;
    assert!(recovered);
    drop(client);
    deserted(world.hub()).await;
}

// ---- many senders, many cuts

const SENDERS: u32 = 4;
const STEPS: u32 = 300;

/// A number below `end`; the same ones in every run.
fn random(state: &mut u64, end: u64) -> u64 {
    // The generator of Knuth's MMIX.
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % end
}

/// Reads until every sender's last step has come, and loses its connection again and again. The
/// steps in the order in which they came.
async fn unsteady(server: &TestServer, mut client: Client, seed: u64) -> Vec<(u64, u64)> {
    let mut state = seed;
    let mut steps = Vec::new();
    let mut offset = client.offset.clone();
    let mut last = 0;
    let mut until_cut = 1;
    while last < SENDERS {
        let events = match client.missed.is_empty() {
            false => std::mem::take(&mut client.missed),
            true => {
                let event = client.event().await;
                assert!(
                    client.offset >= offset,
                    "{:?} after {offset:?}",
                    client.offset
                );
                offset = client.offset.clone();
                vec![event]
            }
        };
        for event in events {
            if event[0] == "step" {
                let step = (event[1].as_u64().unwrap(), event[2].as_u64().unwrap());
                last += u32::from(step.1 == u64::from(STEPS - 1));
                steps.push(step);
            }
        }
        until_cut -= 1;
        if until_cut == 0 && last < SENDERS {
            until_cut = 1 + random(&mut state, 60);
            let ticket = client.ticket();
            // Sometimes the old connection stays, half dead.
            let old = (random(&mut state, 3) > 0).then_some(client);
            if random(&mut state, 2) == 0 {
                sleep(Duration::from_millis(random(&mut state, 5))).await;
            }
            let (next, recovered) = Client::back(server, &ticket).await;
            assert!(recovered, "cut at {:?}", ticket.offset);
            assert!(next.offset >= offset);
            offset = next.offset.clone();
            drop(old);
            client = next;
        }
    }
    steps
}

#[actix_web::test]
async fn no_gap_no_duplicate_no_reorder_with_many_senders_on_several_workers() {
    let mut world = World::with(4, |hub| hub, Recovery::new());
    let mut senders = Vec::new();
    for _ in 0..SENDERS {
        senders.push(world.enter(&["b"]).await.0);
    }
    let mut receivers = Vec::new();
    for _ in 0..6 {
        let (mut client, socket) = world.enter(&["a"]).await;
        socket.emit(&News(0)).unwrap();
        client.event().await;
        receivers.push(client);
    }
    for (sender, client) in (0..).zip(&mut senders) {
        let flood = json!(["flood", { "sender": sender, "steps": STEPS }]);
        client.wire.text(&format!("42{flood}")).await;
    }
    let server = &world.server;
    let receiving = (1..)
        .zip(receivers)
        .map(|(seed, client)| unsteady(server, client, seed));
    let received = futures_util::future::join_all(receiving).await;
    for steps in &received {
        for sender in 0..u64::from(SENDERS) {
            let numbers = steps
                .iter()
                .filter(|step| step.0 == sender)
                .map(|step| step.1);
            assert!(numbers.eq(0..u64::from(STEPS)), "of sender {sender}");
        }
        assert_eq!(steps, &received[0], "one order for all");
    }
    let stats = world.hub().stats();
    assert!(stats.recovery_restored > 50, "{stats:?}");
    assert!(stats.recovery_refused.is_empty(), "{stats:?}");
}
