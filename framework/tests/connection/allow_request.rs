//! The application's own check of a handshake: when it is asked, and what its answers do.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::common::{
    NEVER, both,
    http::{POLLING, UPGRADE, WEBSOCKET, head, request},
    listener::{builder, moody, start},
    polling::Poller,
};
use crate::waiting::PATIENCE;
use actix_web::HttpRequest;
use roomcast::{
    Forbidden, Handshake, WebSocketMode,
    testing::{RawClient, TestClient},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
    time::timeout,
};

/// Lets everyone in, and counts.
#[derive(Default)]
struct Counter(Arc<AtomicUsize>);

impl Counter {
    fn check(
        &self,
    ) -> impl AsyncFn(&Handshake, &HttpRequest) -> Result<(), Forbidden> + Send + Sync + use<> {
        let asked = Arc::clone(&self.0);
        async move |_: &Handshake, _: &HttpRequest| {
            asked.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    }

    fn asked(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Keeps who asks waiting.
struct Gate(Arc<Signals>);

struct Signals {
    asked: Semaphore,
    decided: Semaphore,
    ended: Semaphore,
}

impl Gate {
    fn new() -> Self {
        let signal = || Semaphore::new(0);
        Self(Arc::new(Signals {
            asked: signal(),
            decided: signal(),
            ended: signal(),
        }))
    }

    fn check(
        &self,
    ) -> impl AsyncFn(&Handshake, &HttpRequest) -> Result<(), Forbidden> + Send + Sync + use<> {
        let signals = Arc::clone(&self.0);
        async move |_: &Handshake, _: &HttpRequest| {
            let ending = Ending(&signals.ended);
            signals.asked.add_permits(1);
            wait(&signals.decided).await;
            drop(ending);
            Ok(())
        }
    }

    async fn asked(&self) {
        wait(&self.0.asked).await;
    }

    fn open(&self) {
        self.0.decided.add_permits(1);
    }

    async fn ended(&self) {
        wait(&self.0.ended).await;
    }
}

/// Dropped with the check.
struct Ending<'a>(&'a Semaphore);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

async fn wait(signal: &Semaphore) {
    let met = timeout(PATIENCE, signal.acquire()).await;
    met.expect("in time").expect("it is never closed").forget();
}

both! {
    a_hub_that_takes_no_more_connections_asks_nobody,
    a_hub_that_closes_while_the_application_is_asked_lets_nobody_in,
    a_client_that_leaves_while_the_application_is_asked_ends_the_check,
    what_was_sent_behind_the_handshake_waits_for_the_application,
}

async fn a_hub_that_takes_no_more_connections_asks_nobody(mode: WebSocketMode) {
    let counter = Counter::default();
    let hub = builder(mode).max_connections(1);
    let server = start(hub.allow_request(counter.check()));
    let _client = TestClient::connect(&server).await.expect("the only one");
    let answer = request(&server, "GET", POLLING, &[]).await;
    answer.expect(503, "Server at capacity");
    let mut refused = RawClient::connect(&server, "EIO=4&transport=websocket").await;
    assert_eq!(refused.closed().await, 1008);
    server.hub().drain().await;
    let answer = request(&server, "GET", WEBSOCKET, UPGRADE).await;
    answer.expect(503, "Server draining");
    assert_eq!(counter.asked(), 1);
}

async fn a_hub_that_closes_while_the_application_is_asked_lets_nobody_in(mode: WebSocketMode) {
    let gate = Gate::new();
    let hub = builder(mode).drain_timeout(NEVER);
    let server = start(hub.allow_request(gate.check()));
    let closed = async {
        gate.asked().await;
        let drain = timeout(PATIENCE, server.hub().drain());
        drain.await.expect("nobody waits for the application");
        gate.open();
    };
    let handshake = request(&server, "GET", WEBSOCKET, UPGRADE);
    let (answer, ()) = tokio::join!(handshake, closed);
    answer.expect(503, "Server draining");
}

async fn a_client_that_leaves_while_the_application_is_asked_ends_the_check(mode: WebSocketMode) {
    let gate = Gate::new();
    let server = start(builder(mode).allow_request(gate.check()));
    for (target, headers) in [(POLLING, &[][..]), (WEBSOCKET, UPGRADE)] {
        tokio::select! {
            _ = request(&server, "GET", target, headers) => panic!("nobody has answered"),
            () = gate.asked() => {}
        }
        gate.ended().await;
    }
    assert_eq!(server.hub().stats().connections, 0);
}

async fn what_was_sent_behind_the_handshake_waits_for_the_application(mode: WebSocketMode) {
    let gate = Gate::new();
    let server = start(builder(mode).allow_request(gate.check()));
    let mut stream = TcpStream::connect(server.addr()).await.expect("a server");
    let mut bytes = head("GET", WEBSOCKET, UPGRADE).into_bytes();
    // A text frame `40`, masked with zeros.
    bytes.extend_from_slice(b"\x81\x82\0\0\0\x0040");
    stream.write_all(&bytes).await.expect("a server that reads");
    gate.asked().await;

    // The worker serves others meanwhile.
    let other = request(&server, "GET", "/socket.io/client.js", &[]).await;
    assert_eq!(other.status, 200);

    gate.open();
    let mut received = Vec::new();
    let connected = async {
        while !String::from_utf8_lossy(&received).contains(r#"40{"sid":"#) {
            let read = stream.read_buf(&mut received).await.expect("an answer");
            assert_ne!(read, 0, "{}", String::from_utf8_lossy(&received));
        }
    };
    let connected = timeout(PATIENCE, connected).await;
    connected.expect("the CONNECT is answered");
}

#[actix_web::test]
async fn a_refused_upgrade_gets_400_and_the_text_and_the_connection_ends() {
    let server = start(builder(WebSocketMode::Handoff).allow_request(moody));
    for (query, text) in [
        ("", "Forbidden"),
        ("&msg=not-today", "not-today"),
        ("&panic", "Forbidden"),
    ] {
        let answer = request(&server, "GET", &format!("{WEBSOCKET}{query}"), UPGRADE).await;
        answer.expect(400, text);
        assert_eq!(answer.header("content-type"), Some("text/html"));
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(answer.closed);
    }
    let allowed = format!("{WEBSOCKET}&msg=come-in");
    assert_eq!(request(&server, "GET", &allowed, UPGRADE).await.status, 101);

    let stats = server.hub().stats();
    assert_eq!(stats.refused_handshakes.get("forbidden"), Some(&3));
    assert_eq!(stats.panics, 1);
}

#[actix_web::test]
async fn a_refused_polling_handshake_gets_403_and_the_text_as_json() {
    let server = start(builder(WebSocketMode::Handoff).allow_request(moody));
    for (query, body) in [
        ("", r#"{"code":4,"message":"Forbidden"}"#),
        ("&msg=not%20today", r#"{"code":4,"message":"not%20today"}"#),
        ("&panic", r#"{"code":4,"message":"Forbidden"}"#),
    ] {
        let answer = request(&server, "GET", &format!("{POLLING}{query}"), &[]).await;
        answer.expect(403, body);
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    let quoted =
        builder(WebSocketMode::Handoff).allow_request(async |_: &Handshake, _: &HttpRequest| {
            Err(Forbidden::new("say \"please\""))
        });
    let answer = request(&start(quoted), "GET", POLLING, &[]).await;
    answer.expect(403, r#"{"code":4,"message":"say \"please\""}"#);
}

#[actix_web::test]
async fn the_application_is_asked_about_well_formed_handshakes_before_their_version() {
    let counter = Counter::default();
    let server = start(builder(WebSocketMode::Handoff).allow_request(counter.check()));
    for target in [
        "/socket.io/?EIO=4",
        "/socket.io/?EIO=4&transport=websocket&sid=unknown",
        "/socket.io/client.js",
    ] {
        request(&server, "GET", target, UPGRADE).await;
    }
    request(&server, "POST", WEBSOCKET, UPGRADE).await;
    assert_eq!(counter.asked(), 0);

    let old = "/socket.io/?EIO=3&transport=websocket";
    let answer = request(&server, "GET", old, UPGRADE).await;
    answer.expect(400, "Unsupported protocol version");
    assert_eq!(counter.asked(), 1);
}

#[actix_web::test]
async fn the_application_is_asked_once_for_a_polling_session() {
    let counter = Counter::default();
    let server = start(builder(WebSocketMode::Handoff).allow_request(counter.check()));
    let client = Poller::connected(&server).await;
    let upgrade = format!("/socket.io/?{}", client.query("websocket"));
    assert_eq!(request(&server, "GET", &upgrade, UPGRADE).await.status, 101);
    assert_eq!(counter.asked(), 1);
}

#[actix_web::test]
async fn a_client_of_the_kit_reads_the_text_of_a_refusal() {
    let server = start(builder(WebSocketMode::Handoff).allow_request(moody));
    let refused = TestClient::builder(&server).query("msg=later").connect();
    assert_eq!(refused.await.expect_err("refused").message, "later");
}
