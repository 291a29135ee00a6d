//! From long-polling to WebSocket (Engine.IO v4, section 8), on any worker.

use std::time::Duration;

use crate::common::{
    NEVER, both,
    polling::{Pending, Poller},
    until, within,
};
use crate::wire::{HANDSHAKE, Message, Wire};
use roomcast::{
    HubBuilder, WebSocketMode,
    prelude::*,
    testing::{Frame, RawClient, TestServer},
};

#[derive(EventHandlers)]
#[handles(Echo, Say)]
struct Guest;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct Echo(String);

#[derive(Serialize, Deserialize, Event)]
struct Say(usize);

#[derive(Serialize, Event)]
struct News(String);

impl Session for Guest {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Echo> for Guest {
    async fn handle(&mut self, Echo(text): Echo, _: &Socket) -> Result<String, Rejection> {
        Ok(text)
    }
}

impl Handle<Say> for Guest {
    async fn handle(&mut self, say: Say, socket: &Socket) -> Result<(), Rejection> {
        socket.emit(&say)?;
        Ok(())
    }
}

fn serve(mode: WebSocketMode, set: impl FnOnce(HubBuilder) -> HubBuilder) -> TestServer {
    let hub = Hub::builder()
        .namespace::<Guest>("/")
        .ping_interval(NEVER)
        .ping_timeout(NEVER)
        .websocket_mode(mode);
    // Connections are dealt to the workers in turn, so most upgrades land on another one.
    TestServer::builder(set(hub).build().expect("a hub"))
        .workers(4)
        .start()
}

async fn probe(client: &Poller<'_>) -> RawClient {
    RawClient::connect(client.server, &client.query("websocket")).await
}

/// A WebSocket that the server has answered.
async fn probed(client: &Poller<'_>) -> RawClient {
    let mut socket = probe(client).await;
    socket.send("2probe").await;
    socket.expect_text("3probe").await;
    socket
}

async fn echoes(socket: &mut RawClient) {
    socket.send(r#"429["echo","x"]"#).await;
    socket.expect_text(r#"439["x"]"#).await;
}

both!(
    a_probe_then_an_upgrade_moves_the_session,
    what_is_sent_meanwhile_arrives_once_and_in_order,
    without_a_probe_it_works_as_well,
    anything_else_ends_the_attempt_only,
    a_second_websocket_is_refused,
    one_that_says_too_much_is_closed,
    what_closes_the_session_meanwhile_is_told,
    a_client_that_stops_reading_is_cut,
    an_attempt_that_is_not_finished_is_given_up,
    a_websocket_that_vanishes_leaves_the_session_polling,
    frames_behind_the_upgrade_are_not_lost,
    a_probe_that_comes_with_the_handshake_is_answered,
    a_session_that_ends_closes_the_attempt,
);

async fn a_probe_then_an_upgrade_moves_the_session(mode: WebSocketMode) {
    let server = serve(mode, |hub| hub);
    // So many that they and their upgrades meet on every pair of workers.
    for _ in 0..8 {
        let client = Poller::connected(&server).await;
        let poll = client.start_poll().await;
        let mut socket = probed(&client).await;
        poll.answer().await.expect(200, "6");
        // A poll that comes later is answered as well.
        client.poll().await.expect(200, "6");
        socket.send("5").await;
        echoes(&mut socket).await;
        let stats = server.hub().stats();
        assert_eq!(
            (stats.polling_sessions, stats.websocket_connections),
            (0, 1)
        );
        let refused = r#"{"code":3,"message":"Bad request"}"#;
        client.poll().await.expect(400, refused);
        client.post("3").await.expect(400, refused);
        socket.close(None).await;
        assert_eq!(socket.closed().await, 1005);
        until("it has ended", || server.hub().stats().connections == 0).await;
    }
    until("all have ended, and no figure has them", || {
        let stats = server.hub().stats();
        [
            stats.connections,
            stats.polling_sessions,
            stats.websocket_connections,
        ] == [0; 3]
    })
    .await;
}

async fn what_is_sent_meanwhile_arrives_once_and_in_order(mode: WebSocketMode) {
    let server = serve(mode, |hub| hub);
    for _ in 0..4 {
        let client = Poller::connected(&server).await;
        let mut said = 0;
        let mut say = async |client: &Poller<'_>, times: usize| {
            for _ in 0..times {
                let packet = format!(r#"42["say",{said}]"#);
                client.post(&packet).await.expect(200, "ok");
                said += 1;
            }
        };
        say(&client, 20).await;
        let mut socket = probed(&client).await;
        say(&client, 3).await;
        let first = client.poll().await;
        say(&client, 3).await;
        socket.send("5").await;
        let mut heard: Vec<String> = first.text().split('\u{1e}').map(str::to_owned).collect();
        while heard.len() < 26 {
            match socket.next().await {
                Frame::Text(text) => heard.push(text),
                other => panic!("{other:?} after {heard:?}"),
            }
        }
        let expected: Vec<_> = (0..26).map(|n| format!(r#"42["say",{n}]"#)).collect();
        assert_eq!(heard, expected);
        echoes(&mut socket).await;
    }
}

async fn without_a_probe_it_works_as_well(mode: WebSocketMode) {
    let server = serve(mode, |hub| hub);
    let client = Poller::connected(&server).await;
    let poll = client.start_poll().await;
    client.post(r#"421["echo","x"]"#).await.expect(200, "ok");
    poll.answer().await.expect(200, r#"431["x"]"#);
    let mut socket = probe(&client).await;
    socket.send("5").await;
    echoes(&mut socket).await;
}

async fn anything_else_ends_the_attempt_only(mode: WebSocketMode) {
    let server = serve(mode, |hub| hub);
    for first in ["2abc", "1", r#"421["echo","x"]"#, "", "x"] {
        let client = Poller::connected(&server).await;
        let mut socket = probe(&client).await;
        socket.send(first).await;
        assert_eq!(socket.closed().await, 1005, "{first}");
        still_polls(&client).await;
    }
}

async fn still_polls(client: &Poller<'_>) {
    client.post(r#"422["echo","y"]"#).await.expect(200, "ok");
    client.poll().await.expect(200, r#"432["y"]"#);
}

async fn one_that_says_too_much_is_closed(mode: WebSocketMode) {
    let server = serve(mode, |hub| hub);
    let client = Poller::connected(&server).await;
    let mut socket = probe(&client).await;
    for _ in 0..16 {
        socket.send("2probe").await;
        socket.expect_text("3probe").await;
    }
    socket.send("5").await;
    assert_eq!(socket.closed().await, 1005);
    client.post(r#"422["echo","y"]"#).await.expect(200, "ok");
    client.poll().await.expect(200, r#"432["y"]"#);
}

async fn a_second_websocket_is_refused(mode: WebSocketMode) {
    let server = serve(mode, |hub| hub);
    let client = Poller::connected(&server).await;
    let mut socket = probed(&client).await;
    let handshake = HANDSHAKE.replace("EIO=4&transport=websocket", &client.query("websocket"));
    let second = Pending::start(&server, &handshake).await;
    second.answer().await.expect(400, "Bad request");
    socket.send("5").await;
    echoes(&mut socket).await;
}

async fn an_attempt_that_is_not_finished_is_given_up(mode: WebSocketMode) {
    let server = serve(mode, |hub| hub.upgrade_timeout(Duration::from_secs(1)));
    for (count, said) in [(1, None), (2, Some("2probe"))] {
        let client = Poller::connected(&server).await;
        let mut socket = probe(&client).await;
        if let Some(said) = said {
            socket.send(said).await;
            socket.expect_text("3probe").await;
        }
        assert_eq!(socket.closed().await, 1005);
        assert_eq!(server.hub().stats().upgrade_timeouts, count);
        still_polls(&client).await;
    }
}

/// The client has its last poll back when the server disconnects it.
async fn what_closes_the_session_meanwhile_is_told(mode: WebSocketMode) {
    let server = serve(mode, |hub| hub);
    let client = Poller::connected(&server).await;
    let poll = client.start_poll().await;
    let mut socket = probed(&client).await;
    poll.answer().await.expect(200, "6");
    let told = server.hub().everyone().disconnect(true).await;
    told.expect("room for it");
    socket.send("5").await;
    socket.expect_text("41").await;
    assert_eq!(socket.closed().await, 1005);
    until("nothing is left", || server.hub().stats().connections == 0).await;
}

/// Over a response body its bytes pass through a pipe by then.
async fn a_client_that_stops_reading_is_cut(mode: WebSocketMode) {
    let server = serve(mode, |hub| hub);
    let client = Poller::connected(&server).await;
    let mut socket = Wire::dial(&server).await;
    let handshake = HANDSHAKE.replace("EIO=4&transport=websocket", &client.query("websocket"));
    socket.write(handshake.as_bytes()).await;
    socket.head().await;
    socket.text("5").await;
    socket.text(r#"429["echo","x"]"#).await;
    assert_eq!(socket.next().await, Message::Text(r#"439["x"]"#.to_owned()));
    let news = News("x".repeat(100_000));
    let filling = async {
        while server.hub().stats().closed_slow == 0 {
            server.hub().emit(&news).expect("room for it");
            // An answer from the same worker, so that no more than this waits for it.
            let answer = server.hub().everyone().fetch_sockets().await;
            answer.expect("room for it");
        }
    };
    within("it is closed", filling).await;
    until("nothing is left", || server.hub().stats().connections == 0).await;
    until(
        "its TCP connection is cut, though there is much to read",
        || {
            let written = socket.stream.try_write(b"x");
            written.is_err_and(|error| error.kind() != std::io::ErrorKind::WouldBlock)
        },
    )
    .await;
}

async fn a_websocket_that_vanishes_leaves_the_session_polling(mode: WebSocketMode) {
    let server = serve(mode, |hub| hub);
    let client = Poller::connected(&server).await;
    drop(probed(&client).await);
    client.post(r#"422["echo","y"]"#).await.expect(200, "ok");
    let polling = async {
        loop {
            let answer = client.poll().await;
            if answer.text() != "6" {
                return answer;
            }
        }
    };
    let answer = within("the server has seen its end", polling).await;
    answer.expect(200, r#"432["y"]"#);
    let mut socket = probe(&client).await;
    socket.send("5").await;
    echoes(&mut socket).await;
}

async fn frames_behind_the_upgrade_are_not_lost(mode: WebSocketMode) {
    let server = serve(mode, |hub| hub);
    let client = Poller::connected(&server).await;
    let mut socket = probe(&client).await;
    // One write: probe, upgrade and an event.
    let mut bytes = Vec::new();
    for text in ["2probe", "5", r#"427["echo","z"]"#] {
        let len = u8::try_from(text.len()).expect("short");
        bytes.extend([0x81, 0x80 | len, 0, 0, 0, 0]);
        bytes.extend(text.as_bytes());
    }
    socket.send_bytes(&bytes).await;
    socket.expect_text("3probe").await;
    socket.expect_text(r#"437["z"]"#).await;
}

async fn a_probe_that_comes_with_the_handshake_is_answered(mode: WebSocketMode) {
    let server = serve(mode, |hub| hub);
    for _ in 0..8 {
        let client = Poller::connected(&server).await;
        let transport = format!("=websocket&sid={}", client.sid);
        let request = HANDSHAKE.replace("=websocket", &transport);
        let mut socket = Wire::dial(&server).await;
        socket
            .write(&[request.as_bytes(), &crate::wire::text("2probe")].concat())
            .await;
        socket.head().await;
        socket.expect("3probe").await;
        socket.text("5").await;
        socket.text(r#"427["echo","y"]"#).await;
        socket.expect(r#"437["y"]"#).await;
    }
}

async fn a_session_that_ends_closes_the_attempt(mode: WebSocketMode) {
    let server = serve(mode, |hub| hub);
    let client = Poller::connected(&server).await;
    let mut socket = probed(&client).await;
    client.post("1").await.expect(200, "ok");
    assert_eq!(socket.closed().await, 1005);
    until("nothing is left", || server.hub().stats().connections == 0).await;
}
