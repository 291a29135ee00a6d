//! The spans that a hub makes, and what it traces of those it refuses.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;
mod waiting;

use std::{
    cell::RefCell,
    fmt::Debug,
    sync::{
        Arc, Barrier, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use common::{
    http::{POLLING, WEBSOCKET, request},
    polling::Poller,
    until,
};
use roomcast::{
    NamespaceBuilder, Rate, RawEvent, TrustProxy,
    prelude::*,
    testing::{RawClient, TestClient, TestServer},
};
use tracing::{
    Event as LogEvent, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

#[derive(Clone, Default)]
struct Shown {
    id: u64,
    name: &'static str,
    fields: Vec<(String, String)>,
    parent: Option<u64>,
    /// Beyond the first.
    clones: usize,
    closed: bool,
}

impl Shown {
    fn field(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(known, _)| known == name);
        field.map(|(_, value)| &**value)
    }
}

impl Visit for Shown {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let value = format!("{value:?}").trim_matches('"').to_owned();
        self.fields.push((field.name().to_owned(), value));
    }
}

/// Keeps all spans of the hub, and what is traced of requests.
#[derive(Clone, Default)]
struct Spans {
    spans: Arc<Mutex<Vec<Shown>>>,
    traced: Arc<Mutex<Vec<Shown>>>,
    /// Shows its clients what is traced of failures.
    told: Arc<Mutex<Option<Hub>>>,
}

thread_local! {
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        let of_event = [
            "roomcast::server::",
            "roomcast::shard::",
            "roomcast::connection::",
        ];
        match metadata.is_span() {
            true => target.starts_with("roomcast::"),
            false => of_event.iter().any(|of| target.starts_with(of)),
        }
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut shown = Shown {
            id,
            name: attributes.metadata().name(),
            parent: ENTERED.with_borrow(|entered| entered.last().copied()),
            ..Shown::default()
        };
        attributes.record(&mut shown);
        self.spans.lock().unwrap().push(shown);
        Id::from_u64(id)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        self.with(id, |span| values.record(span));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &LogEvent<'_>) {
        let mut traced = Shown::default();
        event.record(&mut traced);
        if let Some(failure) = traced
            .field("message")
            .filter(|it| it.contains("written to"))
            && let Some(hub) = self.told.lock().unwrap().clone()
        {
            let namespace = hub.namespace("/watched").unwrap();
            namespace.emit(&Line(failure.to_owned())).unwrap();
        }
        self.traced.lock().unwrap().push(traced);
    }

    fn enter(&self, id: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(id.into_u64()));
    }

    fn exit(&self, id: &Id) {
        let left = ENTERED.with_borrow_mut(Vec::pop);
        assert_eq!(left, Some(id.into_u64()), "spans are left in order");
    }

    fn try_close(&self, id: Id) -> bool {
        self.with(&id, |span| {
            span.closed = span.clones == 0;
            span.clones = span.clones.saturating_sub(1);
            span.closed
        })
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.with(id, |span| span.clones += 1);
        id.clone()
    }
}

impl Spans {
    /// The subscriber of this process, and with it of all tests here.
    fn get() -> &'static Self {
        static SPANS: OnceLock<Spans> = OnceLock::new();
        SPANS.get_or_init(|| {
            let spans = Self::default();
            tracing::subscriber::set_global_default(spans.clone()).unwrap();
            spans
        })
    }

    fn with<R>(&self, id: &Id, change: impl FnOnce(&mut Shown) -> R) -> R {
        let mut spans = self.spans.lock().unwrap();
        let span = spans.iter_mut().find(|span| span.id == id.into_u64());
        change(span.unwrap())
    }

    fn find(&self, is_it: impl Fn(&Shown) -> bool) -> Option<Shown> {
        self.spans
            .lock()
            .unwrap()
            .iter()
            .find(|span| is_it(span))
            .cloned()
    }

    /// What was traced until now: a copy, as a test that fails while it holds the lock takes all others along.
    fn traced(&self) -> Vec<Shown> {
        self.traced.lock().unwrap().clone()
    }

    /// What was traced of those who were refused for this reason.
    fn refused(&self, reason: &str) -> Vec<String> {
        let traced = self.traced();
        let traced = traced.iter().filter(|traced| {
            let peer = traced.field("peer").unwrap_or_default();
            traced.field("reason") == Some(reason) && peer.starts_with("Some(127.0.0.1:")
        });
        traced
            .filter_map(|traced| traced.field("message").map(ToOwned::to_owned))
            .collect()
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
struct Line(String);

/// Emits more than fits into an outbox, while its worker does nothing else.
#[derive(Serialize, Deserialize, Event)]
struct Flood(String);

/// The worker waits for the test, and the test for the worker.
static MEET: Barrier = Barrier::new(2);

#[derive(EventHandlers)]
#[handles(Flood)]
struct Watcher;

impl Session for Watcher {
    type Auth = ();

    async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Flood> for Watcher {
    async fn handle(&mut self, Flood(to): Flood, socket: &Socket) -> Result<(), Rejection> {
        MEET.wait();
        // The other client goes.
        MEET.wait();
        for _ in 0..20 {
            socket.to(&to).emit(&Line("x".repeat(100)))?;
        }
        Ok(())
    }
}

#[derive(EventHandlers)]
#[handles(Wait, Stall)]
struct Guest;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = ())]
struct Wait;

