//! How a session is opened, and every way in which it is refused (Engine.IO v4, sections 1 to 4).

use crate::common::{
    both,
    http::{Answer, POLLING, UPGRADE, WEBSOCKET, request},
    hub,
    listener::Listener,
    serve, until,
};
use actix_cors::Cors;
use actix_web::{
    middleware::{Compress, Logger},
    web,
};
use roomcast::{
    WebSocketMode,
    prelude::*,
    testing::{Frame, RawClient, TestClient, TestServer},
};

/// Opens a session and returns the members of its open packet.
async fn open_packet(client: &mut RawClient) -> serde_json::Value {
    let Frame::Text(text) = client.next().await else {
        panic!("not a text");
    };
    let json = text.strip_prefix('0').expect("an open packet");
    serde_json::from_str(json).expect("JSON")
}

async fn engine_id(client: &mut RawClient) -> String {
    let packet = open_packet(client).await;
    packet["sid"].as_str().expect("a sid").to_owned()
}

#[track_caller]
fn assert_json(answer: &Answer, body: &str) {
    assert_eq!(answer.text(), body);
    assert_eq!(answer.status, 400, "{body}");
    assert_eq!(
        answer.header("content-type"),
        Some("application/json"),
        "{body}"
    );
}

#[actix_web::test]
async fn a_plain_request_is_refused_with_code_and_message_as_json() {
    let server = serve::<Listener>(WebSocketMode::Handoff);
    for (method, query, body) in [
        (
            "GET",
            "EIO=4",
            r#"{"code":0,"message":"Transport unknown"}"#,
        ),
        (
            "GET",
            "EIO=4&transport=abc",
            r#"{"code":0,"message":"Transport unknown"}"#,
        ),
        (
            "GET",
            "EIO=4&transport=webtransport",
            r#"{"code":0,"message":"Transport unknown"}"#,
        ),
        (
            "GET",
            "EIO=4&transport=websocket&transport=",
            r#"{"code":0,"message":"Transport unknown"}"#,
        ),
        (
            "GET",
            "EIO=4&transport=websocket&sid=unknown",
            r#"{"code":1,"message":"Session ID unknown"}"#,
        ),
        (
            "POST",
            "EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAAAAAAA",
            r#"{"code":1,"message":"Session ID unknown"}"#,
        ),
        (
            "POST",
            "EIO=4&transport=websocket",
            r#"{"code":2,"message":"Bad handshake method"}"#,
        ),
        (
            "PUT",
            "EIO=4&transport=websocket",
            r#"{"code":2,"message":"Bad handshake method"}"#,
        ),
        (
            "GET",
            "EIO=4&transport=websocket",
            r#"{"code":3,"message":"Bad request"}"#,
        ),
        (
            "GET",
            "EIO=4&transport=websocket&sid=",
            r#"{"code":3,"message":"Bad request"}"#,
        ),
    ] {
        let answer = request(&server, method, &format!("/socket.io/?{query}"), &[]).await;
        assert_json(&answer, body);
    }
    let refused = server.hub().stats().refused_handshakes;
    let counted = |reason| refused.get(reason).copied();
    assert_eq!(counted("transport_unknown"), Some(4));
    assert_eq!(counted("session_id_unknown"), Some(2));
    assert_eq!(counted("bad_handshake_method"), Some(2));
    assert_eq!(counted("bad_request"), Some(2));
    assert_eq!(server.hub().stats().connections, 0);
}

