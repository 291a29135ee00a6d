//! Sockets that send more events than they may.

use crate::common::{
    clients::{connect, raw},
    until,
};
use roomcast::{
    Excess, HubBuilder, NamespaceBuilder, Rate,
    prelude::*,
    testing::{Frame, RawClient, TestClient, TestServer},
};

#[derive(Serialize, Deserialize, Event)]
#[event(ack = u32)]
struct Count;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = u32)]
struct Total;

/// Counts the events that reach it; `Total` tells how many.
#[derive(EventHandlers)]
#[handles(Count, Total)]
struct Counter(u32);

impl Session for Counter {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self(0))
    }

    async fn unhandled(
        &mut self,
        _: roomcast::RawEvent,
        _: &Socket,
    ) -> Result<Option<roomcast::RawReply>, Rejection> {
        self.0 += 1;
        Ok(None)
    }

    fn disconnecting(&mut self, _: &Socket, reason: DisconnectReason) {
        assert_ne!(reason, DisconnectReason::HandlerPanicked);
    }
}

impl Handle<Count> for Counter {
    async fn handle(&mut self, _: Count, _: &Socket) -> Result<u32, Rejection> {
        self.0 += 1;
        Ok(self.0)
    }
}

impl Handle<Total> for Counter {
    async fn handle(&mut self, _: Total, _: &Socket) -> Result<u32, Rejection> {
        Ok(self.0)
    }
}

fn start(limit: impl FnOnce(HubBuilder) -> HubBuilder) -> TestServer {
    let hub = limit(Hub::builder().namespace::<Counter>("/"));
    TestServer::start(hub.build().expect("a hub"))
}

fn limited(server: &TestServer, by: &str) -> u64 {
    let limited = server.hub().stats().rate_limited;
    limited.get(by).copied().unwrap_or_default()
}

/// What an ack says of an event that was refused, and how many milliseconds to wait.
fn refusal(frame: Frame, ack: &str) -> (String, u64) {
    let Frame::Text(text) = frame else {
        panic!("not a text");
    };
    let json = text.strip_prefix(ack).unwrap_or_else(|| panic!("{text}"));
    let args: serde_json::Value = serde_json::from_str(json).expect("JSON");
    let error = &args[0]["error"];
    assert_eq!(error["message"], "too many events");
    let limit = error["data"]["limit"].as_str().expect("a limit");
    let wait = error["data"]["retryAfter"].as_u64().expect("a time");
    (limit.to_owned(), wait)
}

#[actix_web::test]
async fn an_event_beyond_the_rate_is_refused_in_its_ack_and_the_socket_goes_on() {
    let server = start(|hub| hub.event_rate(Rate::per_minute(6).burst(3)));
    let mut flooding = raw(&server).await;
    for id in 1..=3 {
        flooding.send(&format!("42{id}[\"count\"]")).await;
        flooding.expect_text(&format!("43{id}[{id}]")).await;
    }
    flooding.send("424[\"count\"]").await;
    let (limit, wait) = refusal(flooding.next().await, "434");
    assert_eq!(limit, "event_rate");
    assert!((1..=10_001).contains(&wait), "{wait}");
    // Without an ack there is nobody to tell.
    flooding.send("42[\"count\"]").await;
    flooding.ping("still there").await;
    assert_eq!(flooding.next().await, Frame::Pong("still there".into()));
    assert_eq!(limited(&server, "event_rate"), 2);

    // Each socket has a bucket of its own.
    let other = connect(&server).await;
    assert_eq!(other.emit_with_ack(&Count).await, 1);
    assert_eq!(server.hub().stats().events, 4);
}

#[actix_web::test]
async fn events_beyond_the_rate_are_dropped_without_a_word() {
    let server = start(|hub| hub.event_rate(Rate::per_minute(2)).excess(Excess::Drop));
    let mut flooding = raw(&server).await;
    for id in 1..=1000 {
        flooding.send(&format!("42{id}[\"count\"]")).await;
    }
    flooding.expect_text("431[1]").await;
    flooding.expect_text("432[2]").await;
    flooding.ping("still there").await;
    assert_eq!(flooding.next().await, Frame::Pong("still there".into()));
    assert_eq!(limited(&server, "event_rate"), 998);
}

