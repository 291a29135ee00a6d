//! Peers that break the rules, or keep them in the worst way: each is bounded, cut in time, counted
//! by its reason, harmless to others, and leaves nothing behind.

#![allow(clippy::unwrap_used, reason = "tests")]

mod wire;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use roomcast::{HubBuilder, Stats, WebSocketMode, prelude::*, testing::TestServer};
use tokio::sync::{MutexGuard, Semaphore};
use wire::{
    BINARY, CLOSE, CONTINUATION, FIN, HANDSHAKE, MODES, Message, PING, TEXT, Wire, descriptors,
    deserted, eventually, frame, head, memory, text,
};

const MIB: usize = 1 << 20;

/// Soon enough for a quick test, where nothing must come in time.
const SOON: Duration = Duration::from_millis(150);

/// More than a busy machine's hiccup, where something must.
const LATER: Duration = Duration::from_millis(600);

// ---- the application

/// What the sessions share with the test.
struct Lab {
    /// Slow things go on when they get a permit.
    gate: Semaphore,
    /// The numbers of the slow events that were handled.
    handled: Mutex<Vec<u32>>,
    /// Calls of `connect` that are waiting.
    connecting: AtomicUsize,
    connected: AtomicUsize,
    /// Handlers that are waiting.
    handling: AtomicUsize,
}

impl Lab {
    fn handled(&self) -> Vec<u32> {
        self.handled.lock().unwrap().clone()
    }

    /// Waits for the gate, counted as long as the future lives.
    async fn wait(&self, waiting: &AtomicUsize) {
        struct Waiting<'a>(&'a AtomicUsize);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(waiting);
        self.gate.acquire().await.unwrap().forget();
    }

    fn open(&self) {
        self.gate.add_permits(1_000_000);
    }
}

#[derive(Deserialize, Event)]
#[event(ack = String)]
struct Echo(String);

#[derive(Deserialize, Event)]
struct Slow(
    u32,
    #[expect(dead_code, reason = "its bytes matter")] String,
);

#[derive(Deserialize, Event)]
#[event(ack = usize)]
struct Upload(Binary);

#[derive(Serialize, Event)]
struct News<'a>(u32, &'a str);

#[derive(EventHandlers)]
#[handles(Echo, Slow, Upload)]
struct Guest;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Manners {
    /// Waits for the gate in `connect`.
    slow: bool,
}

impl Session for Guest {
    type Auth = Manners;

    async fn connect(manners: Manners, socket: &Socket) -> Result<Self, Refusal> {
        let lab: &Arc<Lab> = socket.state();
        socket.join("lobby")?;
        if manners.slow {
            lab.wait(&lab.connecting).await;
        }
        lab.connected.fetch_add(1, Ordering::Relaxed);
        Ok(Self)
    }
}

impl Handle<Echo> for Guest {
    async fn handle(&mut self, Echo(text): Echo, _: &Socket) -> Result<String, Rejection> {
        Ok(text)
    }
}

impl Handle<Slow> for Guest {
    async fn handle(&mut self, Slow(number, _): Slow, socket: &Socket) -> Result<(), Rejection> {
        let lab: &Arc<Lab> = socket.state();
        lab.wait(&lab.handling).await;
        lab.handled.lock().unwrap().push(number);
        Ok(())
    }
}

impl Handle<Upload> for Guest {
    async fn handle(&mut self, upload: Upload, _: &Socket) -> Result<usize, Rejection> {
        Ok(upload.0.len())
    }
}

/// Leaves as slowly as the gate lets it.
#[derive(EventHandlers)]
#[handles()]
struct Lingering;

impl Session for Lingering {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        let lab: &Arc<Lab> = socket.state();
        lab.connected.fetch_add(1, Ordering::Relaxed);
        Ok(Self)
    }

    async fn disconnect(&mut self, socket: &Socket, _: DisconnectReason) {
        let lab: &Arc<Lab> = socket.state();
        lab.wait(&lab.handling).await;
    }
}

// ---- the stage

struct Stage {
    server: TestServer,
    lab: Arc<Lab>,
    /// Descriptors before the first peer.
    descriptors: usize,
    // They count what belongs to the whole process.
    _alone: MutexGuard<'static, ()>,
}

