//! What a client has sent already when the server disconnects its socket.

use std::{sync::Arc, time::Duration};

use roomcast::{
    Excess, HubBuilder, NamespaceBuilder, Rate, RawEvent, Recovery, WebSocketMode,
    prelude::*,
    testing::{Frame, RawClient, TestServer},
};
use tokio::sync::Semaphore;

use super::suite::connected;
use crate::common::{
    both,
    journal::{Entries, Journal, journal},
    polling::Poller,
    within,
};
use crate::wire;

/// Writes down what it handles.
#[derive(EventHandlers)]
#[handles(Leave, LeaveLate, Crash, Quick)]
struct Guest;

#[derive(Deserialize, Event)]
#[event(ack = ())]
struct Leave;

/// Leaves when the gate is open.
#[derive(Deserialize, Event)]
struct LeaveLate;

#[derive(Deserialize, Event)]
struct Crash;

#[derive(Deserialize, Event)]
#[event(ack = u32)]
struct Quick(u32);

impl Session for Guest {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        let namespace = socket.namespace();
        let namespace = namespace.name();
        let journal = socket.state::<Journal>();
        journal.write(format!("{namespace} {reason}"));
    }
}

impl Handle<Leave> for Guest {
    async fn handle(&mut self, _: Leave, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.disconnect(false)?)
    }
}

impl Handle<LeaveLate> for Guest {
    async fn handle(&mut self, _: LeaveLate, socket: &Socket) -> Result<(), Rejection> {
        socket.state::<Journal>().write("waits");
        let gate = socket.state::<Arc<Semaphore>>();
        gate.acquire().await.expect("a gate").forget();
        Ok(socket.disconnect(false)?)
    }
}

impl Handle<Crash> for Guest {
    async fn handle(&mut self, _: Crash, _: &Socket) -> Result<(), Rejection> {
        panic!("as the client wishes")
    }
}

impl Handle<Quick> for Guest {
    async fn handle(&mut self, Quick(number): Quick, socket: &Socket) -> Result<u32, Rejection> {
        socket.state::<Journal>().write(format!("quick {number}"));
        Ok(number)
    }
}

struct Inn {
    server: TestServer,
    entries: Entries,
    gate: Arc<Semaphore>,
}

fn inn(mode: WebSocketMode, options: impl FnOnce(HubBuilder) -> HubBuilder) -> Inn {
    let gate = Arc::new(Semaphore::new(0));
    let (journal, entries) = journal();
    let hub = Hub::builder()
        .namespace::<Guest>("/other")
        .websocket_mode(mode)
        .state(Arc::clone(&gate))
        .state(journal);
    Inn {
        server: TestServer::start(options(hub).build().expect("a hub")),
        entries,
        gate,
    }
}

fn with_root(hub: HubBuilder) -> HubBuilder {
    hub.namespace::<Guest>("/")
}

/// A client in `/` and `/other`.
async fn twice_in(server: &TestServer) -> RawClient {
    let mut client = RawClient::open(server).await;
    for (connect, namespace) in [("40", ""), ("40/other", "/other,")] {
        client.send(connect).await;
        connected(&mut client, namespace).await;
    }
    client
}

/// Sends texts in one piece, so that they are there together.
async fn send_at_once(client: &mut RawClient, texts: &[&str]) {
    let frames: Vec<_> = texts.iter().map(|text| wire::text(text)).collect();
    client.send_bytes(&frames.concat()).await;
}

/// What comes next; a ping is answered.
async fn next_or_ping(client: &mut RawClient) -> String {
    match client.next().await {
        Frame::Text(text) => {
            if text == "2" {
                client.send("3").await;
            }
            text
        }
        other => panic!("{other:?}"),
    }
}

