//! Which transports a hub offers, and what a client is told that asks for another.

use crate::common::{
    http::{POLLING, UPGRADE, WEBSOCKET, request},
    polling::Poller,
};
use roomcast::{HubBuilder, Transports, prelude::*, testing::TestServer};

#[derive(EventHandlers)]
#[handles(Echo)]
struct Guest;

#[derive(Deserialize, Event)]
#[event(ack = String)]
struct Echo(String);

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

fn serve(set: impl FnOnce(HubBuilder) -> HubBuilder) -> TestServer {
    let hub = set(Hub::builder().namespace::<Guest>("/"));
    TestServer::start(hub.build().expect("a hub"))
}

#[actix_web::test]
async fn the_open_packet_offers_what_the_hub_allows() {
    for (transports, allow_upgrades, upgrades) in [
        (Transports::All, true, r#""upgrades":["websocket"]"#),
        (Transports::All, false, r#""upgrades":[]"#),
        (Transports::Polling, true, r#""upgrades":[]"#),
    ] {
        let server = serve(|hub| hub.transports(transports).allow_upgrades(allow_upgrades));
        let client = Poller::open(&server).await;
        assert!(client.open.contains(upgrades), "{}", client.open);
    }
}

#[actix_web::test]
async fn a_transport_that_is_not_enabled_is_unknown() {
    let server = serve(|hub| hub.transports(Transports::Polling));
    let refused = request(&server, "GET", WEBSOCKET, UPGRADE).await;
    assert_eq!((refused.status, refused.text()), (400, "Transport unknown"));

    let server = serve(|hub| hub.transports(Transports::WebSocket));
    let refused = request(&server, "GET", POLLING, &[]).await;
    let body = r#"{"code":0,"message":"Transport unknown"}"#;
    assert_eq!((refused.status, refused.text()), (400, body));
    assert_eq!(
        request(&server, "GET", WEBSOCKET, UPGRADE).await.status,
        101
    );
}

#[actix_web::test]
async fn an_upgrade_that_is_not_allowed_leaves_the_session_polling() {
    let server = serve(|hub| hub.allow_upgrades(false));
    let client = Poller::connected(&server).await;
    let upgrade = format!("/socket.io/?{}", client.query("websocket"));
    let refused = request(&server, "GET", &upgrade, UPGRADE).await;
    assert_eq!((refused.status, refused.text()), (400, "Bad request"));
    client.post(r#"421["echo","x"]"#).await.expect(200, "ok");
    client.poll().await.expect(200, r#"431["x"]"#);
}

#[actix_web::test]
async fn clients_of_socket_io_2_are_told_that_they_are_too_old() {
    let server = serve(|hub| hub);
    for query in ["EIO=3&", ""] {
        let polling = format!("/socket.io/?{query}transport=polling");
        let refused = request(&server, "GET", &polling, &[]).await;
        let body = r#"{"code":5,"message":"Unsupported protocol version"}"#;
        assert_eq!((refused.status, refused.text()), (400, body));
        let websocket = format!("/socket.io/?{query}transport=websocket");
        let refused = request(&server, "GET", &websocket, UPGRADE).await;
        let body = "Unsupported protocol version";
        assert_eq!((refused.status, refused.text()), (400, body));
    }
}
