//! Long-polling (Engine.IO v4, sections 6 and 9).

use std::time::Duration;

use crate::common::{
    NEVER,
    journal::{Entries, Journal, journal},
    polling::{Poller, get},
    until, within,
};
use roomcast::{HubBuilder, prelude::*, testing::TestServer};

/// Says what it is told, and writes down why it was disconnected.
#[derive(EventHandlers)]
#[handles(Echo, Many, Leave, Fickle, Upload)]
struct Guest;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct Echo(String);

/// Asks for so many events.
#[derive(Deserialize, Event)]
struct Many(usize);

#[derive(Deserialize, Event)]
struct Leave {
    close: bool,
}

#[derive(Deserialize, Event)]
struct Fickle;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = Binary)]
struct Upload(Binary);

#[derive(Serialize, Event)]
struct Tick(usize);

impl Session for Guest {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        socket.state::<Journal>().write(reason);
    }
}

impl Handle<Echo> for Guest {
    async fn handle(&mut self, Echo(text): Echo, _: &Socket) -> Result<String, Rejection> {
        Ok(text)
    }
}

impl Handle<Many> for Guest {
    async fn handle(&mut self, Many(count): Many, socket: &Socket) -> Result<(), Rejection> {
        (0..count).try_for_each(|n| socket.emit(&Tick(n)))?;
        Ok(())
    }
}

impl Handle<Leave> for Guest {
    async fn handle(&mut self, leave: Leave, socket: &Socket) -> Result<(), Rejection> {
        socket.disconnect(leave.close)?;
        Ok(())
    }
}

impl Handle<Fickle> for Guest {
    async fn handle(&mut self, _: Fickle, socket: &Socket) -> Result<(), Rejection> {
        socket.volatile().emit(&Tick(0))?;
        Ok(())
    }
}

impl Handle<Upload> for Guest {
    async fn handle(&mut self, upload: Upload, _: &Socket) -> Result<Binary, Rejection> {
        Ok(upload.0)
    }
}

fn serve(set: impl FnOnce(HubBuilder) -> HubBuilder) -> (TestServer, Entries) {
    // Requests of one session come to different workers.
    serve_on(4, set)
}

/// With one worker, requests are taken in the order in which they were sent.
fn in_order() -> (TestServer, Entries) {
    serve_on(1, |hub| hub)
}

fn serve_on(workers: usize, set: impl FnOnce(HubBuilder) -> HubBuilder) -> (TestServer, Entries) {
    let (journal, entries) = journal();
    let hub = Hub::builder()
        .namespace::<Guest>("/")
        .state(journal)
        .ping_interval(NEVER)
        .ping_timeout(NEVER)
        .connect_timeout(NEVER);
    let hub = set(hub).build().expect("a hub");
    let server = TestServer::builder(hub).workers(workers).start();
    (server, entries)
}

fn plain() -> (TestServer, Entries) {
    serve(|hub| hub)
}