/// Its other namespace works.
async fn goes_on(client: &mut RawClient) {
    client.send(r#"42/other,1["quick",100]"#).await;
    client.expect_text("43/other,1[100]").await;
}

fn dropped(server: &TestServer) -> u64 {
    server.hub().stats().dropped_disconnected
}

both! {
    nothing_is_handled_behind_the_event_that_disconnects,
    nothing_of_what_was_queued_is_handled_either,
    an_event_middleware_can_disconnect,
    who_is_disconnected_and_goes_meanwhile_does_not_come_back,
    who_is_disconnected_keeps_its_other_namespaces,
    who_sends_far_too_much_keeps_its_other_namespaces,
    who_has_left_itself_has_nothing_under_way,
    who_has_answered_pings_since_has_nothing_under_way,
    who_has_connected_again_has_nothing_under_way,
    the_last_namespaces_that_were_left_are_remembered,
}

async fn nothing_is_handled_behind_the_event_that_disconnects(mode: WebSocketMode) {
    let mut inn = inn(mode, with_root);
    let mut client = twice_in(&inn.server).await;
    let sent = [r#"421["leave"]"#, r#"422["quick",1]"#, r#"42["quick",2]"#];
    send_at_once(&mut client, &sent).await;
    client.expect_text("431[]").await;
    client.expect_text("41").await;
    inn.entries.expect("/ server namespace disconnect").await;
    goes_on(&mut client).await;
    inn.entries.expect("quick 100").await;
    assert_eq!(dropped(&inn.server), 2);
}

async fn nothing_of_what_was_queued_is_handled_either(mode: WebSocketMode) {
    let mut inn = inn(mode, with_root);
    let mut client = twice_in(&inn.server).await;
    client.send(r#"42["leave_late"]"#).await;
    inn.entries.expect("waits").await;
    send_at_once(&mut client, &[r#"42["quick",1]"#, r#"42["quick",2]"#]).await;
    // What comes behind them has come, so they have.
    goes_on(&mut client).await;
    inn.entries.expect("quick 100").await;
    inn.gate.add_permits(1);
    client.expect_text("41").await;
    inn.entries.expect("/ server namespace disconnect").await;
    assert_eq!(dropped(&inn.server), 2);
}

async fn an_event_middleware_can_disconnect(mode: WebSocketMode) {
    let root = NamespaceBuilder::named::<Guest>("/").event_middleware(
        async |_: &RawEvent, socket: &Socket| {
            socket.disconnect(false)?;
            Err(Rejection::new("never"))
        },
    );
    let mut inn = inn(mode, |hub| hub.namespace_with(root));
    let mut client = twice_in(&inn.server).await;
    send_at_once(&mut client, &[r#"42["quick",1]"#, r#"42["quick",2]"#]).await;
    client.expect_text("41").await;
    inn.entries.expect("/ server namespace disconnect").await;
    assert_eq!(dropped(&inn.server), 1);
    assert_eq!(inn.server.hub().stats().rejected.len(), 1);
}

#[actix_web::test]
async fn nothing_is_handled_behind_it_in_a_post() {
    let mut inn = inn(WebSocketMode::Handoff, with_root);
    let poller = Poller::connected(&inn.server).await;
    let sent = "42[\"leave\"]\x1e42[\"quick\",1]\x1e42[\"quick\",2]";
    poller.post(sent).await.expect(200, "ok");
    poller.poll().await.expect(200, "41");
    inn.entries.expect("/ server namespace disconnect").await;
    assert_eq!(dropped(&inn.server), 2);
    assert_eq!(inn.entries.rest(), [""; 0]);
}

fn recovering(hub: HubBuilder) -> HubBuilder {
    with_root(hub).connection_state_recovery(Recovery::new())
}

async fn who_is_disconnected_and_goes_meanwhile_does_not_come_back(mode: WebSocketMode) {
    let close = wire::frame(wire::FIN | wire::CLOSE, &[]);
    for going in [wire::text("1"), wire::text("41"), wire::text("4?"), close] {
        let mut inn = inn(mode, recovering);
        let mut client = RawClient::open(&inn.server).await;
        client.send("40").await;
        connected(&mut client, "").await;
        let sent = [wire::text(r#"42["leave"]"#), going].concat();
        client.send_bytes(&sent).await;
        inn.entries.expect("/ server namespace disconnect").await;
        let stats = inn.server.hub().stats();
        assert_eq!(stats.recovery_saved, 0);
        assert_eq!(
            stats.disconnects,
            [("server namespace disconnect", 1)].into()
        );
    }
}

#[actix_web::test]
async fn who_is_disconnected_and_closes_in_one_post_does_not_come_back() {
    let mut inn = inn(WebSocketMode::Handoff, recovering);
    let poller = Poller::connected(&inn.server).await;
    let sent = "42[\"leave\"]\x1e1";
    poller.post(sent).await.expect(200, "ok");
    inn.entries.expect("/ server namespace disconnect").await;
    assert_eq!(inn.server.hub().stats().recovery_saved, 0);
}

async fn who_is_disconnected_keeps_its_other_namespaces(mode: WebSocketMode) {
    for (round, event) in (1..).zip([r#"42["crash"]"#, r#"42["leave"]"#]) {
        let mut inn = inn(mode, with_root);
        let mut client = twice_in(&inn.server).await;
        let binary = r#"451-["quick",{"_placeholder":true,"num":0}]"#;
        send_at_once(&mut client, &[event, r#"422["quick",1]"#, "430[]"]).await;
        client.expect_text("41").await;
        // The server cannot know when its client has read that.
        client.send(r#"42["quick",2]"#).await;
        client.send("431[]").await;
        client.send(binary).await;
        client.send_binary(vec![1]).await;
        goes_on(&mut client).await;
        let stats = inn.server.hub().stats();
        assert_eq!(stats.refused_packets, [].into(), "{round}");
        assert_eq!((stats.dropped_disconnected, stats.acks_ignored), (3, 2));
        let mut handled = inn.entries.rest();
        handled.retain(|entry| entry.starts_with("quick"));
        assert_eq!(handled, ["quick 100"]);
        // It may come back.
        client.send("40").await;
        connected(&mut client, "").await;
        client.send(r#"421["quick",3]"#).await;
        client.expect_text("431[3]").await;
        // And nobody but the server may end what the server has ended.
        client.send("41").await;
        client.send(r#"42["quick",4]"#).await;
        assert_eq!(client.closed().await, 1005);
    }
}

async fn who_sends_far_too_much_keeps_its_other_namespaces(mode: WebSocketMode) {
    let root = NamespaceBuilder::named::<Guest>("/")
        .event_rate(Rate::per_minute(2))
        .excess(Excess::Disconnect);
    let mut inn = inn(mode, |hub| hub.namespace_with(root));
    let mut client = twice_in(&inn.server).await;
    send_at_once(&mut client, &[r#"42["quick",1]"#; 10]).await;
    client.expect_text("41").await;
    goes_on(&mut client).await;
    for _ in 0..2 {
        inn.entries.expect("quick 1").await;
    }
    inn.entries.expect("/ server namespace disconnect").await;
    inn.entries.expect("quick 100").await;
    assert_eq!(dropped(&inn.server), 7);
}

async fn who_has_left_itself_has_nothing_under_way(mode: WebSocketMode) {
    let inn = inn(mode, with_root);
    let mut client = twice_in(&inn.server).await;
    // It had left before it could know.
    send_at_once(&mut client, &[r#"42["crash"]"#, r#"42["quick",1]"#, "41"]).await;
    client.expect_text("41").await;
    goes_on(&mut client).await;
    client.send(r#"42["quick",2]"#).await;
    assert_eq!(client.closed().await, 1005);
    let refused = inn.server.hub().stats().refused_packets;
    assert_eq!(refused, [("not_connected", 1)].into());
}

async fn who_has_answered_pings_since_has_nothing_under_way(mode: WebSocketMode) {
    let inn = inn(mode, |hub| {
        with_root(hub).ping_interval(Duration::from_millis(20))
    });
    let mut client = RawClient::open(&inn.server).await;
    client.send("40").await;
    while !next_or_ping(&mut client).await.starts_with("40{") {}
    client.send(r#"42["crash"]"#).await;
    while next_or_ping(&mut client).await != "41" {}
    for _ in 0..2 {
        assert_eq!(next_or_ping(&mut client).await, "2");
    }
    client.send(r#"42["quick",1]"#).await;
    let end = loop {
        match client.next().await {
            Frame::Text(text) if text == "2" => {}
            other => break other,
        }
    };
    assert_eq!(end, Frame::Close(1005));
    let refused = inn.server.hub().stats().refused_packets;
    assert_eq!(refused, [("not_connected", 1)].into());
}

/// Polls until a packet comes that begins so; pings are not answered.
async fn poll_until(poller: &Poller<'_>, start: &str) {
    let polling = async {
        loop {
            let answer = poller.poll().await;
            assert_eq!(answer.status, 200, "{answer:?}");
            if answer.text().split('\x1e').any(|it| it.starts_with(start)) {
                return;
            }
        }
    };
    within(start, polling).await;
}

#[actix_web::test]
async fn who_polls_has_something_under_way_until_its_second_pong() {
    let inn = inn(WebSocketMode::Handoff, |hub| {
        with_root(hub).ping_interval(Duration::from_millis(20))
    });
    let poller = Poller::open(&inn.server).await;
    // This ping is from before.
    poll_until(&poller, "2").await;
    poller.post("40").await.expect(200, "ok");
    poll_until(&poller, "40{").await;
    poller.post(r#"42["crash"]"#).await.expect(200, "ok");
    poll_until(&poller, "41").await;
    let refused = || inn.server.hub().stats().refused_packets;
    let sent = "3\x1e42[\"quick\",1]";
    poller.post(sent).await.expect(200, "ok");
    assert_eq!((dropped(&inn.server), refused()), (1, [].into()));
    poll_until(&poller, "2").await;
    poller.post(sent).await.expect(200, "ok");
    assert_eq!(refused(), [("not_connected", 1)].into());
}

async fn who_has_connected_again_has_nothing_under_way(mode: WebSocketMode) {
    let inn = inn(mode, |hub| with_root(hub).max_auth_bytes(10));
    let mut client = twice_in(&inn.server).await;
    client.send(r#"42["crash"]"#).await;
    client.expect_text("41").await;
    // Whether or not it is let in.
    client.send(r#"40{"token":"12345"}"#).await;
    let refused = r#"44{"message":"the auth is too large"}"#;
    client.expect_text(refused).await;
    client.send(r#"42["quick",1]"#).await;
    assert_eq!(client.closed().await, 1005);
    let refused = inn.server.hub().stats().refused_packets;
    assert_eq!(refused, [("not_connected", 1)].into());
}

async fn the_last_namespaces_that_were_left_are_remembered(mode: WebSocketMode) {
    let inn = inn(mode, |hub| hub.dynamic_namespace::<Guest>("/room-{number}"));
    let mut client = RawClient::open(&inn.server).await;
    for room in 0..17 {
        client.send(&format!("40/room-{room}")).await;
        connected(&mut client, &format!("/room-{room},")).await;
        client.send(&format!(r#"42/room-{room},["crash"]"#)).await;
        client.expect_text(&format!("41/room-{room},")).await;
    }
    for room in [1, 16, 0] {
        let event = format!(r#"42/room-{room},["quick",1]"#);
        client.send(&event).await;
    }
    assert_eq!(client.closed().await, 1005);
    let stats = inn.server.hub().stats();
    assert_eq!(stats.dropped_disconnected, 2);
    assert_eq!(stats.refused_packets, [("not_connected", 1)].into());
}