impl Stage {
    async fn set(mode: WebSocketMode, options: impl FnOnce(HubBuilder) -> HubBuilder) -> Self {
        static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let alone = ALONE.lock().await;
        let lab = Arc::new(Lab {
            gate: Semaphore::new(0),
            handled: Mutex::default(),
            connecting: AtomicUsize::new(0),
            connected: AtomicUsize::new(0),
            handling: AtomicUsize::new(0),
        });
        let hub = Hub::builder()
            .namespace::<Guest>("/")
            .namespace::<Lingering>("/lingering")
            .state(Arc::clone(&lab));
        let server = wire::serve(mode, options(hub));
        // What the server opens for its first connection, it keeps.
        drop(Wire::join(&server).await);
        deserted(server.hub()).await;
        let stage = Self {
            descriptors: 0,
            server,
            lab,
            _alone: alone,
        };
        let mut last = usize::MAX;
        eventually("a steady number of descriptors", || {
            let now = descriptors();
            std::mem::replace(&mut last, now) == now
        })
        .await;
        Self {
            descriptors: last,
            ..stage
        }
    }

    fn stats(&self) -> Stats {
        self.server.hub().stats()
    }

    fn refused(&self) -> BTreeMap<&'static str, u64> {
        self.stats().refused_packets
    }

    /// Another client is served.
    async fn serves_others(&self) {
        let mut other = Wire::join(&self.server).await;
        echo(&mut other).await;
    }

    /// Nothing is left once all clients have gone.
    async fn clear(self) {
        deserted(self.server.hub()).await;
        eventually("all descriptors are given back", || {
            descriptors() <= self.descriptors
        })
        .await;
    }
}

