//! The spans that a hub makes.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{
    cell::RefCell,
    fmt::Debug,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use common::until;
use roomcast::{
    prelude::*,
    testing::{TestClient, TestServer},
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

/// Keeps all spans of the hub.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<Shown>>>);

thread_local! {
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target().starts_with("roomcast::")
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
        self.0.lock().unwrap().push(shown);
        Id::from_u64(id)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        self.with(id, |span| values.record(span));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &LogEvent<'_>) {}

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
        let mut spans = self.0.lock().unwrap();
        let span = spans.iter_mut().find(|span| span.id == id.into_u64());
        change(span.unwrap())
    }

    fn find(&self, is_it: impl Fn(&Shown) -> bool) -> Option<Shown> {
        self.0
            .lock()
            .unwrap()
            .iter()
            .find(|span| is_it(span))
            .cloned()
    }
}

#[derive(EventHandlers)]
#[handles(Wait)]
struct Guest;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = ())]
struct Wait;

impl Session for Guest {
    type Auth = ();

    async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
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
    for event in ["connect", "wait"] {
        let is_it =
            |span: &Shown| span.field("event") == Some(event) && span.field("socket") == Some(&id);
        let span = spans.find(is_it).unwrap();
        assert_eq!(
            (span.name, span.field("namespace")),
            ("event", Some("/traced"))
        );
        assert_eq!(span.parent, Some(connection.id));
        assert!(span.closed, "{event}");
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
