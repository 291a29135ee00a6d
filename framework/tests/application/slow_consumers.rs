//! Clients that stop reading and go on later: what each policy drops, that it is counted exactly,
//! and that nobody else notices.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::wire::{FIN, MODES, Message, PING, Wire, deserted, eventually, frame, serve, within};
use roomcast::{HubBuilder, SlowConsumer, Stats, WebSocketMode, prelude::*, testing::TestServer};
use tokio::io::AsyncWriteExt;

/// Bytes that may wait for a client.
const LIMIT: usize = 128 * 1024;

/// More than all buffers of the kernels and the outbox together hold, in events of one [`body`].
const MANY: u32 = 8000;

type Reasons = Arc<Mutex<Vec<DisconnectReason>>>;

/// As the hub says.
#[derive(Serialize, Event)]
struct Tick<'a>(u32, &'a str);

#[derive(Serialize, Event)]
#[event(slow_consumer = "close")]
struct Vital<'a>(u32, &'a str);

#[derive(Serialize, Event)]
#[event(slow_consumer = "drop_newest")]
struct Chatter<'a>(u32, &'a str);

#[derive(Serialize, Event)]
#[event(slow_consumer = "latest", key = user)]
struct Cursor<'a> {
    at: u32,
    user: u32,
    body: &'a str,
}

#[derive(EventHandlers)]
#[handles()]
struct Listener;

impl Session for Listener {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        socket.join("all")?;
        Ok(Self)
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        let reasons: &Reasons = socket.state();
        reasons.lock().unwrap().push(reason);
    }
}

fn body() -> String {
    "x".repeat(2048)
}

/// A client that does not read, and one that does.
struct Pair {
    server: TestServer,
    reasons: Reasons,
    stuck: Wire,
    healthy: Wire,
}

impl Pair {
    async fn new(mode: WebSocketMode, options: impl FnOnce(HubBuilder) -> HubBuilder) -> Self {
        let reasons = Reasons::default();
        let hub = Hub::builder()
            .namespace::<Listener>("/")
            .max_outbox_bytes(LIMIT)
            .state(Arc::clone(&reasons));
        let server = serve(mode, options(hub));
        Self {
            stuck: Wire::join_narrow(&server).await,
            healthy: Wire::join(&server).await,
            server,
            reasons,
        }
    }

    fn stats(&self) -> Stats {
        self.server.hub().stats()
    }