async fn echo(wire: &mut Wire) {
    wire.text(r#"427["echo","hi"]"#).await;
    wire.expect(r#"437["hi"]"#).await;
}

// ---- peers that are slow or silent

#[actix_web::test]
async fn one_that_never_reads_is_cut_while_others_get_everything() {
    const LIMIT: usize = 256 * 1024;
    // What kernels hold for both sides: tcp_wmem goes up to 4 MiB, and some are set higher.
    const KERNEL: usize = 16 * MIB;
    let body = "x".repeat(16 * 1024);
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub.max_outbox_bytes(LIMIT)).await;
        let mut healthy = Wire::join(&stage.server).await;
        let stuck = Wire::join_narrow(&stage.server).await;
        let mut sent = 0;
        while stage.stats().closed_slow == 0 {
            assert!(
                (sent as usize) * body.len() < LIMIT + KERNEL,
                "{mode:?}: never cut"
            );
            stage
                .server
                .hub()
                .to("lobby")
                .emit(&News(sent, &body))
                .unwrap();
            healthy
                .expect(&format!(r#"42["news",{sent},"{body}"]"#))
                .await;
            sent += 1;
        }
        assert!(
            (sent as usize) * body.len() > LIMIT,
            "{mode:?}: cut too early"
        );
        eventually("it is gone", || stage.stats().connections == 1).await;
        stage
            .server
            .hub()
            .to("lobby")
            .emit(&News(sent, "after"))
            .unwrap();
        healthy
            .expect(&format!(r#"42["news",{sent},"after"]"#))
            .await;
        let (before, code) = stuck.ended().await;
        assert!(before.len() < sent as usize, "it did not get all");
        assert_eq!(code, None, "there was no room for a close frame");
        assert_eq!(stage.stats().closed_slow, 1);
        assert_eq!(stage.stats().disconnects["transport error"], 1);
        drop(healthy);
        stage.clear().await;
    }
}

#[actix_web::test]
async fn one_that_sends_byte_by_byte_is_served_like_any_other() {
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        let mut other = Wire::join(&stage.server).await;
        let mut slow = Wire::dial(&stage.server).await;
        for byte in HANDSHAKE.bytes() {
            slow.write(&[byte]).await;
            echo(&mut other).await;
        }
        slow.head().await;
        slow.opened().await;
        for byte in text("40") {
            slow.write(&[byte]).await;
            echo(&mut other).await;
        }
        let reply = slow.next().await;
        assert!(matches!(reply, Message::Text(text) if text.starts_with("40{")));
        for byte in text(r#"421["echo","slow"]"#) {
            slow.write(&[byte]).await;
            echo(&mut other).await;
        }
        slow.expect(r#"431["slow"]"#).await;
        drop((slow, other));
        stage.clear().await;
    }
}

#[actix_web::test]
async fn one_that_stops_half_way_blocks_nobody_and_is_cut_in_time() {
    let halves = [
        text("40"),
        frame(FIN | TEXT, &[b'4'; 300]),
        frame(FIN | PING, b"half"),
    ];
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub.ping_interval(SOON).ping_timeout(SOON)).await;
        let mut half = Vec::new();
        for bytes in &halves {
            for cut in [1, 3, bytes.len() - 1] {
                let mut wire = Wire::open(&stage.server).await;
                wire.write(&bytes[..cut]).await;
                half.push(wire);
            }
        }
        stage.serves_others().await;
        deserted(stage.server.hub()).await;
        drop(half);
        stage.clear().await;
    }
}

#[actix_web::test]
async fn one_that_answers_is_asked_again_in_time_however_long_it_might_take() {
    for mode in MODES {
        let stage = Stage::set(mode, |hub| {
            hub.ping_interval(Duration::from_millis(20))
                .ping_timeout(Duration::from_secs(30))
        })
        .await;
        let mut wire = Wire::join(&stage.server).await;
        for _ in 0..10 {
            assert_eq!(wire.next_unanswered().await, Message::Text("2".to_owned()));
            wire.text("3").await;
        }
        drop(wire);
        stage.clear().await;
    }
}

#[actix_web::test]
async fn one_that_disappears_without_a_word_times_out() {
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub.ping_interval(SOON).ping_timeout(LATER)).await;
        let mut gone = Wire::join(&stage.server).await;
        let mut healthy = Wire::join(&stage.server).await;
        while stage.stats().connections == 2 {
            assert_eq!(
                healthy.next_unanswered().await,
                Message::Text("2".to_owned())
            );
            healthy.text("3").await;
        }
        assert_eq!(stage.stats().disconnects["ping timeout"], 1);
        let lobby = || {
            stage
                .server
                .hub()
                .namespace("/")
                .unwrap()
                .room_size("lobby")
        };
        eventually("only the other is in the room", || lobby() == 1).await;
        assert_eq!(gone.next_unanswered().await, Message::Text("2".to_owned()));
        let (before, _) = gone.ended().await;
        assert_eq!(before, []);
        drop(healthy);
        stage.clear().await;
    }
}

#[actix_web::test]
async fn one_that_disappears_while_much_waits_for_it_gives_its_descriptor_back() {
    let body = "x".repeat(16 * 1024);
    for mode in MODES {
        let stage = Stage::set(mode, |hub| {
            hub.ping_interval(SOON)
                .ping_timeout(SOON)
                .max_outbox_bytes(64 * MIB)
        })
        .await;
        let gone = Wire::join_narrow(&stage.server).await;
        // More than the kernel takes at once, so that the transport is blocked.
        for number in 0..512 {
            stage
                .server
                .hub()
                .to("lobby")
                .emit(&News(number, &body))
                .unwrap();
        }
        deserted(stage.server.hub()).await;
        assert_eq!(stage.stats().disconnects["ping timeout"], 1);
        // The peer still holds its end, and never reads.
        eventually("its descriptors are given back", || {
            descriptors() <= stage.descriptors + 1
        })
        .await;
        drop(gone);
        stage.clear().await;
    }
}

#[actix_web::test]
async fn one_with_a_little_waiting_for_it_gives_its_descriptor_back_too() {
    let body = "x".repeat(4 * 1024);
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub.ping_interval(SOON).ping_timeout(SOON)).await;
        let hub = stage.server.hub();
        let emit = async || {
            hub.to("lobby").volatile().emit(&News(0, &body)).unwrap();
            // An answer from the same worker: it has been written, or waits.
            hub.everyone().fetch_sockets().await.unwrap();
        };
        // How much a peer that does not read is sent before the transport is full.
        let first = Wire::join_narrow(&stage.server).await;
        let mut fits = 0;
        while stage.stats().dropped_volatile == 0 {
            emit().await;
            fits += 1;
        }
        deserted(hub).await;
        // A little less: the outbox is empty, but not all that it gave away has left the process.
        let second = Wire::join_narrow(&stage.server).await;
        for _ in 0..fits - 8 {
            emit().await;
        }
        deserted(hub).await;
        assert_eq!(stage.stats().disconnects["ping timeout"], 2);
        // The peers still hold their ends, and never read.
        eventually("their descriptors are given back", || {
            descriptors() <= stage.descriptors + 2
        })
        .await;
        drop((first, second));
        stage.clear().await;
    }
}