#[actix_web::test]
async fn who_sends_too_much_is_disconnected_and_nobody_else() {
    let server = start(|hub| {
        hub.event_rate(Rate::per_minute(2))
            .excess(Excess::Disconnect)
    });
    let flooding = connect(&server).await;
    let other = connect(&server).await;
    for _ in 0..3 {
        flooding.emit(&Count).await;
    }
    let reason = flooding.expect_disconnect().await;
    assert_eq!(reason.as_str(), "io server disconnect");
    assert_eq!(other.emit_with_ack(&Count).await, 1);
    until("one is left", || server.hub().stats().sockets == 1).await;
    let reasons = server.hub().stats().disconnects;
    assert_eq!(reasons.get("rate limited"), Some(&1));
}

#[actix_web::test]
async fn bytes_count_with_attachments_and_a_long_event_has_to_be_made_up_for() {
    let server = start(|hub| hub.byte_rate(Rate::per_minute(1000)));
    let mut client = raw(&server).await;
    // 4 bytes of a name, and what stands for the attachment.
    client
        .send("451-[\"file\",{\"_placeholder\":true,\"num\":0}]")
        .await;
    client.send_binary(vec![7; 2000]).await;
    client.send("421[\"total\"]").await;
    let (limit, wait) = refusal(client.next().await, "431");
    assert_eq!(limit, "byte_rate");
    // 1,036 bytes are to be made up for, at 1,000 a minute.
    assert!((55_000..65_000).contains(&wait), "{wait}");
    assert_eq!(limited(&server, "byte_rate"), 1);
}

#[actix_web::test]
async fn one_event_has_its_own_rate() {
    let chat = NamespaceBuilder::named::<Counter>("/chat")
        .event_rate_of::<Count>(Rate::per_minute(1))
        .excess(Excess::Drop);
    let hub = Hub::builder().namespace_with(chat);
    let hub = hub.namespace::<Counter>("/").build().expect("a hub");
    let server = TestServer::start(hub);
    let chat = TestClient::builder(&server).namespace("/chat");
    let chat = chat.connect().await.expect("a client");
    for _ in 0..3 {
        chat.emit(&Count).await;
    }
    assert_eq!(chat.emit_with_ack(&Total).await, 1);
    assert_eq!(limited(&server, "event_rate_of"), 2);
    // The other namespace says nothing of it.
    let other = connect(&server).await;
    for _ in 0..3 {
        other.emit(&Count).await;
    }
    assert_eq!(other.emit_with_ack(&Total).await, 3);
}

#[actix_web::test]
async fn the_bytes_of_one_event_have_their_own_rate() {
    let chat = NamespaceBuilder::named::<Counter>("/")
        .byte_rate_of::<Count>(Rate::per_minute(20))
        .excess(Excess::Refuse);
    let hub = Hub::builder().namespace_with(chat).build().expect("a hub");
    let server = TestServer::start(hub);
    let mut client = raw(&server).await;
    client.send("421[\"count\",\"01234567890123456789\"]").await;
    let answer = client.next().await;
    assert!(matches!(&answer, Frame::Text(text) if text.starts_with("431")));
    client.send("422[\"count\"]").await;
    assert_eq!(refusal(client.next().await, "432").0, "byte_rate_of");
    assert_eq!(limited(&server, "byte_rate_of"), 1);
    client.send("423[\"total\"]").await;
    let answer = client.next().await;
    assert!(matches!(&answer, Frame::Text(text) if text.starts_with("433[")));
    assert_eq!(server.hub().stats().rate_limited.len(), 1);
}

