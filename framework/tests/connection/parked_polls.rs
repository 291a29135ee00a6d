//! GETs that have waited for long and left the HTTP server.

use std::time::Duration;

use crate::common::{
    NEVER,
    journal::{Entries, Journal, journal},
    polling::{Pending, Poller, get},
    until,
};
use actix_web::{middleware, web};
use roomcast::{
    HubBuilder, WebSocketMode,
    prelude::*,
    testing::{RawClient, TestServer},
};

#[derive(EventHandlers)]
#[handles()]
struct Guest;

#[derive(Serialize, Event)]
struct News(String);

impl Session for Guest {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        socket.state::<Journal>().write(reason);
    }
}

fn hub(set: impl FnOnce(HubBuilder) -> HubBuilder) -> (Hub, Entries) {
    let (journal, entries) = journal();
    let hub = Hub::builder()
        .namespace::<Guest>("/")
        .state(journal)
        .ping_interval(NEVER)
        .park_polls_after(Duration::from_millis(1));
    (set(hub).build().expect("a hub"), entries)
}

fn serve(set: impl FnOnce(HubBuilder) -> HubBuilder) -> (TestServer, Entries) {
    let (hub, entries) = hub(set);
    // Most requests come to another worker than that of their session.
    let server = TestServer::builder(hub).workers(4).start();
    (server, entries)
}

/// A GET that is parked: its head has come.
async fn parked(client: &Poller<'_>) -> Pending {
    let mut poll = client.start_poll().await;
    let head = poll.head().await;
    assert!(
        head.starts_with("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n"),
        "{head}"
    );
    assert!(head.contains("\r\nconnection: close\r\n"), "{head}");
    assert!(
        head.contains("\r\ncontent-type: text/plain; charset=UTF-8\r\n"),
        "{head}"
    );
    poll
}

fn news(hub: &Hub, text: &str) {
    hub.emit(&News(text.to_owned())).expect("room for it");
}

#[actix_web::test]
async fn what_is_emitted_is_fetched_by_the_next_get() {
    let (server, _) = serve(|hub| hub);
    let client = Poller::connected(&server).await;
    for round in 0..3 {
        let poll = parked(&client).await;
        news(server.hub(), &format!("first {round}"));
        assert_eq!(poll.rest().await, "6");
        news(server.hub(), "second");
        let answer = client.poll().await;
        let both = format!("42[\"news\",\"first {round}\"]\u{1e}42[\"news\",\"second\"]");
        let first = both.split('\u{1e}').next();
        // The second may come later.
        if Some(answer.text()) == first {
            client.poll().await.expect(200, r#"42["news","second"]"#);
        } else {
            answer.expect(200, &both);
        }
    }
}

#[actix_web::test]
async fn a_volatile_event_waits_for_that_get_too() {
    let (server, _) = serve(|hub| hub);
    let client = Poller::connected(&server).await;
    let poll = parked(&client).await;
    let sent = server
        .hub()
        .everyone()
        .volatile()
        .emit(&News("now".to_owned()));
    sent.expect("room for it");
    assert_eq!(poll.rest().await, "6");
    client.poll().await.expect(200, r#"42["news","now"]"#);
}

#[actix_web::test]
async fn a_ping_is_the_answer_itself() {
    let (server, _) = serve(|hub| hub.ping_interval(Duration::from_secs(1)));
    let client = Poller::connected(&server).await;
    for _ in 0..2 {
        assert_eq!(parked(&client).await.rest().await, "2");
        client.post("3").await.expect(200, "ok");
    }
}

#[actix_web::test]
async fn a_client_that_goes_ends_its_session() {
    let (server, mut entries) = serve(|hub| hub);
    let client = Poller::connected(&server).await;
    drop(parked(&client).await);
    entries.expect("transport error").await;
    until("nothing is left", || server.hub().stats().connections == 0).await;
}

#[actix_web::test]
async fn a_session_that_ends_tells_the_client() {
    let (server, mut entries) = serve(|hub| hub);
    let client = Poller::connected(&server).await;
    let poll = parked(&client).await;
    client.post("abc").await.expect(200, "ok");
    assert_eq!(poll.rest().await, "1");
    entries.expect("parse error").await;

    let client = Poller::connected(&server).await;
    let poll = parked(&client).await;
    client.post("1").await.expect(200, "ok");
    assert_eq!(poll.rest().await, "6");
    entries.expect("transport close").await;
}

#[actix_web::test]
async fn a_second_get_is_refused() {
    let (server, mut entries) = serve(|hub| hub);
    let client = Poller::connected(&server).await;
    let poll = parked(&client).await;
    client.poll().await.expect(400, "");
    assert_eq!(poll.rest().await, "1");
    entries.expect("transport error").await;
}

#[actix_web::test]
async fn an_upgrade_lets_it_return() {
    let (server, _) = serve(|hub| hub);
    let client = Poller::connected(&server).await;
    let poll = parked(&client).await;
    let mut socket = RawClient::connect(&server, &client.query("websocket")).await;
    socket.send("2probe").await;
    socket.expect_text("3probe").await;
    assert_eq!(poll.rest().await, "6");
    socket.send("5").await;
    news(server.hub(), "x");
    socket.expect_text(r#"42["news","x"]"#).await;
}

#[actix_web::test]
async fn a_shutdown_is_told() {
    let (server, mut entries) = serve(|hub| hub);
    let client = Poller::connected(&server).await;
    let poll = parked(&client).await;
    server.hub().drain().await;
    assert_eq!(poll.rest().await, "1");
    entries.expect("server shutting down").await;
}

#[actix_web::test]
async fn bytes_behind_the_request_do_not_destroy_the_answer() {
    let (server, _) = serve(|hub| hub);
    let client = Poller::connected(&server).await;
    let mut poll = parked(&client).await;
    poll.write("GET /again HTTP/1.1\r\n\r\n").await;
    news(server.hub(), "x");
    assert_eq!(poll.rest().await, "6");
}

#[actix_web::test]
async fn nor_do_they_hide_that_the_client_goes() {
    let (server, mut entries) = serve(|hub| hub);
    let client = Poller::connected(&server).await;
    let mut poll = parked(&client).await;
    poll.write("\r\n").await;
    drop(poll);
    entries.expect("transport error").await;
}

#[actix_web::test]
async fn other_middleware_and_its_headers_still_apply() {
    let (hub, _entries) = hub(|hub| hub);
    let mounted = hub.clone();
    let server = TestServer::builder(hub)
        .configure(move |config| {
            let scope = web::scope("")
                .wrap(middleware::DefaultHeaders::new().add(("x-served-by", "us")))
                .wrap(middleware::Compress::default())
                .configure(mounted.mount());
            config.service(scope);
        })
        .start();
    let client = Poller::connected(&server).await;
    let query = client.query("polling");
    let mut poll = get(&server, &query, "Accept-Encoding: gzip\r\n").await;
    let head = poll.head().await;
    assert!(head.contains("\r\nx-served-by: us\r\n"), "{head}");
    news(server.hub(), "x");
    assert_eq!(poll.rest().await, "6");
}

#[actix_web::test]
async fn body_streams_are_not_parked() {
    let (server, _) = serve(|hub| hub.websocket_mode(WebSocketMode::BodyStream));
    let client = Poller::connected(&server).await;
    let poll = client.start_poll().await;
    news(server.hub(), "x");
    poll.answer().await.expect(200, r#"42["news","x"]"#);
}