#[actix_web::test]
async fn one_that_never_finishes_the_closing_handshake_is_cut() {
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub.close_timeout(SOON)).await;
        let told = Wire::join(&stage.server).await;
        stage
            .server
            .hub()
            .everyone()
            .disconnect(true)
            .await
            .unwrap();
        eventually("it is cut", || stage.stats().cut_closing == 1).await;
        assert_eq!(stage.stats().disconnects["server namespace disconnect"], 1);
        deserted(stage.server.hub()).await;

        let mut wrong = Wire::join(&stage.server).await;
        wrong.write(&frame(FIN | 0x3, b"a reserved opcode")).await;
        eventually("it is cut as well", || stage.stats().cut_closing == 2).await;
        deserted(stage.server.hub()).await;
        eventually("their descriptors are given back", || {
            descriptors() <= stage.descriptors + 2
        })
        .await;
        drop((told, wrong));
        stage.clear().await;
    }
}

#[actix_web::test]
async fn one_that_never_joins_is_closed_when_its_time_is_up() {
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub.connect_timeout(SOON)).await;
        let idle = Wire::open(&stage.server).await;
        assert_eq!(idle.ended().await, (vec![], None));
        stage.clear().await;
    }
}

// ---- peers that send too much

#[actix_web::test]
async fn one_that_declares_a_gibibyte_is_closed_before_anything_is_buffered() {
    let first = frame(TEXT, b"42");
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        let before = memory();
        let heads = [
            head(FIN | TEXT, 1 << 30),
            head(FIN | BINARY, 1 << 62),
            [first.clone(), head(FIN | CONTINUATION, 1 << 30)].concat(),
        ];
        for (count, bytes) in (1..).zip(&heads) {
            let mut wire = Wire::join(&stage.server).await;
            wire.write(bytes).await;
            // It goes on sending; nobody keeps it.
            wire.try_write(&vec![b'x'; 4 * MIB]).await;
            let (_, code) = wire.ended().await;
            assert!(code.is_none_or(|code| code == 1009), "{mode:?}: {code:?}");
            assert_eq!(stage.refused(), [("message_too_big", count)].into());
        }
        let grown = memory().saturating_sub(before);
        assert!(grown < 32 * MIB, "{mode:?}: {grown} bytes");
        stage.clear().await;
    }
}

#[actix_web::test]
async fn the_close_code_says_that_a_message_is_too_big() {
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub.max_http_buffer_size(1000)).await;
        let mut wire = Wire::join(&stage.server).await;
        wire.write(&head(FIN | TEXT, 1 << 30)).await;
        assert_eq!(wire.ended().await, (vec![], Some(1009)));

        // The limit itself is allowed.
        let mut wire = Wire::join(&stage.server).await;
        let fits = format!(r#"421["echo","{}"]"#, "x".repeat(986));
        assert_eq!(fits.len(), 1000);
        wire.text(&fits).await;
        assert!(matches!(wire.next().await, Message::Text(_)));
        wire.text(&format!("{fits}x")).await;
        assert_eq!(wire.ended().await, (vec![], Some(1009)));
        assert_eq!(stage.refused(), [("message_too_big", 2)].into());
        stage.serves_others().await;
        stage.clear().await;
    }
}