/// Blocks its worker before it waits.
#[derive(Serialize, Deserialize, Event)]
#[event(ack = ())]
struct Stall;

impl Handle<Stall> for Guest {
    #[expect(clippy::disallowed_methods, reason = "what a handler should not do")]
    async fn handle(&mut self, Stall: Stall, _: &Socket) -> Result<(), Rejection> {
        std::thread::sleep(BLOCKED * 4);
        tokio::task::yield_now().await;
        Ok(())
    }
}

const BLOCKED: Duration = Duration::from_millis(50);

impl Session for Guest {
    type Auth = ();

    async fn connect((): (), socket: &Socket) -> Result<Self, Refusal> {
        // Less than the notice that its session is given: it is told at once.
        socket.expires_in(Duration::from_secs(30))?;
        Ok(Self)
    }
}

impl Handle<Wait> for Guest {
    async fn handle(&mut self, Wait: Wait, _: &Socket) -> Result<(), Rejection> {
        tokio::task::yield_now().await;
        Ok(())
    }
}

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[actix_web::test]
async fn events_are_in_the_span_of_their_connection_which_is_in_the_trace_of_the_client() {
    let spans = Spans::get();
    let hub = Hub::builder()
        .namespace::<Guest>("/traced")
        .on_connection_span(|span, handshake| {
            assert_eq!(
                handshake.header("traceparent"),
                span.has_field("traceparent").then_some(TRACEPARENT)
            );
            span.record("user", "ann");
        });
    let server = TestServer::start(hub.build().unwrap());
    let client = TestClient::builder(&server).namespace("/traced");
    let client = client
        .header("traceparent", TRACEPARENT)
        .connect()
        .await
        .unwrap();
    client.emit_with_ack(&Wait).await;
    let id = client.id().to_string();

    let connection = spans
        .find(|span| span.field("traceparent") == Some(TRACEPARENT))
        .unwrap();
    assert_eq!(connection.name, "connection");
    assert_eq!(connection.field("transport"), Some("websocket"));
    assert_eq!(connection.field("user"), Some("ann"));
    assert!(connection.field("peer").unwrap().starts_with("127.0.0.1:"));
    assert_eq!(connection.parent, None);
    assert!(!connection.closed);
    let of_event = |event| {
        spans.find(|span| span.field("event") == Some(event) && span.field("socket") == Some(&id))
    };
    let events = ["connect", "expiring", "wait"];
    until("all that its session is told has come to an end", || {
        let mut spans = events.iter().map(|event| of_event(*event));
        spans.all(|span| span.is_some_and(|span| span.closed))
    })
    .await;
    for event in events {
        let span = of_event(event).unwrap();
        assert_eq!(
            (span.name, span.field("namespace")),
            ("event", Some("/traced"))
        );
        assert_eq!(span.parent, Some(connection.id));
    }
    client.disconnect().await;
    let is_closed = || spans.find(|span| span.id == connection.id).unwrap().closed;
    until("its span ends with the connection", is_closed).await;
}

#[actix_web::test]
async fn a_traceparent_that_is_none_is_left_out() {
    let spans = Spans::get();
    let server = TestServer::start(
        Hub::builder()
            .namespace::<Guest>("/untraced")
            .build()
            .unwrap(),
    );
    for (number, wrong) in [
        "",
        "00-x",
        &TRACEPARENT.to_uppercase(),
        &TRACEPARENT.replace('-', "0"),
        &TRACEPARENT.replacen("00", "ff", 1),
        &TRACEPARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
        &TRACEPARENT.replace("00f067aa0ba902b7", &"0".repeat(16)),
    ]
    .iter()
    .enumerate()
    {
        let client = TestClient::builder(&server).namespace("/untraced");
        let client = client.header("traceparent", wrong).connect().await.unwrap();
        let id = client.id().to_string();
        let event = spans
            .find(|span| span.field("socket") == Some(&id))
            .unwrap();
        let connection = spans.find(|span| Some(span.id) == event.parent).unwrap();
        assert_eq!(connection.field("traceparent"), None, "{number}");
    }
}