#[actix_web::test]
async fn an_upgrade_is_refused_with_400_and_the_bare_message_and_the_connection_ends() {
    let server = serve::<Listener>(WebSocketMode::Handoff);
    for (method, query, message) in [
        ("GET", "EIO=4", "Transport unknown"),
        ("GET", "EIO=4&transport=abc", "Transport unknown"),
        ("GET", "EIO=4&transport=polling", "Transport unknown"),
        (
            "GET",
            "EIO=4&transport=websocket&sid=unknown",
            "Session ID unknown",
        ),
        ("POST", "EIO=4&transport=websocket", "Bad handshake method"),
        ("GET", "transport=websocket", "Unsupported protocol version"),
        (
            "GET",
            "EIO=3&transport=websocket",
            "Unsupported protocol version",
        ),
        (
            "GET",
            "EIO=5&transport=websocket",
            "Unsupported protocol version",
        ),
        (
            "GET",
            "EIO=abc&transport=websocket",
            "Unsupported protocol version",
        ),
        (
            "GET",
            "EIO=4&transport=websocket&EIO=3",
            "Unsupported protocol version",
        ),
    ] {
        let answer = request(&server, method, &format!("/socket.io/?{query}"), UPGRADE).await;
        assert_eq!(answer.text(), message, "{query}");
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.header("connection"), Some("close"), "{query}");
        assert_eq!(answer.header("content-type"), Some("text/html"), "{query}");
        assert!(answer.closed, "{query}");
    }
    let refused = server.hub().stats().refused_handshakes;
    assert_eq!(refused.get("unsupported_protocol_version"), Some(&5));
}

both! {
    a_session_that_began_on_websocket_takes_no_second_connection,
    the_open_packet_has_its_keys_in_order_and_the_values_of_the_hub,
    the_defaults_are_those_of_socket_io,
    engine_and_socket_ids_are_twenty_characters_and_all_differ,
    of_a_repeated_parameter_the_last_counts_and_an_empty_sid_is_a_handshake,
    a_hub_that_was_shut_down_answers_503,
    the_hub_works_in_a_scope_behind_middleware_that_wraps_bodies,
    a_server_without_on_connect_works_as_well,
}