#[actix_web::test]
async fn a_flood_of_tiny_fragments_is_one_message_and_endless_empty_ones_come_to_an_end() {
    let event = format!(r#"421["echo","{}"]"#, "x".repeat(20_000));
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        let mut wire = Wire::join(&stage.server).await;
        let mut bytes = frame(TEXT, b"");
        for byte in event.bytes() {
            bytes.extend(frame(CONTINUATION, &[byte]));
        }
        bytes.extend(frame(FIN | CONTINUATION, b""));
        wire.write(&bytes).await;
        let answer = wire.next().await;
        assert!(matches!(answer, Message::Text(text) if text.len() > 20_000));

        let before = memory();
        let empty = frame(CONTINUATION, b"").repeat(10_000);
        wire.write(&frame(TEXT, b"")).await;
        while stage.refused().is_empty() {
            wire.try_write(&empty).await;
        }
        let (_, code) = wire.ended().await;
        assert!(code.is_none_or(|code| code == 1009), "{code:?}");
        assert_eq!(stage.refused(), [("too_many_fragments", 1)].into());
        let grown = memory().saturating_sub(before);
        assert!(grown < 16 * MIB, "{mode:?}: {grown} bytes");
        stage.serves_others().await;
        stage.clear().await;
    }
}

#[actix_web::test]
async fn a_flood_of_pings_is_answered_in_order() {
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        let mut wire = Wire::join(&stage.server).await;
        for round in 0..20_u32 {
            let numbers = round * 1000..(round + 1) * 1000;
            let pings = numbers
                .clone()
                .flat_map(|n| frame(FIN | PING, &n.to_be_bytes()));
            wire.write(&pings.collect::<Vec<_>>()).await;
            for number in numbers {
                let pong = Message::Pong(number.to_be_bytes().to_vec());
                assert_eq!(wire.next().await, pong);
            }
        }
        drop(wire);
        stage.clear().await;
    }
}

#[actix_web::test]
async fn a_flood_of_pings_whose_answers_are_not_read_costs_no_more_than_the_outbox_may() {
    let body = "x".repeat(16 * 1024);
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        let mut wire = Wire::join_narrow(&stage.server).await;
        // So that the transport takes nothing more.
        while stage.stats().dropped_volatile == 0 {
            let lobby = stage.server.hub().to("lobby").volatile();
            lobby.emit(&News(0, &body)).unwrap();
            tokio::task::yield_now().await;
        }
        let before = memory();
        let pings = frame(FIN | PING, b"").repeat(4000);
        let mut most = 0;
        while stage.stats().connections == 1 {
            wire.try_write(&pings).await;
            most = most.max(memory().saturating_sub(before));
        }
        assert_eq!(stage.stats().closed_slow, 1);
        assert!(
            most < 16 * MIB,
            "{mode:?}: {most} bytes for an outbox of 1 MiB"
        );
        stage.serves_others().await;
        drop(wire);
        stage.clear().await;
    }
}

#[actix_web::test]
async fn a_flood_of_connects_and_disconnects_leaves_nothing() {
    const PAIRS: usize = 2000;
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        let mut wire = Wire::open(&stage.server).await;
        wire.write(&[text("40"), text("41")].concat().repeat(PAIRS))
            .await;
        for _ in 0..PAIRS {
            let reply = wire.next().await;
            assert!(
                matches!(&reply, Message::Text(text) if text.starts_with("40{")),
                "{reply:?}"
            );
        }
        assert_eq!(
            stage.stats().disconnects["client namespace disconnect"] as usize,
            PAIRS
        );
        assert_eq!(stage.stats().sockets, 0);
        drop(wire);
        stage.clear().await;
    }
}

#[actix_web::test]
async fn sessions_that_leave_slowly_cannot_be_piled_up() {
    const PAIRS: usize = 500;
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        let connected = || stage.lab.connected.load(Ordering::Relaxed) - 1;
        let mut wire = Wire::open(&stage.server).await;
        let pair = [text("40/lingering,"), text("41/lingering,")].concat();
        wire.write(&pair.repeat(PAIRS)).await;
        eventually("some are leaving", || connected() > 4).await;
        stage.serves_others().await;
        let piled = connected() - 1;
        assert!(piled < 20, "{mode:?}: {piled} at once");
        stage.lab.open();
        for _ in 0..PAIRS {
            let reply = wire.next().await;
            assert!(matches!(&reply, Message::Text(text) if text.starts_with("40/lingering,{")));
        }
        drop(wire);
        stage.clear().await;
    }
}