#[actix_web::test]
async fn a_session_opens_and_offers_the_upgrade() {
    let (server, _) = plain();
    let answer = get(&server, "EIO=4&transport=polling", "").await;
    let answer = answer.answer().await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=UTF-8")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let open = answer.text();
    assert!(open.starts_with(r#"0{"sid":""#), "{open}");
    let rest = r#""upgrades":["websocket"],"pingInterval":3600000,"pingTimeout":3600000,"maxPayload":1000000}"#;
    assert!(open.ends_with(rest), "{open}");
}

#[actix_web::test]
async fn events_acks_and_attachments_travel_both_ways() {
    let (server, _) = plain();
    let client = Poller::connected(&server).await;
    client.post(r#"421["echo","hé"]"#).await.expect(200, "ok");
    client.poll().await.expect(200, r#"431["hé"]"#);
    let upload = "451-2[\"upload\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQIDBA==";
    client.post(upload).await.expect(200, "ok");
    let ack = "461-2[{\"_placeholder\":true,\"num\":0}]\u{1e}bAQIDBA==";
    client.poll().await.expect(200, ack);
    // A poll that waits is answered at once.
    let waiting = client.start_poll().await;
    client.post(r#"422["echo","x"]"#).await.expect(200, "ok");
    waiting.answer().await.expect(200, r#"432["x"]"#);
}

#[actix_web::test]
async fn an_answer_holds_sixteen_packets_and_the_next_the_rest() {
    let (server, _) = plain();
    let client = Poller::connected(&server).await;
    client.post(r#"42["many",20]"#).await.expect(200, "ok");
    let ticks = |range: std::ops::Range<usize>| {
        let ticks: Vec<_> = range.map(|n| format!(r#"42["tick",{n}]"#)).collect();
        ticks.join("\u{1e}")
    };
    client.poll().await.expect(200, &ticks(0..16));
    client.poll().await.expect(200, &ticks(16..20));
}

#[actix_web::test]
async fn a_second_poll_ends_the_session() {
    let (server, mut entries) = plain();
    let client = Poller::connected(&server).await;
    let first = client.start_poll().await;
    let second = client.start_poll().await;
    // They came to different workers: either can be the first.
    let (one, two) = (first.answer().await, second.answer().await);
    let mut both = [(one.status, one.text()), (two.status, two.text())];
    both.sort_unstable();
    assert_eq!(both, [(200, "1"), (400, "")]);
    entries.expect("transport error").await;
    assert_eq!(
        server.hub().stats().refused_packets,
        [("second_poll", 1)].into()
    );
    client
        .poll()
        .await
        .expect(400, r#"{"code":1,"message":"Session ID unknown"}"#);
}

#[actix_web::test]
async fn a_second_post_ends_the_session() {
    let (server, mut entries) = in_order();
    let client = Poller::connected(&server).await;
    let poll = client.start_poll().await;
    let first = client.start_post(20, "42[", "").await;
    // Which of two is the first is only sure once one has been refused.
    let refused = async { while client.post("42").await.status != 400 {} };
    within("one is refused", refused).await;
    poll.answer().await.expect(200, "1");
    entries.expect("transport error").await;
    assert_eq!(
        server.hub().stats().refused_packets,
        [("second_post", 1)].into()
    );
    // Its body will never be whole.
    assert_eq!(first.answer().await.status, 400);
}

#[actix_web::test]
async fn a_body_that_is_too_large_is_refused_and_the_session_goes_on() {
    let (server, _) = serve(|hub| hub.max_http_buffer_size(100));
    let client = Poller::connected(&server).await;
    let exact = format!(r#"421["echo","{}"]"#, "x".repeat(86));
    assert_eq!(exact.len(), 100);
    client.post(&exact).await.expect(200, "ok");
    client.post(&format!("{exact} ")).await.expect(413, "");
    let ack = format!(r#"431["{}"]"#, "x".repeat(86));
    client.poll().await.expect(200, &ack);
    client.post(r#"422["echo","y"]"#).await.expect(200, "ok");
    client.poll().await.expect(200, r#"432["y"]"#);
    let refused = server.hub().stats().refused_packets;
    assert_eq!(refused.get("payload_too_large"), Some(&1));
}

#[actix_web::test]
async fn a_client_that_breaks_a_request_off_ends_the_session() {
    let (told, mut refusals) = journal();
    let (server, mut entries) =
        serve(move |hub| hub.on_connection_error(move |error| told.write(error.message())));
    let client = Poller::connected(&server).await;
    drop(client.start_poll().await);
    entries.expect("transport error").await;

    let client = Poller::connected(&server).await;
    drop(client.start_post(20, "42[", "").await);
    entries.expect("transport error").await;

    let client = Poller::connected(&server).await;
    let octets = "Content-Type: application/octet-stream\r\n";
    let post = client.start_post(1, "3", octets).await;
    post.answer().await.expect(400, "");
    entries.expect("transport error").await;

    // None of them was a handshake.
    assert!(refusals.rest().is_empty());
    assert!(server.hub().stats().refused_handshakes.is_empty());
}

#[actix_web::test]
async fn a_packet_that_may_not_come_now_ends_the_session_though_nobody_can_be_told() {
    let (server, mut entries) = plain();
    let client = Poller::connected(&server).await;
    client.post("42/other,[\"echo\"]").await.expect(200, "ok");
    entries.expect("forced server close").await;
    client.poll().await.expect(200, "6\u{1e}1");
}

#[actix_web::test]
async fn each_way_of_ending_is_told_to_the_poll_that_waits() {
    for (packet, told, reason) in [
        ("1", "6", "transport close"),
        ("2", "1", "transport error"),
        ("abc", "1", "parse error"),
        ("4abc", "1", "forced close"),
        (
            r#"42["leave",{"close":true}]"#,
            "41",
            "server namespace disconnect",
        ),
    ] {
        let (server, mut entries) = in_order();
        let client = Poller::connected(&server).await;
        let poll = client.start_poll().await;
        let post = client.post(packet).await;
        post.expect(200, "ok");
        poll.answer().await.expect(200, told);
        entries.expect(reason).await;
        if told == "41" {
            client.poll().await.expect(200, "6\u{1e}1");
        }
        let after = client.poll().await;
        after.expect(400, r#"{"code":1,"message":"Session ID unknown"}"#);
        until("nothing is left", || server.hub().stats().connections == 0).await;
    }
}

#[actix_web::test]
async fn what_was_sent_before_a_close_is_fetched_first() {
    let (server, mut entries) = plain();
    let client = Poller::connected(&server).await;
    let packets = ["42[\"many\",2]", r#"42["leave",{"close":true}]"#];
    client.post(&packets.join("\u{1e}")).await.expect(200, "ok");
    entries.expect("server namespace disconnect").await;
    let sent = ["42[\"tick\",0]", "42[\"tick\",1]", "41"];
    client.poll().await.expect(200, &sent.join("\u{1e}"));
    client.poll().await.expect(200, "6\u{1e}1");
}

#[actix_web::test]
async fn a_close_that_nobody_fetches_ends_after_its_timeout() {
    let (server, mut entries) = serve(|hub| hub.close_timeout(Duration::from_millis(50)));
    let client = Poller::connected(&server).await;
    client
        .post(r#"42["leave",{"close":true}]"#)
        .await
        .expect(200, "ok");
    entries.expect("server namespace disconnect").await;
    until("it has ended", || server.hub().stats().connections == 0).await;
    assert_eq!(server.hub().stats().cut_closing, 1);
}

#[actix_web::test]
async fn a_silent_client_is_pinged_and_given_up() {
    let (server, mut entries) = serve(|hub| {
        hub.ping_interval(Duration::from_secs(1))
            .ping_timeout(Duration::from_secs(2))
    });
    let client = Poller::connected(&server).await;
    client.poll().await.expect(200, "2");
    client.post("3").await.expect(200, "ok");
    client.poll().await.expect(200, "2");
    let poll = client.start_poll().await;
    entries.expect("ping timeout").await;
    poll.answer().await.expect(200, "1");
}

#[actix_web::test]
async fn packets_before_a_bad_one_count() {
    let (server, mut entries) = in_order();
    let client = Poller::connected(&server).await;
    let poll = client.start_poll().await;
    let body = "421[\"echo\",\"x\"]\u{1e}\u{1e}422[\"echo\",\"y\"]";
    client.post(body).await.expect(200, "ok");
    entries.expect("parse error").await;
    let answer = poll.answer().await;
    assert!(["1", r#"431["x"]"#].contains(&answer.text()), "{answer:?}");
}

#[actix_web::test]
async fn packets_that_mean_nothing_are_ignored() {
    let (server, _) = plain();
    let client = Poller::connected(&server).await;
    client
        .post("3\u{1e}5\u{1e}6\u{1e}0{}")
        .await
        .expect(200, "ok");
    client.post(r#"421["echo","x"]"#).await.expect(200, "ok");
    client.poll().await.expect(200, r#"431["x"]"#);
}

#[actix_web::test]
async fn a_volatile_event_needs_a_poll_that_waits() {
    let (server, _) = plain();
    let client = Poller::connected(&server).await;
    client.post(r#"42["fickle"]"#).await.expect(200, "ok");
    until("it was dropped", || {
        server.hub().stats().dropped_volatile == 1
    })
    .await;
    client.post(r#"421["echo","x"]"#).await.expect(200, "ok");
    client.poll().await.expect(200, r#"431["x"]"#);
}

#[actix_web::test]
async fn long_answers_are_compressed_for_those_who_take_it() {
    use std::io::Read;

    let (server, _) = plain();
    let client = Poller::connected(&server).await;
    let text = "x".repeat(2000);
    let expected = format!(r#"431["{text}"]"#);
    for (accepts, encoding) in [
        ("gzip, deflate, br", Some("gzip")),
        ("deflate", Some("deflate")),
        ("br", None),
        ("identity", None),
    ] {
        client
            .post(&format!(r#"421["echo","{text}"]"#))
            .await
            .expect(200, "ok");
        let headers = format!("Accept-Encoding: {accepts}\r\n");
        let answer = get(&server, &client.query("polling"), &headers).await;
        let answer = answer.answer().await;
        assert_eq!(answer.header("content-encoding"), encoding, "{accepts}");
        let mut plain = String::new();
        let read = match encoding {
            Some("gzip") => flate2::read::GzDecoder::new(&*answer.body).read_to_string(&mut plain),
            Some(_) => flate2::read::ZlibDecoder::new(&*answer.body).read_to_string(&mut plain),
            None => (&*answer.body).read_to_string(&mut plain),
        };
        read.expect("a whole body");
        assert_eq!(plain, expected);
    }
    // From the threshold on, 1,024 bytes.
    for (length, encoding) in [(1023, None), (1024, Some("gzip"))] {
        let text = "x".repeat(length - r#"431[""]"#.len());
        let event = format!(r#"421["echo","{text}"]"#);
        client.post(&event).await.expect(200, "ok");
        let query = client.query("polling");
        let poll = get(&server, &query, "Accept-Encoding: gzip\r\n").await;
        let answer = poll.answer().await;
        assert_eq!(answer.header("content-encoding"), encoding, "{length}");
    }
}

#[actix_web::test]
async fn an_answer_with_an_event_that_is_not_to_be_compressed_is_not() {
    let (server, _) = serve(|hub| hub.http_compression(Some(1)));
    let client = Poller::connected(&server).await;
    let query = client.query("polling");
    let encoding = async || {
        let poll = get(&server, &query, "Accept-Encoding: gzip\r\n").await;
        let answer = poll.answer().await;
        answer.header("content-encoding").map(str::to_owned)
    };
    let everyone = server.hub().everyone();
    everyone.emit(&Tick(1)).expect("room for it");
    assert_eq!(encoding().await.as_deref(), Some("gzip"));
    everyone.emit(&Tick(2)).expect("room for it");
    let secret = server.hub().everyone().compress(false);
    secret.emit(&Tick(3)).expect("room for it");
    assert_eq!(encoding().await, None);
    everyone.emit(&Tick(4)).expect("room for it");
    assert_eq!(encoding().await.as_deref(), Some("gzip"));
}

#[actix_web::test]
async fn other_methods_and_wrong_parameters_leave_the_session_alone() {
    let (server, _) = plain();
    let client = Poller::connected(&server).await;
    for method in ["PUT", "DELETE", "HEAD", "OPTIONS"] {
        let request = format!(
            "{method} /socket.io/?{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            client.query("polling")
        );
        let answer = crate::common::polling::Pending::start(&server, &request).await;
        assert_eq!(answer.answer().await.status, 500, "{method}");
    }
    let bad = r#"{"code":3,"message":"Bad request"}"#;
    let sid = &client.sid;
    for query in [
        format!("EIO=3&transport=polling&sid={sid}"),
        format!("EIO=4&transport=websocket&sid={sid}"),
    ] {
        get(&server, &query, "")
            .await
            .answer()
            .await
            .expect(400, bad);
    }
    client.post(r#"421["echo","x"]"#).await.expect(200, "ok");
    client.poll().await.expect(200, r#"431["x"]"#);
}

#[actix_web::test]
async fn a_hub_without_polling_knows_no_such_transport() {
    let (server, _) = serve(|hub| hub.transports(roomcast::Transports::WebSocket));
    let answer = get(&server, "EIO=4&transport=polling", "").await;
    let unknown = r#"{"code":0,"message":"Transport unknown"}"#;
    answer.answer().await.expect(400, unknown);
}