    fn all(&self) -> Broadcast<'static> {
        self.server.hub().to("all")
    }

    /// Emits numbered events until it is enough, each awaited by the healthy client; how many.
    async fn emit(
        &mut self,
        first: u32,
        emit: impl Fn(Broadcast<'static>, u32) -> Result<(), EmitError>,
        is_enough: impl Fn(&Stats, u32) -> bool,
    ) -> u32 {
        for number in first.. {
            if is_enough(&self.stats(), number) {
                return number;
            }
            assert!(number < first + MANY, "never enough: {:?}", self.stats());
            emit(self.all(), number).unwrap();
            assert_eq!(event(self.healthy.next().await).number, number);
        }
        unreachable!("numbers have no end")
    }

    /// The events that the stuck client gets when it reads on, so many of them and no more.
    async fn read_on(&mut self, events: u32) -> Vec<Seen> {
        let mut seen = Vec::new();
        for _ in 0..events {
            seen.push(event(self.stuck.next().await));
        }
        self.stuck.write(&frame(FIN | PING, b"last")).await;
        assert_eq!(
            self.stuck.next().await,
            Message::Pong(b"last".to_vec()),
            "one too many"
        );
        seen
    }

    async fn end(self) {
        drop((self.stuck, self.healthy));
        deserted(self.server.hub()).await;
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Seen {
    name: String,
    number: u32,
    user: u32,
}

#[track_caller]
fn event(message: Message) -> Seen {
    let Message::Text(text) = &message else {
        panic!("{message:?}");
    };
    let list = text.strip_prefix("42").unwrap();
    let list: Vec<serde_json::Value> = serde_json::from_str(list).unwrap();
    let name = list[0].as_str().unwrap().to_owned();
    let number = |value: &serde_json::Value| u32::try_from(value.as_u64().unwrap()).unwrap();
    match name.as_str() {
        "cursor" => Seen {
            name,
            number: number(&list[1]["at"]),
            user: number(&list[1]["user"]),
        },
        _ => Seen {
            name,
            number: number(&list[1]),
            user: 0,
        },
    }
}

#[track_caller]
fn assert_in_order(seen: &[Seen]) {
    let in_order = seen.windows(2).all(|two| two[0].number < two[1].number);
    assert!(in_order, "reordered or twice");
}

#[actix_web::test]
async fn close_ends_the_connection_with_its_own_reason() {
    let body = body();
    for mode in MODES {
        let mut pair = Pair::new(mode, |hub| hub).await;
        let tick = |all: Broadcast<'_>, n| all.emit(&Tick(n, &body));
        let sent = pair.emit(0, tick, |stats, _| stats.closed_slow > 0).await;
        eventually("its session is told", || {
            !pair.reasons.lock().unwrap().is_empty()
        })
        .await;
        assert_eq!(
            *pair.reasons.lock().unwrap(),
            [DisconnectReason::SlowConsumer]
        );
        pair.emit(sent, tick, |_, n| n == sent + 10).await;
        let stats = pair.stats();
        assert_eq!((stats.closed_slow, stats.connections), (1, 1));
        assert_eq!((stats.dropped_newest, stats.dropped_oldest), (0, 0));
        // What waited for it is lost, and counted.
        let lost = usize::try_from(stats.dropped_closed).unwrap();
        assert!(2 * lost * body.len() > LIMIT, "{lost}");
        pair.end().await;
    }
}

#[actix_web::test]
async fn drop_newest_keeps_what_waits() {
    let body = body();
    for mode in MODES {
        let mut pair = Pair::new(mode, |hub| hub.slow_consumer(SlowConsumer::DropNewest)).await;
        let tick = |all: Broadcast<'_>, n| all.emit(&Tick(n, &body));
        let sent = pair
            .emit(0, tick, |stats, _| stats.dropped_newest == 100)
            .await;
        let seen = pair.read_on(sent - 100).await;
        assert_in_order(&seen);
        // What waited when the limit was reached is all there.
        let without_gap = seen
            .iter()
            .zip(0..)
            .take_while(|(seen, n)| seen.number == *n)
            .count();
        assert!(without_gap * body.len() > LIMIT, "{without_gap}");

        // It has caught up: nothing is dropped any more.
        let more = pair.emit(sent, tick, |_, n| n == sent + 20).await;
        let seen = pair.read_on(more - sent).await;
        assert!(seen.iter().map(|seen| seen.number).eq(sent..more));
        let stats = pair.stats();
        assert_eq!((stats.dropped_newest, stats.closed_slow), (100, 0));
        pair.end().await;
    }
}

#[actix_web::test]
async fn drop_oldest_keeps_what_is_new() {
    let body = body();
    for mode in MODES {
        let mut pair = Pair::new(mode, |hub| hub.slow_consumer(SlowConsumer::DropOldest)).await;
        let tick = |all: Broadcast<'_>, n| all.emit(&Tick(n, &body));
        let sent = pair
            .emit(0, tick, |stats, _| stats.dropped_oldest >= 200)
            .await;
        let dropped = u32::try_from(pair.stats().dropped_oldest).unwrap();
        let seen = pair.read_on(sent - dropped).await;
        assert_in_order(&seen);
        let last: Vec<_> = seen.iter().rev().take(30).map(|seen| seen.number).collect();
        assert!(
            last.iter().copied().eq((sent - 30..sent).rev()),
            "the newest are missing: {last:?}"
        );
        let stats = pair.stats();
        assert_eq!((stats.dropped_newest, stats.closed_slow), (0, 0));
        pair.end().await;
    }
}

#[actix_web::test]
async fn latest_keeps_one_of_each_key() {
    const USERS: u32 = 5;
    let body = body();
    for mode in MODES {
        let mut pair = Pair::new(mode, |hub| hub).await;
        let cursor = |all: Broadcast<'_>, at| {
            let user = at % USERS;
            all.emit(&Cursor {
                at,
                user,
                body: &body,
            })
        };
        let sent = pair
            .emit(0, cursor, |stats, _| stats.replaced_latest >= 200)
            .await;
        let replaced = u32::try_from(pair.stats().replaced_latest).unwrap();
        let seen = pair.read_on(sent - replaced).await;
        assert_in_order(&seen);
        let newest: HashMap<_, _> = seen.iter().map(|seen| (seen.user, seen.number)).collect();
        let mut newest: Vec<_> = newest.into_values().collect();
        newest.sort_unstable();
        assert!(
            newest.iter().copied().eq(sent - USERS..sent),
            "{newest:?} of {sent}"
        );
        // Five small events never reach the limit.
        let stats = pair.stats();
        assert_eq!(
            (
                stats.dropped_oldest,
                stats.dropped_newest,
                stats.closed_slow
            ),
            (0, 0, 0)
        );
        pair.end().await;
    }
}

#[actix_web::test]
async fn latest_of_too_many_keys_drops_the_oldest() {
    let body = body();
    for mode in MODES {
        let mut pair = Pair::new(mode, |hub| hub).await;
        let cursor = |all: Broadcast<'_>, at| {
            all.emit(&Cursor {
                at,
                user: at,
                body: &body,
            })
        };
        let sent = pair
            .emit(0, cursor, |stats, _| stats.dropped_oldest >= 100)
            .await;
        let dropped = u32::try_from(pair.stats().dropped_oldest).unwrap();
        let seen = pair.read_on(sent - dropped).await;
        assert_in_order(&seen);
        assert_eq!(seen.last().unwrap().number, sent - 1);
        let stats = pair.stats();
        assert_eq!((stats.replaced_latest, stats.closed_slow), (0, 0));
        pair.end().await;
    }
}