#[actix_web::test]
async fn events_for_a_slow_handler_are_left_unread_then_handled_in_order_and_nobody_times_out() {
    const EVENTS: u32 = 1500;
    // Together more than the kernel holds, so that the client notices that nobody reads.
    let body = "x".repeat(20 * 1024);
    for mode in MODES {
        let stage = Stage::set(mode, |hub| {
            hub.max_queued_events(8)
                .ping_interval(SOON)
                .ping_timeout(LATER)
        })
        .await;
        let mut healthy = Wire::join(&stage.server).await;
        let eager = Wire::join(&stage.server).await;
        let before = memory();
        let (mut reading, mut writing) = eager.stream.into_split();
        let events = body.clone();
        let writer = tokio::spawn(async move {
            use tokio::io::AsyncWriteExt;
            for number in 0..EVENTS {
                let event = text(&format!(r#"42["slow",{number},"{events}"]"#));
                writing.write_all(&event).await.unwrap();
                // The answer to the ping is among what is not read.
                writing.write_all(&text("3")).await.unwrap();
            }
            writing
                .write_all(&text(r#"421["echo","done"]"#))
                .await
                .unwrap();
            writing
        });
        // Long enough for its ping to time out.
        for _ in 0..8 {
            assert_eq!(
                healthy.next_unanswered().await,
                Message::Text("2".to_owned())
            );
            healthy.text("3").await;
        }
        assert_eq!(
            stage.stats().connections,
            2,
            "{mode:?}: silent for us, not dead"
        );
        assert!(stage.lab.handled().is_empty());
        assert!(!writer.is_finished(), "{mode:?}: it was read");
        let grown = memory().saturating_sub(before);
        assert!(grown < 32 * MIB, "{mode:?}: {grown} bytes");

        stage.lab.open();
        // Now it is read as fast as its events are handled.
        let reader = tokio::spawn(async move {
            use tokio::io::AsyncReadExt;
            let mut read = Vec::new();
            while !read.windows(8).any(|bytes| bytes == br#"["done"]"#) {
                assert_ne!(reading.read_buf(&mut read).await.unwrap(), 0, "closed");
            }
            reading
        });
        let both = async { (writer.await.unwrap(), reader.await.unwrap()) };
        let both = tokio::time::timeout(Duration::from_secs(20), both).await;
        assert!(
            both.is_ok(),
            "{mode:?}: {:?} {:?}",
            stage.stats(),
            stage.lab.handled().len()
        );
        assert_eq!(stage.lab.handled(), (0..EVENTS).collect::<Vec<_>>());
        drop((both, healthy));
        stage.clear().await;
    }
}

// ---- packets that make no sense

#[actix_web::test]
async fn every_refused_packet_costs_its_connection_and_is_counted_by_its_reason() {
    let upload = |attachments: &str, placeholder: &str| {
        text(&format!(r#"45{attachments}-["upload",{placeholder}]"#))
    };
    let good = r#"{"_placeholder":true,"num":0}"#;
    let half = upload("2", good);
    let binary = frame(FIN | BINARY, b"x");
    let cases: Vec<(&str, Option<u16>, Vec<u8>)> = vec![
        // In the middle of binary packets.
        (
            "unexpected_text",
            None,
            [half.clone(), text(r#"42["echo","x"]"#)].concat(),
        ),
        (
            "unexpected_text",
            None,
            [half.clone(), binary.clone(), text("41")].concat(),
        ),
        ("unexpected_binary", None, binary.clone()),
        (
            "unexpected_binary",
            None,
            [upload("1", good), binary.clone(), binary].concat(),
        ),
        ("too_many_attachments", None, upload("11", good)),
        (
            "too_many_attachments",
            None,
            upload("18446744073709551615", good),
        ),
        (
            "too_many_attachments",
            None,
            upload("99999999999999999999999", good),
        ),
        ("illegal_attachments", None, upload("0", good)),
        ("illegal_attachments", None, upload("-1", good)),
        ("illegal_attachments", None, upload("", good)),
        // Placeholders that stand for something else.
        (
            "illegal_placeholder",
            None,
            upload("1", r#"{"_placeholder":true,"num":1}"#),
        ),
        (
            "illegal_placeholder",
            None,
            upload("1", r#"{"_placeholder":true,"num":-1}"#),
        ),
        (
            "illegal_placeholder",
            None,
            upload("1", r#"{"_placeholder":true,"num":"0"}"#),
        ),
        (
            "illegal_placeholder",
            None,
            upload("1", r#"{"_placeholder":true,"num":1e9}"#),
        ),
        (
            "illegal_placeholder",
            None,
            upload("1", r#"{"_placeholder":true}"#),
        ),
        // Texts that are none.
        (
            "invalid_utf8",
            Some(1007),
            frame(FIN | TEXT, b"42[\"\xE2\x82\"]"),
        ),
        (
            "invalid_utf8",
            Some(1007),
            frame(FIN | TEXT, b"42[\"\xE2\x82"),
        ),
        ("invalid_utf8", Some(1007), frame(TEXT, b"42[\"\xFF")),
        // Packets in the wrong state.
        ("connect_twice", None, text("40")),
        ("not_connected", None, text("42/lingering,[\"x\"]")),
        ("connect_error", None, text(r#"44{"message":"no"}"#)),
        ("client_ping", None, text("2")),
        // Not packets.
        ("empty_packet", None, text("")),
        ("unknown_engine_packet", None, text("9")),
        ("unknown_type", None, text("47")),
        ("invalid_payload", None, text(r#"42["echo""#)),
        ("invalid_payload", None, text("42{}")),
        ("reserved_name", None, text(r#"42["disconnect"]"#)),
        (
            "illegal_id",
            None,
            text(r#"4299999999999999999999["echo","x"]"#),
        ),
        // Not WebSocket.
        ("reserved_opcode", Some(1002), frame(FIN | 0x3, b"")),
        ("reserved_bit", Some(1002), frame(FIN | 0x20 | TEXT, b"40")),
        ("unmasked", Some(1002), vec![FIN | TEXT, 1, b'3']),
        ("control_too_long", Some(1002), frame(FIN | PING, &[0; 126])),
        ("control_fragmented", Some(1002), frame(PING, b"")),
        (
            "unexpected_continuation",
            Some(1002),
            frame(FIN | CONTINUATION, b"x"),
        ),
        (
            "expected_continuation",
            Some(1002),
            [frame(TEXT, b"4"), text("2")].concat(),
        ),
        ("close_truncated", Some(1002), frame(FIN | CLOSE, &[3])),
        ("close_code", Some(1002), frame(FIN | CLOSE, &[0, 1])),
    ];
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        let mut expected = BTreeMap::new();
        for (reason, close, bytes) in &cases {
            let mut wire = Wire::join(&stage.server).await;
            let shown = bytes.escape_ascii().to_string();
            wire.write(bytes).await;
            let (before, code) = wire.ended().await;
            *expected.entry(*reason).or_insert(0) += 1;
            assert_eq!(stage.refused(), expected, "{mode:?}: {shown}");
            assert_eq!(code, *close, "{mode:?}: {shown}");
            // The one complete upload of the lot is answered by nothing, as it asks for nothing.
            assert_eq!(before, [], "{mode:?}: {shown}");
        }
        stage.serves_others().await;
        stage.clear().await;
    }
}

#[actix_web::test]
async fn nothing_before_a_connect_is_taken_for_an_event() {
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        for (count, packet) in (1..).zip(["42[\"echo\",\"x\"]", "41", "431[]"]) {
            let mut wire = Wire::open(&stage.server).await;
            wire.text(packet).await;
            assert_eq!(wire.ended().await, (vec![], None));
            assert_eq!(stage.refused(), [("not_connected", count)].into());
        }
        // Nor while `connect` is running.
        let mut wire = Wire::open(&stage.server).await;
        wire.text(r#"40{"slow":true}"#).await;
        wire.text(r#"42["echo","x"]"#).await;
        assert_eq!(wire.ended().await, (vec![], None));
        assert_eq!(stage.refused(), [("not_connected", 4)].into());
        stage.clear().await;
    }
}

#[actix_web::test]
async fn what_is_strange_but_allowed_costs_nothing() {
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        let mut wire = Wire::join(&stage.server).await;
        let strange = [
            text(r#"42["nobody handles this",1]"#),
            text(r#"42["echo",{"not":"a string"}]"#),
            text(r#"42["echo"]"#),
            text("439[1]"),
            text("3"),
            text("6"),
            frame(FIN | wire::PONG, b"unasked"),
            // A placeholder where no binary was announced is an object like any other.
            text(r#"42["echo",{"_placeholder":true,"num":0}]"#),
        ];
        wire.write(&strange.concat()).await;
        echo(&mut wire).await;
        let stats = stage.stats();
        assert_eq!(
            (stats.unhandled, stats.rejected, stats.acks_ignored),
            (1, 3, 1)
        );
        assert_eq!(stats.refused_packets, [].into());
        drop(wire);
        stage.clear().await;
    }
}

// ---- peers that go in every state

/// How far a peer gets before it goes.
const PHASES: [&str; 8] = [
    "connected",
    "in the handshake",
    "after the handshake",
    "after the open packet",
    "in a frame",
    "in a binary packet",
    "while connecting",
    "while its handler runs",
];

async fn reach(phase: &str, stage: &Stage) -> Wire {
    let server = &stage.server;
    match phase {
        "connected" => Wire::dial(server).await,
        "in the handshake" => {
            let mut wire = Wire::dial(server).await;
            wire.write(&HANDSHAKE.as_bytes()[..HANDSHAKE.len() / 2])
                .await;
            wire
        }
        // It may never see the 101.
        "after the handshake" => {
            let mut wire = Wire::dial(server).await;
            wire.write(HANDSHAKE.as_bytes()).await;
            wire
        }
        "after the open packet" => Wire::open(server).await,
        "in a frame" => {
            let mut wire = Wire::join(server).await;
            let event = text(r#"42["echo","half"]"#);
            wire.write(&event[..event.len() / 2]).await;
            wire
        }
        "in a binary packet" => {
            let mut wire = Wire::join(server).await;
            wire.text(r#"452-["upload",{"_placeholder":true,"num":0}]"#)
                .await;
            wire.write(&frame(FIN | BINARY, b"one of two")).await;
            wire
        }
        "while connecting" => {
            let mut wire = Wire::open(server).await;
            let before = stage.lab.connecting.load(Ordering::Relaxed);
            wire.text(r#"40{"slow":true}"#).await;
            eventually("it connects", || {
                stage.lab.connecting.load(Ordering::Relaxed) > before
            })
            .await;
            wire
        }
        "while its handler runs" => {
            let mut wire = Wire::join(server).await;
            let before = stage.lab.handling.load(Ordering::Relaxed);
            wire.text(r#"42["slow",1,""]"#).await;
            wire.text(r#"42["slow",2,""]"#).await;
            eventually("it is handled", || {
                stage.lab.handling.load(Ordering::Relaxed) > before
            })
            .await;
            wire
        }
        phase => panic!("{phase}"),
    }
}

#[actix_web::test]
async fn a_peer_may_be_reset_or_end_in_any_phase() {
    const TIMES: usize = 5;
    for mode in MODES {
        for reset in [true, false] {
            let stage = Stage::set(mode, |hub| hub).await;
            for phase in PHASES {
                for _ in 0..TIMES {
                    let wire = reach(phase, &stage).await;
                    match reset {
                        true => wire.reset(),
                        false => drop(wire),
                    }
                }
            }
            // Handlers run to their end; all else is over at once.
            eventually("only handlers are left", || {
                stage.stats().connections as usize == TIMES && stage.stats().sockets == 0
            })
            .await;
            assert_eq!(
                stage.lab.connecting.load(Ordering::Relaxed),
                0,
                "their futures are dropped"
            );
            eventually("nobody is in a room", || stage.stats().rooms == 0).await;
            stage.lab.open();
            eventually("they have ended", || {
                stage.lab.handling.load(Ordering::Relaxed) == 0
            })
            .await;
            assert_eq!(
                stage.lab.handled(),
                [1; TIMES],
                "what was queued is dropped"
            );
            assert_eq!(stage.stats().dropped_disconnected as usize, TIMES);
            assert_eq!(stage.refused(), [].into());
            stage.serves_others().await;
            stage.clear().await;
        }
    }
}
