//! A session while it is open, and each way in which it ends (Engine.IO v4, sections 5, 7 and 9).
//!
//! Times are those of real sockets: there are lower bounds, and no upper ones but that a test ends.

use std::time::{Duration, Instant};

use crate::common::{
    NEVER, both,
    journal::{Entries, Journal, journal},
    until,
};
use crate::waiting::PATIENCE;
use roomcast::{
    HubBuilder, WebSocketMode,
    prelude::*,
    testing::{Frame, RawClient, TestServer},
};

const MS: Duration = Duration::from_millis(1);

/// Writes down why it was disconnected.
#[derive(EventHandlers)]
#[handles(Echo)]
struct Mortal;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct Echo(String);

impl Session for Mortal {
    type Auth = Option<Auth>;

    async fn connect(auth: Self::Auth, _: &Socket) -> Result<Self, Refusal> {
        match auth {
            Some(Auth { refuse: true }) => Err("refused".into()),
            _ => Ok(Self),
        }
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        socket.state::<Journal>().write(reason);
    }
}

#[derive(Deserialize)]
struct Auth {
    #[serde(default)]
    refuse: bool,
}

impl Handle<Echo> for Mortal {
    async fn handle(&mut self, Echo(text): Echo, _: &Socket) -> Result<String, Rejection> {
        Ok(text)
    }
}

fn serve(mode: WebSocketMode, set: impl FnOnce(HubBuilder) -> HubBuilder) -> (TestServer, Entries) {
    let (journal, entries) = journal();
    let hub = Hub::builder()
        .namespace::<Mortal>("/")
        .state(journal)
        .websocket_mode(mode)
        .ping_interval(NEVER)
        .ping_timeout(NEVER)
        .connect_timeout(NEVER);
    (TestServer::start(set(hub).build().expect("a hub")), entries)
}

/// A client in the namespace `/`.
async fn connected(server: &TestServer) -> RawClient {
    let mut client = RawClient::open(server).await;
    client.send("40").await;
    assert!(matches!(client.next().await, Frame::Text(reply) if reply.starts_with("40{")));
    client
}