#[actix_web::test]
async fn who_leaves_and_comes_back_has_what_was_left_and_coming_back_is_an_event() {
    let server = start(|hub| hub.event_rate(Rate::per_minute(3)));
    let mut client = raw(&server).await;
    client.send("421[\"count\"]").await;
    client.expect_text("431[1]").await;
    client.send("41").await;
    client.send("40").await;
    let reply = client.next().await;
    assert!(
        matches!(&reply, Frame::Text(text) if text.starts_with("40{")),
        "{reply:?}"
    );
    client.send("422[\"count\"]").await;
    client.expect_text("432[1]").await;
    client.send("423[\"count\"]").await;
    assert_eq!(refusal(client.next().await, "433").0, "event_rate");
    client.send("41").await;
    client.send("40").await;
    let Frame::Text(refused) = client.next().await else {
        panic!("not a text");
    };
    let told = "44{\"message\":\"too many events\",\"data\":{\"limit\":\"event_rate\",";
    assert!(refused.starts_with(told), "{refused}");
    assert_eq!(limited(&server, "event_rate"), 2);
    let refused = server.hub().stats().refused_connects;
    assert_eq!(refused, [("event_rate", 1)].into());
    // Another connection has buckets of its own.
    let other = connect(&server).await;
    assert_eq!(other.emit_with_ack(&Count).await, 1);
}

#[actix_web::test]
async fn another_name_of_the_same_pattern_refills_nothing() {
    let rooms = NamespaceBuilder::matching::<Counter>("/room-{id}")
        .event_rate(Rate::per_minute(2))
        .excess(Excess::Refuse);
    let hub = Hub::builder().namespace_with(rooms).build().expect("a hub");
    let server = TestServer::start(hub);
    let mut client = RawClient::open(&server).await;
    client.send("40/room-1,").await;
    client.next().await;
    for id in 1..=2 {
        client.send(&format!("42/room-1,{id}[\"count\"]")).await;
        client.expect_text(&format!("43/room-1,{id}[{id}]")).await;
    }
    client.send("41/room-1,").await;
    client.send("40/room-2,").await;
    client.next().await;
    client.send("42/room-2,3[\"count\"]").await;
    let (limit, _) = refusal(client.next().await, "43/room-2,3");
    assert_eq!(limit, "event_rate");
}

#[actix_web::test]
async fn dynamic_namespaces_have_the_rates_of_their_pattern() {
    let rooms = NamespaceBuilder::matching::<Counter>("/room-{id}")
        .event_rate(Rate::per_minute(2))
        .excess(Excess::Disconnect);
    let hub = Hub::builder().namespace_with(rooms).build().expect("a hub");
    let server = TestServer::start(hub);
    let client = TestClient::builder(&server).namespace("/room-7");
    let client = client.connect().await.expect("a client");
    for _ in 0..3 {
        client.emit(&Count).await;
    }
    client.expect_disconnect().await;
}

#[test]
fn a_rate_at_which_nothing_passes_is_refused_by_the_name_of_its_option() {
    let never = Rate::per_second(0);
    let no_burst = Rate::per_second(1).burst(0);
    let build = |hub: HubBuilder| {
        let hub = hub.namespace::<Counter>("/").build();
        hub.expect_err("it cannot work").to_string()
    };
    let builder = Hub::builder;
    for (option, error) in [
        ("handshake_rate", build(builder().handshake_rate(never))),
        (
            "handshake_rate_per_address",
            build(builder().handshake_rate_per_address(no_burst)),
        ),
        ("event_rate", build(builder().event_rate(never))),
        ("byte_rate", build(builder().byte_rate(no_burst))),
        ("event_rate_of", {
            let namespace = NamespaceBuilder::named::<Counter>("/x");
            build(builder().namespace_with(namespace.event_rate_of::<Count>(never)))
        }),
        ("byte_rate_of", {
            let namespace = NamespaceBuilder::named::<Counter>("/x");
            build(builder().namespace_with(namespace.byte_rate_of::<Count>(no_burst)))
        }),
    ] {
        let told = error.starts_with(&format!("`{option}` must not be zero"));
        assert!(told, "{error}");
    }
}