#[actix_web::test]
async fn an_event_may_have_a_policy_of_its_own() {
    let body = body();
    for mode in MODES {
        let mut pair = Pair::new(mode, |hub| hub).await;
        let chatter = |all: Broadcast<'_>, n| all.emit(&Chatter(n, &body));
        let sent = pair
            .emit(0, chatter, |stats, _| stats.dropped_newest == 50)
            .await;
        assert_eq!(pair.stats().closed_slow, 0, "{mode:?}: it may be dropped");
        let vital = |all: Broadcast<'_>, n| all.emit(&Vital(n, &body));
        pair.emit(sent, vital, |stats, _| stats.closed_slow == 1)
            .await;
        pair.end().await;
    }
    for mode in MODES {
        let mut pair = Pair::new(mode, |hub| hub.slow_consumer(SlowConsumer::DropNewest)).await;
        let vital = |all: Broadcast<'_>, n| all.emit(&Vital(n, &body));
        pair.emit(0, vital, |stats, _| stats.closed_slow == 1).await;
        assert_eq!(
            pair.stats().dropped_newest,
            0,
            "{mode:?}: it may not be dropped"
        );
        pair.end().await;
    }
}

#[actix_web::test]
async fn a_protocol_packet_arrives_or_ends_the_connection() {
    let body = body();
    for mode in MODES {
        let mut pair = Pair::new(mode, |hub| hub.slow_consumer(SlowConsumer::DropOldest)).await;
        let tick = |all: Broadcast<'_>, n| all.emit(&Tick(n, &body));
        let sent = pair
            .emit(0, tick, |stats, _| stats.dropped_oldest > 0)
            .await;
        pair.stuck.text("40/nowhere").await;
        let refused = [("unknown_namespace", 1)].into();
        eventually("it is refused", || pair.stats().refused_connects == refused).await;
        // Each of these drops an older one; what waits among them stays.
        pair.emit(sent, tick, |_, n| n == sent + 100).await;
        if pair.stats().closed_slow == 0 {
            let refused =
                |message| matches!(message, Message::Text(text) if text.starts_with("44/nowhere"));
            while !refused(pair.stuck.next().await) {}
        }
        pair.end().await;
    }
}

#[actix_web::test]
async fn volatile_events_are_dropped_only_while_the_transport_takes_nothing() {
    let body = body();
    for mode in MODES {
        let mut pair = Pair::new(mode, |hub| hub).await;
        let tick = |all: Broadcast<'_>, n| all.volatile().emit(&Tick(n, &body));
        let sent = pair
            .emit(0, tick, |stats, _| stats.dropped_volatile == 100)
            .await;
        let seen = pair.read_on(sent - 100).await;
        assert_in_order(&seen);
        assert_eq!(seen[0].number, 0);
        // Writable again.
        let more = pair.emit(sent, tick, |_, n| n == sent + 20).await;
        let seen = pair.read_on(more - sent).await;
        assert!(seen.iter().map(|seen| seen.number).eq(sent..more));
        let stats = pair.stats();
        assert_eq!((stats.dropped_volatile, stats.closed_slow), (100, 0));
        pair.end().await;
    }
}

/// Whether this process has the server's side of a connection open: the kernel, which may still offer
/// what it has to the client, shows no inode then.
fn holds(server: u16, client: u16) -> bool {
    let ends = format!(":{server:04X} 0100007F:{client:04X} ");
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let inode = table
        .lines()
        .find(|line| line.contains(&ends))
        .and_then(|line| line.split_whitespace().nth(9).map(str::to_owned));
    inode.is_some_and(|inode| inode != "0")
}

/// Over a response body, whose dispatcher would wait for it without end.
#[actix_web::test]
async fn who_ends_its_side_and_does_not_read_is_cut() {
    for mode in MODES {
        let Pair {
            server,
            mut stuck,
            healthy,
            ..
        } = Pair::new(mode, |hub| hub.close_timeout(Duration::from_millis(50))).await;
        drop(healthy);
        let text = body();
        let filling = async {
            while server.hub().stats().dropped_newest == 0 {
                server.hub().emit(&Chatter(0, &text)).unwrap();
                // An answer from the same worker, so that no more than this waits for it.
                server.hub().everyone().fetch_sockets().await.unwrap();
            }
        };
        within("its outbox is full", filling).await;
        stuck.stream.shutdown().await.unwrap();
        deserted(server.hub()).await;
        let client = stuck.stream.local_addr().unwrap().port();
        eventually("the server has let go of the connection", || {
            !holds(server.addr().port(), client)
        })
        .await;
    }
}