#[actix_web::test]
async fn who_is_refused_is_traced_with_the_reason() {
    let spans = Spans::get();
    let hub = Hub::builder().namespace::<Guest>("/refusing");
    let hub = hub.max_connections(1).max_http_buffer_size(1000);
    let server = TestServer::start(hub.build().unwrap());
    let only = Poller::open(&server).await;

    only.post(&"4".repeat(1001)).await.expect(413, "");
    assert_eq!(spans.refused("payload_too_large"), ["packet refused"]);
    let answer = request(&server, "GET", POLLING, &[]).await;
    answer.expect(503, "Server at capacity");
    let mut told = RawClient::connect(&server, "EIO=4&transport=websocket").await;
    assert_eq!(told.closed().await, 1008);
    assert_eq!(spans.refused("max_connections"), ["handshake refused"; 2]);

    let hub = Hub::builder().namespace::<Guest>("/refusing");
    let hub = hub.handshake_rate(Rate::per_minute(1));
    let server = TestServer::start(hub.build().unwrap());
    let half = [("Connection", "Upgrade"), ("Upgrade", "websocket")];
    let answer = request(&server, "GET", WEBSOCKET, &half).await;
    assert_eq!(answer.status, 400);
    assert_eq!(spans.refused("websocket"), ["handshake refused"]);
    let answer = request(&server, "GET", POLLING, &[]).await;
    answer.expect(429, "too many handshakes");
    assert_eq!(spans.refused("handshake_rate"), ["handshake refused"]);
}

#[actix_web::test]
async fn a_request_that_is_refused_is_traced_with_the_client_that_a_proxy_names() {
    let spans = Spans::get();
    let hub = Hub::builder().namespace::<Guest>("/behind");
    let hub = hub.trust_proxy(TrustProxy::hops(1));
    let server = TestServer::start(hub.build().unwrap());
    let client = [("X-Forwarded-For", "192.0.2.77")];
    let target = POLLING.replace("EIO=4", "EIO=3");
    assert_eq!(request(&server, "GET", &target, &client).await.status, 400);
    let traced = spans.traced();
    let peer = Some("Some(192.0.2.77:0)");
    assert!(traced.iter().any(|traced| traced.field("peer") == peer));
}

#[actix_web::test]
async fn a_handler_behind_middleware_that_blocks_before_it_waits_is_named() {
    let spans = Spans::get();
    let stalling = NamespaceBuilder::named::<Guest>("/stalling");
    let stalling = stalling.event_middleware(async |_: &RawEvent, _: &Socket| Ok(()));
    let hub = Hub::builder().namespace_with(stalling);
    let hub = hub.blocked_worker_after(BLOCKED).build().unwrap();
    let server = TestServer::builder(hub).workers(1).start();
    let client = TestClient::builder(&server).namespace("/stalling");
    let client = client.connect().await.unwrap();
    client.emit_with_ack(&Stall).await;
    let traced = spans.traced();
    let blocked = traced.iter().find(|it| it.field("event") == Some("stall"));
    let blocked = blocked.expect("it has told before the ack");
    assert_eq!(blocked.field("message"), Some("a worker is blocked"));
    assert_eq!(blocked.field("namespace"), Some("/stalling"));
}

#[actix_web::test]
async fn a_subscriber_may_emit_what_it_is_told_of_a_client_that_breaks_off() {
    let hub = Hub::builder().namespace::<Watcher>("/watched");
    let hub = hub.max_outbox_bytes(1000).build().unwrap();
    let server = TestServer::builder(hub).workers(1).start();
    let hub = server.hub().clone();
    *Spans::get().told.lock().unwrap() = Some(hub.clone());
    let watcher = TestClient::builder(&server).namespace("/watched");
    let watcher = watcher.connect().await.unwrap();
    let mut breaking = RawClient::open(&server).await;
    breaking.send("40/watched,").await;
    let namespace = hub.namespace("/watched").unwrap();
    until("both are there", || hub.stats().sockets == 2).await;
    let sockets = namespace.everyone().fetch_sockets().await.unwrap();
    let other = sockets.iter().find(|socket| socket.id() != watcher.id());
    let other = other.unwrap().id().to_string();

    watcher.emit(&Flood(other)).await;
    tokio::task::spawn_blocking(|| MEET.wait()).await.unwrap();
    // What it has not read makes its end a reset.
    drop(breaking);
    tokio::task::spawn_blocking(|| MEET.wait()).await.unwrap();

    let line = watcher.expect::<Line>().await;
    assert_eq!(line.0, "a connection failed while it was written to");
    assert_eq!(hub.stats().panics, 0);
}