/// The session is still served.
async fn alive(client: &mut RawClient) {
    client.send(r#"427["echo","x"]"#).await;
    client.expect_text(r#"437["x"]"#).await;
}

/// The end as a silent peer sees it. Behind a response body nobody can tell whether a close frame
/// ever reaches it, so it is cut without.
fn silenced(mode: WebSocketMode) -> u16 {
    match mode {
        WebSocketMode::Handoff => 1005,
        WebSocketMode::BodyStream => 1006,
    }
}

/// A masked frame; `head` is the first byte.
fn frame(head: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("a short payload");
    assert!(length < 126, "a short payload");
    let mut frame = vec![head, 0x80 | length, 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

const TEXT: u8 = 0x81;

both! {
    the_first_ping_comes_after_one_interval_and_not_before,
    pongs_keep_a_session_alive_round_after_round,
    the_next_ping_does_not_wait_for_the_timeout_of_the_last,
    a_client_that_does_not_answer_a_ping_is_closed_after_the_timeout,
    while_a_pong_is_due_another_packet_extends_the_timeout,
    a_ping_from_the_client_is_a_transport_error,
    a_close_packet_closes_the_session,
    what_is_no_packet_is_a_parse_error,
    packets_without_meaning_on_an_open_session_are_ignored,
    a_message_of_exactly_the_limit_passes_and_one_byte_more_closes_with_1009,
    a_length_beyond_the_limit_is_refused_before_a_byte_of_it_comes,
    fragments_beyond_the_limit_are_refused_as_one_message,
    text_that_is_not_utf_8_closes_with_1007,
    breaches_of_the_websocket_protocol_close_with_1002,
    a_packet_may_come_in_fragments_with_a_ping_between_them,
    the_closing_handshake_echoes_the_code,
    what_came_before_the_close_frame_is_still_handled,
    a_connection_that_just_ends_is_a_transport_close,
    a_client_in_no_namespace_is_closed_after_the_connect_timeout,
    a_refused_connect_does_not_put_the_connect_timeout_off,
    a_client_in_a_namespace_outlives_the_connect_timeout,
    a_websocket_ping_is_answered_with_its_payload,
    a_shutdown_closes_every_session_and_tells_why,
    a_peer_that_does_not_finish_the_closing_handshake_is_cut,
}

async fn the_first_ping_comes_after_one_interval_and_not_before(mode: WebSocketMode) {
    let (server, _) = serve(mode, |hub| hub.ping_interval(300 * MS));
    let start = Instant::now();
    let mut client = RawClient::open(&server).await;
    client.expect_text("2").await;
    let elapsed = start.elapsed();
    assert!(elapsed >= 300 * MS, "{elapsed:?}");
}

async fn pongs_keep_a_session_alive_round_after_round(mode: WebSocketMode) {
    let (server, mut reasons) = serve(mode, |hub| {
        hub.ping_interval(500 * MS).ping_timeout(2_000 * MS)
    });
    let mut client = connected(&server).await;
    // Six of them take longer than one may be left without an answer.
    for _ in 0..6 {
        client.expect_text("2").await;
        client.send("3").await;
    }
    alive(&mut client).await;
    assert_eq!(reasons.rest(), Vec::<String>::new());
}

async fn the_next_ping_does_not_wait_for_the_timeout_of_the_last(mode: WebSocketMode) {
    let (server, _) = serve(mode, |hub| hub.ping_interval(50 * MS).ping_timeout(NEVER));
    let mut client = RawClient::open(&server).await;
    for _ in 0..3 {
        client.expect_text("2").await;
        client.send("3").await;
    }
}

async fn a_client_that_does_not_answer_a_ping_is_closed_after_the_timeout(mode: WebSocketMode) {
    let (server, mut reasons) = serve(mode, |hub| {
        hub.ping_interval(1_000 * MS).ping_timeout(500 * MS)
    });
    let start = Instant::now();
    let mut client = connected(&server).await;
    client.expect_text("2").await;
    assert_eq!(client.closed().await, silenced(mode));
    let elapsed = start.elapsed();
    assert!(elapsed >= 1_500 * MS, "{elapsed:?}");
    reasons.expect("ping timeout").await;
}

/// That only one packet does, the shard's own tests hold, on a clock that need not be waited for.
async fn while_a_pong_is_due_another_packet_extends_the_timeout(mode: WebSocketMode) {
    let timeout = 3_000 * MS;
    let (server, mut reasons) = serve(mode, |hub| {
        hub.ping_interval(1_000 * MS).ping_timeout(timeout)
    });
    let mut client = connected(&server).await;
    client.expect_text("2").await;
    let pinged = Instant::now();
    until("half of it is over", || pinged.elapsed() > timeout / 2).await;
    let sent = Instant::now();
    alive(&mut client).await;
    assert_eq!(client.closed().await, silenced(mode));
    let elapsed = sent.elapsed();
    assert!(elapsed >= timeout, "{elapsed:?}");
    reasons.expect("ping timeout").await;
}

async fn a_ping_from_the_client_is_a_transport_error(mode: WebSocketMode) {
    let (server, mut reasons) = serve(mode, |hub| hub);
    for ping in ["2", "2probe"] {
        let mut client = connected(&server).await;
        client.send(ping).await;
        assert_eq!(client.closed().await, 1005, "{ping}");
        reasons.expect("transport error").await;
    }
    assert_eq!(
        server.hub().stats().refused_packets.get("client_ping"),
        Some(&2)
    );
}

async fn a_close_packet_closes_the_session(mode: WebSocketMode) {
    let (server, mut reasons) = serve(mode, |hub| hub);
    let mut client = connected(&server).await;
    client.send("1").await;
    assert_eq!(client.closed().await, 1005);
    reasons.expect("transport close").await;
}

async fn what_is_no_packet_is_a_parse_error(mode: WebSocketMode) {
    let (server, mut reasons) = serve(mode, |hub| hub);
    for text in ["abc", "", "7", " 2", "é"] {
        let mut client = connected(&server).await;
        client.send(text).await;
        assert_eq!(client.closed().await, 1005, "{text:?}");
        reasons.expect("parse error").await;
    }
    let refused = server.hub().stats().refused_packets;
    assert_eq!(refused.get("empty_packet"), Some(&1));
    assert_eq!(refused.get("unknown_engine_packet"), Some(&4));
}

async fn packets_without_meaning_on_an_open_session_are_ignored(mode: WebSocketMode) {
    let (server, _) = serve(mode, |hub| hub);
    let mut client = connected(&server).await;
    for packet in ["0{}", "3", "3probe", "5", "6"] {
        client.send(packet).await;
    }
    alive(&mut client).await;
}

async fn a_message_of_exactly_the_limit_passes_and_one_byte_more_closes_with_1009(
    mode: WebSocketMode,
) {
    let (server, mut reasons) = serve(mode, |hub| hub.max_http_buffer_size(1_000));
    let mut client = connected(&server).await;
    let message = |bytes: usize| {
        let rest = "x".repeat(bytes - r#"421["echo",""]"#.len());
        (
            format!(r#"421["echo","{rest}"]"#),
            format!(r#"431["{rest}"]"#),
        )
    };
    let (longest, answer) = message(1_000);
    client.send(&longest).await;
    client.expect_text(&answer).await;
    client.send(&message(1_001).0).await;
    assert_eq!(client.closed().await, 1009);
    reasons.expect("transport error").await;
}

async fn a_length_beyond_the_limit_is_refused_before_a_byte_of_it_comes(mode: WebSocketMode) {
    let (server, _) = serve(mode, |hub| hub);
    let mut client = connected(&server).await;
    let gibibyte = [0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4];
    client.send_bytes(&gibibyte).await;
    assert_eq!(client.closed().await, 1009);
}

async fn fragments_beyond_the_limit_are_refused_as_one_message(mode: WebSocketMode) {
    let (server, _) = serve(mode, |hub| hub.max_http_buffer_size(150));
    let mut client = connected(&server).await;
    client.send_bytes(&frame(0x01, &[b'4'; 100])).await;
    client.send_bytes(&frame(0x80, &[b'4'; 51])).await;
    assert_eq!(client.closed().await, 1009);
}

async fn text_that_is_not_utf_8_closes_with_1007(mode: WebSocketMode) {
    let (server, mut reasons) = serve(mode, |hub| hub);
    let mut client = connected(&server).await;
    client.send_bytes(&frame(TEXT, b"4\xff")).await;
    assert_eq!(client.closed().await, 1007);
    reasons.expect("transport error").await;
}

async fn breaches_of_the_websocket_protocol_close_with_1002(mode: WebSocketMode) {
    let (server, mut reasons) = serve(mode, |hub| hub);
    let unmasked = vec![TEXT, 1, b'3'];
    let reserved_bit = frame(TEXT | 0x40, b"3");
    let reserved_opcode = frame(0x83, b"3");
    let nothing_to_continue = frame(0x80, b"3");
    let fragmented_ping = frame(0x09, b"");
    for bytes in [
        unmasked,
        reserved_bit,
        reserved_opcode,
        nothing_to_continue,
        fragmented_ping,
    ] {
        let mut client = connected(&server).await;
        client.send_bytes(&bytes).await;
        assert_eq!(client.closed().await, 1002, "{bytes:x?}");
        reasons.expect("transport error").await;
    }
}

async fn a_packet_may_come_in_fragments_with_a_ping_between_them(mode: WebSocketMode) {
    let (server, _) = serve(mode, |hub| hub);
    let mut client = connected(&server).await;
    client.send_bytes(&frame(0x01, br#"427["ec"#)).await;
    client.send_bytes(&frame(0x89, b"between")).await;
    assert_eq!(client.next().await, Frame::Pong("between".into()));
    client.send_bytes(&frame(0x00, b"")).await;
    client.send_bytes(&frame(0x80, br#"ho","x"]"#)).await;
    client.expect_text(r#"437["x"]"#).await;
}

async fn the_closing_handshake_echoes_the_code(mode: WebSocketMode) {
    let (server, mut reasons) = serve(mode, |hub| hub);
    for (code, echoed) in [(Some(1000), 1000), (Some(4321), 4321), (None, 1005)] {
        let mut client = connected(&server).await;
        client.close(code).await;
        assert_eq!(client.closed().await, echoed);
        reasons.expect("transport close").await;
    }
}

async fn what_came_before_the_close_frame_is_still_handled(mode: WebSocketMode) {
    let (server, mut reasons) = serve(mode, |hub| hub);
    let mut client = connected(&server).await;
    let mut bytes = frame(TEXT, br#"427["echo","x"]"#);
    bytes.extend(frame(0x88, b""));
    bytes.extend(frame(TEXT, br#"428["echo","too late"]"#));
    client.send_bytes(&bytes).await;
    client.expect_text(r#"437["x"]"#).await;
    assert_eq!(client.closed().await, 1005);
    reasons.expect("transport close").await;
}

async fn a_connection_that_just_ends_is_a_transport_close(mode: WebSocketMode) {
    let (server, mut reasons) = serve(mode, |hub| hub);
    drop(connected(&server).await);
    reasons.expect("transport close").await;
    until("nothing is left of it", || {
        let stats = server.hub().stats();
        (stats.connections, stats.sockets) == (0, 0)
    })
    .await;
}

async fn a_client_in_no_namespace_is_closed_after_the_connect_timeout(mode: WebSocketMode) {
    let (server, _) = serve(mode, |hub| hub.connect_timeout(300 * MS));
    let start = Instant::now();
    let mut client = RawClient::open(&server).await;
    assert_eq!(client.closed().await, 1005);
    let elapsed = start.elapsed();
    assert!(elapsed >= 300 * MS, "{elapsed:?}");
}

async fn a_refused_connect_does_not_put_the_connect_timeout_off(mode: WebSocketMode) {
    let (server, _) = serve(mode, |hub| hub.connect_timeout(400 * MS));
    let start = Instant::now();
    let mut client = RawClient::open(&server).await;
    // If a refusal put it off, this would go on for ever.
    let code = loop {
        client.send(r#"40{"refuse":true}"#).await;
        match client.next().await {
            Frame::Text(refusal) => assert!(refusal.starts_with("44"), "{refusal}"),
            Frame::Close(code) => break code,
            other => panic!("{other:?}"),
        }
        assert!(start.elapsed() < PATIENCE, "still open");
    };
    assert_eq!(code, 1005);
    assert!(start.elapsed() >= 400 * MS, "{:?}", start.elapsed());
}

async fn a_client_in_a_namespace_outlives_the_connect_timeout(mode: WebSocketMode) {
    let (server, _) = serve(mode, |hub| {
        hub.connect_timeout(1_000 * MS).ping_interval(1_500 * MS)
    });
    let mut client = connected(&server).await;
    client.expect_text("2").await;
    alive(&mut client).await;
}

async fn a_websocket_ping_is_answered_with_its_payload(mode: WebSocketMode) {
    let (server, _) = serve(mode, |hub| hub);
    let mut client = RawClient::open(&server).await;
    client.ping("payload").await;
    assert_eq!(client.next().await, Frame::Pong("payload".into()));
    client.ping("").await;
    assert_eq!(client.next().await, Frame::Pong("".into()));
}

async fn a_shutdown_closes_every_session_and_tells_why(mode: WebSocketMode) {
    let (server, mut reasons) = serve(mode, |hub| hub);
    let mut clients = [connected(&server).await, connected(&server).await];
    let closing = async {
        for client in &mut clients {
            assert_eq!(client.closed().await, 1001, "no DISCONNECT packet before");
        }
    };
    tokio::join!(server.hub().drain(), closing);
    reasons.expect("server shutting down").await;
    reasons.expect("server shutting down").await;
    assert_eq!(server.hub().stats().connections, 0);
}

async fn a_peer_that_does_not_finish_the_closing_handshake_is_cut(mode: WebSocketMode) {
    let (server, mut reasons) = serve(mode, |hub| hub.close_timeout(200 * MS));
    let mut client = connected(&server).await;
    // The client keeps quiet behind the close packet: it does not read, so it answers nothing.
    client.send("1").await;
    reasons.expect("transport close").await;
    until("it was cut", || server.hub().stats().cut_closing == 1).await;
    until("it is gone", || server.hub().stats().connections == 0).await;
}
