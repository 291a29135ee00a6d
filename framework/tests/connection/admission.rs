//! Who may open a connection, and what those are told who may not.

use std::time::Duration;

use crate::common::{
    NEVER, both,
    http::{POLLING, UPGRADE, WEBSOCKET, head, request},
    listener::Listener,
    until, within,
};
use crate::waiting::PATIENCE;
use roomcast::{
    Forbidden, Handshake, HubBuilder, Rate, TrustProxy, WebSocketMode,
    prelude::*,
    testing::{RawClient, TestClient, TestServer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

fn builder(mode: WebSocketMode) -> HubBuilder {
    Hub::builder()
        .namespace::<Listener>("/")
        .websocket_mode(mode)
}

fn start(builder: HubBuilder) -> TestServer {
    TestServer::start(builder.build().expect("a hub"))
}

fn refused(server: &TestServer, reason: &str) -> u64 {
    let refused = server.hub().stats().refused_handshakes;
    refused.get(reason).copied().unwrap_or_default()
}

async fn connect(server: &TestServer) -> TestClient {
    TestClient::connect(server).await.expect("a place")
}

/// A client of which a proxy says that it comes from `address`.
async fn connect_from(server: &TestServer, address: &str) -> Result<TestClient, String> {
    let client = TestClient::builder(server).header("X-Forwarded-For", address);
    client.connect().await.map_err(|refused| refused.message)
}

/// Reads what comes on a WebSocket that was opened by hand, to its end.
async fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut received = Vec::new();
    let read = within("an end", stream.read_to_end(&mut received)).await;
    read.expect("no reset");
    let head = received.windows(4).position(|four| four == b"\r\n\r\n");
    received.split_off(head.expect("a head") + 4)
}

async fn open(server: &TestServer) -> TcpStream {
    let mut stream = TcpStream::connect(server.addr()).await.expect("a server");
    let request = head("GET", WEBSOCKET, UPGRADE);
    let sent = stream.write_all(request.as_bytes()).await;
    sent.expect("a server that reads");
    stream
}

both! {
    beyond_max_connections_one_is_told_by_its_transport_until_another_leaves,
    those_that_stay_to_be_told_are_few_and_cut_in_time,
    a_handshake_that_fails_gives_its_place_back,
    a_handshake_under_way_holds_its_place,
}

async fn beyond_max_connections_one_is_told_by_its_transport_until_another_leaves(
    mode: WebSocketMode,
) {
    let server = start(builder(mode).max_connections(2));
    let first = connect(&server).await;
    let mut second = RawClient::open(&server).await;

    let mut third = RawClient::connect(&server, "EIO=4&transport=websocket").await;
    assert_eq!(third.closed().await, 1008);
    let answer = request(&server, "GET", POLLING, &[]).await;
    answer.expect(503, "Server at capacity");
    assert!(answer.closed);
    assert_eq!(refused(&server, "max_connections"), 2);
    assert_eq!(server.hub().stats().connections, 2);

    // The others have not noticed.
    second.send("40").await;
    second.next().await;
    first.disconnect().await;
    until("a place is free", || server.hub().stats().connections < 2).await;
    connect(&server).await;
}

/// The first 256 do not close their side.
async fn those_that_stay_to_be_told_are_few_and_cut_in_time(mode: WebSocketMode) {
    let short = Duration::from_millis(200);
    let server = start(builder(mode).max_connections(1).close_timeout(short));
    let _only = connect(&server).await;
    let mut told = Vec::new();
    for _ in 0..256 {
        told.push(open(&server).await);
    }
    until("all are refused", || {
        refused(&server, "max_connections") == 256
    })
    .await;
    for stream in told {
        let closed = rest(stream).await;
        let mut frame = vec![0x88, 20];
        frame.extend_from_slice(&1008_u16.to_be_bytes());
        frame.extend_from_slice(b"Server at capacity");
        assert_eq!(closed, frame);
    }
    // They were cut, so that others can be told.
    let mut next = RawClient::connect(&server, "EIO=4&transport=websocket").await;
    assert_eq!(next.closed().await, 1008);
}

async fn a_handshake_that_fails_gives_its_place_back(mode: WebSocketMode) {
    let check = async |handshake: &Handshake, _: &_| match handshake.header("x-key") {
        Some(_) => Ok(()),
        None => Err(Forbidden::default()),
    };
    let server = start(builder(mode).max_connections(1).allow_request(check));
    let key = ("X-Key", "sesame");
    for _ in 0..3 {
        assert_eq!(request(&server, "GET", POLLING, &[]).await.status, 403);
        let old = "/socket.io/?EIO=3&transport=polling";
        assert_eq!(request(&server, "GET", old, &[key]).await.status, 400);
        let headers = [UPGRADE[0], UPGRADE[1], key];
        let incomplete = request(&server, "GET", WEBSOCKET, &headers).await;
        assert_eq!(incomplete.status, 400);
    }
    let client = TestClient::builder(&server).header(key.0, key.1);
    client.connect().await.expect("the place is free");
    assert_eq!(refused(&server, "max_connections"), 0);
}

async fn a_handshake_under_way_holds_its_place(mode: WebSocketMode) {
    let asked = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let asking = std::sync::Arc::clone(&asked);
    let check = async move |handshake: &Handshake, _: &_| {
        if handshake.header("x-slow").is_some() {
            asking.add_permits(1);
            std::future::pending::<()>().await;
        }
        Ok(())
    };
    let server = start(builder(mode).max_connections(1).allow_request(check));
    let slow = [UPGRADE, &[("X-Slow", "1")]].concat();
    tokio::select! {
        _ = request(&server, "GET", WEBSOCKET, &slow) => {
            panic!("nobody has answered")
        }
        () = async {
            asked.acquire().await.expect("it is never closed").forget();
            let answer = request(&server, "GET", POLLING, &[]).await;
            answer.expect(503, "Server at capacity");
        } => {}
    }
    // Its client has gone, and with it what held the place.
    let free = async { while TestClient::connect(&server).await.is_err() {} };
    let free = tokio::time::timeout(PATIENCE, free).await;
    free.expect("the place is free");
}

#[actix_web::test]
async fn more_than_are_told_get_an_answer() {
    let server = start(
        builder(WebSocketMode::Handoff)
            .max_connections(1)
            .close_timeout(NEVER),
    );
    let _only = connect(&server).await;
    let mut told = Vec::new();
    for _ in 0..256 {
        let mut stream = open(&server).await;
        stream.read_u8().await.expect("an answer");
        told.push(stream);
    }
    let answer = request(&server, "GET", WEBSOCKET, UPGRADE).await;
    answer.expect(503, "Server at capacity");
}

#[actix_web::test]
async fn a_trusted_proxy_can_go_to_another_node_if_this_one_is_full() {
    let loopback = || TrustProxy::networks(["127.0.0.0/8"]).expect("a network");
    let elsewhere = TrustProxy::networks(["10.0.0.0/8"]).expect("a network");
    for (trust, status) in [
        (Some(loopback()), 503),
        (Some(TrustProxy::hops(1)), 503),
        (Some(elsewhere), 101),
        (None, 101),
    ] {
        let full = builder(WebSocketMode::Handoff).max_connections(1);
        let full = match trust.clone() {
            Some(trust) => full.trust_proxy(trust),
            None => full,
        };
        let server = start(full);
        let _only = connect(&server).await;
        let from = [UPGRADE, &[("X-Forwarded-For", "192.0.2.1")]].concat();
        let answer = request(&server, "GET", WEBSOCKET, &from).await;
        assert_eq!(answer.status, status, "{trust:?}");
        if status == 503 {
            answer.expect(503, "Server at capacity");
        }
        assert_eq!(refused(&server, "max_connections"), 1);
    }
}

/// Behind the response body connections count for actix-web too, and its limit of one would leave the others
/// waiting without a word.
#[actix_web::test]
async fn the_hubs_limit_acts_and_not_that_of_actix_web() {
    let hub = builder(WebSocketMode::BodyStream).max_connections(2);
    let hub = hub.build().expect("a hub");
    assert_eq!(hub.max_http_connections(), 2 * 2 + 256 + 25_600);
    let huge = builder(WebSocketMode::Handoff).max_connections(usize::MAX);
    let huge = huge.build().expect("a hub");
    assert_eq!(huge.max_http_connections(), usize::MAX);

    // What the kit sets is what an application is told to.
    let server = TestServer::start(hub);
    let _first = connect(&server).await;
    let _second = connect(&server).await;
    for _ in 0..3 {
        let mut third = RawClient::connect(&server, "EIO=4&transport=websocket").await;
        assert_eq!(third.closed().await, 1008);
    }
}

#[actix_web::test]
async fn an_address_has_no_more_than_its_share_and_is_the_trusted_proxys_word() {
    let trusting = builder(WebSocketMode::Handoff)
        .max_connections_per_address(2)
        .trust_proxy(TrustProxy::hops(1));
    let server = start(trusting);
    let first = connect_from(&server, "192.0.2.1").await.expect("a place");
    let _second = connect_from(&server, "192.0.2.1").await.expect("a place");
    let _other = connect_from(&server, "192.0.2.2").await.expect("a place");
    let third = connect_from(&server, "192.0.2.1").await;
    assert_eq!(
        third.expect_err("no place"),
        "too many connections from this address"
    );
    let from = [("X-Forwarded-For", "192.0.2.1")];
    let answer = request(&server, "GET", POLLING, &from).await;
    answer.expect(429, "too many connections from this address");
    assert_eq!(refused(&server, "max_connections_per_address"), 2);
    first.disconnect().await;
    until("a place is free", || server.hub().stats().connections < 3).await;
    connect_from(&server, "192.0.2.1").await.expect("a place");

    // Without trust, what a client says of itself does not count.
    let server = start(builder(WebSocketMode::Handoff).max_connections_per_address(1));
    let _first = connect_from(&server, "192.0.2.1").await.expect("a place");
    connect_from(&server, "192.0.2.2")
        .await
        .expect_err("no place");
}

#[actix_web::test]
async fn who_comes_too_often_is_told_when_to_come_again() {
    let limited = builder(WebSocketMode::Handoff)
        .handshake_rate(Rate::per_minute(3))
        .handshake_rate_per_address(Rate::per_minute(1).burst(2))
        .trust_proxy(TrustProxy::hops(1));
    let server = start(limited);
    for _ in 0..2 {
        connect_from(&server, "192.0.2.1").await.expect("a turn");
    }
    let from = [("X-Forwarded-For", "192.0.2.1")];
    for headers in [&[UPGRADE, &from].concat()[..], &from] {
        let target = if headers.len() > 1 {
            WEBSOCKET
        } else {
            POLLING
        };
        let answer = request(&server, "GET", target, headers).await;
        answer.expect(429, "too many handshakes from this address");
        let seconds: u32 = answer
            .header("retry-after")
            .expect("a time")
            .parse()
            .expect("seconds");
        assert!((1..=60).contains(&seconds), "{seconds}");
    }
    // Another address still has its turn, and takes the last one of all.
    connect_from(&server, "192.0.2.2").await.expect("a turn");
    let from = [("X-Forwarded-For", "192.0.2.3")];
    let answer = request(&server, "GET", POLLING, &from).await;
    // Not 503, for which proxies take a node away from the clients that it has.
    answer.expect(429, "too many handshakes");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(refused(&server, "handshake_rate_per_address"), 2);
    assert_eq!(refused(&server, "handshake_rate"), 1);
}