async fn a_session_that_began_on_websocket_takes_no_second_connection(mode: WebSocketMode) {
    let server = serve::<Listener>(mode);
    let mut client = RawClient::connect(&server, "EIO=4&transport=websocket").await;
    let sid = engine_id(&mut client).await;
    let target = format!("{WEBSOCKET}&sid={sid}");
    let answer = request(&server, "GET", &target, &[]).await;
    assert_json(&answer, r#"{"code":3,"message":"Bad request"}"#);
    assert_eq!(
        request(&server, "GET", &target, UPGRADE).await.text(),
        "Bad request"
    );

    client.send("40").await;
    let Frame::Text(reply) = client.next().await else {
        panic!("the session has suffered")
    };
    assert!(reply.starts_with("40{"), "{reply}");
    drop(client);
    until("the session ends", || server.hub().stats().connections == 0).await;
    let answer = request(&server, "GET", &target, &[]).await;
    assert_json(&answer, r#"{"code":1,"message":"Session ID unknown"}"#);
}

async fn the_open_packet_has_its_keys_in_order_and_the_values_of_the_hub(mode: WebSocketMode) {
    let hub = Hub::builder()
        .namespace::<Listener>("/")
        .websocket_mode(mode)
        .ping_interval(std::time::Duration::from_millis(12_345))
        .ping_timeout(std::time::Duration::from_millis(6_789))
        .max_http_buffer_size(4_321);
    let server = TestServer::start(hub.build().expect("a hub"));
    let mut client = RawClient::connect(&server, "EIO=4&transport=websocket").await;
    let Frame::Text(text) = client.next().await else {
        panic!("not a text")
    };
    let sid: &str = text.split('"').nth(3).expect("a sid");
    assert_eq!(
        text,
        format!(
            r#"0{{"sid":"{sid}","upgrades":[],"pingInterval":12345,"pingTimeout":6789,"maxPayload":4321}}"#
        )
    );
}

async fn the_defaults_are_those_of_socket_io(mode: WebSocketMode) {
    let server = serve::<Listener>(mode);
    let mut client = RawClient::connect(&server, "EIO=4&transport=websocket").await;
    let packet = open_packet(&mut client).await;
    assert_eq!(packet["pingInterval"], 25_000);
    assert_eq!(packet["pingTimeout"], 20_000);
    assert_eq!(packet["maxPayload"], 1_000_000);
}

async fn engine_and_socket_ids_are_twenty_characters_and_all_differ(mode: WebSocketMode) {
    let server = serve::<Listener>(mode);
    let mut seen = std::collections::HashSet::new();
    for _ in 0..5 {
        let mut client = RawClient::connect(&server, "EIO=4&transport=websocket").await;
        let engine = engine_id(&mut client).await;
        client.send("40").await;
        let Frame::Text(reply) = client.next().await else {
            panic!("not a text")
        };
        let socket = reply.split('"').nth(3).expect("a sid").to_owned();
        assert_eq!(
            reply,
            format!(r#"40{{"sid":"{socket}"}}"#),
            "no pid without recovery"
        );
        for id in [engine, socket] {
            assert_eq!(id.len(), 20, "{id}");
            let url_safe = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            assert!(id.bytes().all(url_safe), "{id}");
            assert!(seen.insert(id), "an id came twice");
        }
    }
}

async fn of_a_repeated_parameter_the_last_counts_and_an_empty_sid_is_a_handshake(
    mode: WebSocketMode,
) {
    let server = serve::<Listener>(mode);
    let query = "EIO=3&transport=polling&sid=x&EIO=4&transport=websocket&sid=&t=1";
    let mut client = RawClient::connect(&server, query).await;
    assert_eq!(
        open_packet(&mut client).await["upgrades"],
        serde_json::json!([])
    );
}

async fn a_hub_that_was_shut_down_answers_503(mode: WebSocketMode) {
    let server = serve::<Listener>(mode);
    let client = TestClient::connect(&server).await.expect("a client");
    server.hub().drain().await;
    assert_eq!(client.expect_disconnect().await.as_str(), "transport close");
    let answer = request(&server, "GET", WEBSOCKET, UPGRADE).await;
    assert_eq!((answer.status, answer.closed), (503, true));
    let refused = TestClient::connect(&server).await.expect_err("shut down");
    assert_eq!(refused.message, "Server draining");
    assert_eq!(
        server.hub().stats().refused_handshakes.get("draining"),
        Some(&2)
    );
}

async fn the_hub_works_in_a_scope_behind_middleware_that_wraps_bodies(mode: WebSocketMode) {
    let hub = hub::<Listener>(mode);
    let mount = hub.mount();
    let server = TestServer::builder(hub)
        .configure(move |config| {
            let app = web::scope("/app")
                .wrap(Logger::default())
                .wrap(Compress::default())
                .wrap(Cors::permissive())
                .configure(mount.clone());
            config.service(app);
        })
        .start();
    let client = TestClient::builder(&server)
        .path("/app/socket.io")
        .connect()
        .await;
    let client = client.expect("a client");
    server
        .hub()
        .everyone()
        .emit_raw("hello", &["you"])
        .expect("emitted");
    assert_eq!(client.next().await.json(), r#"["you"]"#);
    assert!(
        TestClient::connect(&server).await.is_err(),
        "only below the scope"
    );
}

async fn a_server_without_on_connect_works_as_well(mode: WebSocketMode) {
    let server = TestServer::builder(hub::<Listener>(mode))
        .without_handoff()
        .start();
    let client = TestClient::connect(&server).await.expect("a client");
    server
        .hub()
        .everyone()
        .emit_raw("hello", &[1])
        .expect("emitted");
    assert_eq!(client.next().await.name(), "hello");
    client.disconnect().await;
    server.stop().await;
}

#[actix_web::test]
async fn only_what_is_below_the_path_is_captured() {
    let server = serve::<Listener>(WebSocketMode::Handoff);
    for path in [
        "/socket.iox/",
        "/socket.iox",
        "/socket.io",
        "/socketxio/",
        "/",
        "/x/socket.io/",
    ] {
        let target = format!("{path}?EIO=4&transport=websocket");
        let answer = request(&server, "GET", &target, UPGRADE).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    let below = "/socket.io/anything/below?EIO=4&transport=websocket";
    assert_eq!(request(&server, "GET", below, UPGRADE).await.status, 101);
}

#[actix_web::test]
async fn the_slash_behind_the_path_may_be_left_out_where_the_hub_says_so() {
    let hub = Hub::builder()
        .namespace::<Listener>("/")
        .add_trailing_slash(false)
        .build();
    let server = TestServer::start(hub.expect("a hub"));
    for (path, status) in [
        ("/socket.io", 101),
        ("/socket.io/", 101),
        ("/socket.iox", 404),
    ] {
        let target = format!("{path}?EIO=4&transport=websocket");
        let answer = request(&server, "GET", &target, UPGRADE).await;
        assert_eq!(answer.status, status, "{path}");
    }
}

#[actix_web::test]
async fn a_path_of_its_own_is_used_in_place_of_the_default() {
    let hub = Hub::builder()
        .namespace::<Listener>("/")
        .path("/real-time/")
        .build();
    let server = TestServer::start(hub.expect("a hub"));
    let at = |path| format!("{path}?EIO=4&transport=websocket");
    assert_eq!(
        request(&server, "GET", &at("/real-time/"), UPGRADE)
            .await
            .status,
        101
    );
    assert_eq!(
        request(&server, "GET", &at("/socket.io/"), UPGRADE)
            .await
            .status,
        404
    );
}

#[actix_web::test]
async fn an_upgrade_that_is_not_websocket_as_the_rfc_has_it_gets_400() {
    let server = serve::<Listener>(WebSocketMode::Handoff);
    let without = |name: &str| -> Vec<_> {
        UPGRADE
            .iter()
            .copied()
            .filter(|(header, _)| *header != name)
            .collect()
    };
    let with = |name, value| {
        let mut headers = without(name);
        headers.push((name, value));
        headers
    };
    for headers in [
        without("Sec-WebSocket-Key"),
        with("Sec-WebSocket-Key", "short"),
        without("Sec-WebSocket-Version"),
        with("Sec-WebSocket-Version", "7"),
    ] {
        assert_eq!(
            request(&server, "GET", WEBSOCKET, &headers).await.status,
            400,
            "{headers:?}"
        );
    }
    let version_8 = with("Sec-WebSocket-Version", "8");
    assert_eq!(
        request(&server, "GET", WEBSOCKET, &version_8).await.status,
        101
    );
}

#[actix_web::test]
async fn any_line_of_the_header_makes_an_upgrade() {
    let server = serve::<Listener>(WebSocketMode::Handoff);
    let headers = [&[("Upgrade", "h2c")], UPGRADE].concat();
    let answer = request(&server, "GET", POLLING, &headers).await;
    assert_eq!(
        (answer.status, answer.text(), answer.closed),
        (400, "Transport unknown", true),
        "what follows is no HTTP any more"
    );
}

#[actix_web::test]
async fn sessions_see_the_request_that_opened_their_connection() {
    #[derive(EventHandlers)]
    #[handles()]
    struct Curious;

    impl Session for Curious {
        type Auth = ();

        async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
            let handshake = socket.handshake();
            let url = handshake.url();
            let token = handshake.header("x-token");
            let local = handshake
                .address()
                .is_some_and(|address| address.ip().is_loopback());
            socket.emit_raw("seen", &(url, token, local, handshake.is_secure()))?;
            Ok(Self)
        }
    }

    let server = serve::<Curious>(WebSocketMode::Handoff);
    let client = TestClient::builder(&server)
        .query("user=7")
        .header("X-Token", "abc")
        .connect();
    assert_eq!(
        client.await.expect("a client").next().await.json(),
        r#"["/socket.io/?EIO=4&transport=websocket&user=7","abc",true,false]"#
    );
}
