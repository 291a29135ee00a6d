//! What a page is shown of sockets, rooms and events.

use roomcast::{
    Binary, PerMessageDeflate,
    testing::{TestClient, TestServer},
};
use serde_json::json;

use crate::{
    common::polling::Poller,
    page::{Page, builder, guest, is_time, open, serve},
    wire::{Message, Wire},
};

#[actix_web::test]
async fn a_socket_is_shown_with_its_rooms_in_the_order_in_which_they_came() {
    let server = serve(open());
    let page = Page::ready(&server).await;
    let auth = json!({"room": "lobby", "n": 1});
    let guest = TestClient::builder(&server)
        .auth(&auth)
        .header("x-forwarded-for", "1.2.3.4")
        .header("Cookie", "id=secret")
        .header("authorization", "Bearer secret")
        .header("proxy-authorization", "secret")
        .connect()
        .await
        .unwrap();
    let id = guest.id().to_string();
    page.expect([json!(["room_joined", "/", id, id])]).await;
    let told = page.next().await;
    let socket = &told[1];
    assert!(is_time(&told[2]), "{told}");
    assert_eq!(socket["id"], *id);
    assert_eq!(socket["nsp"], "/");
    assert_eq!(socket["transport"], "websocket");
    assert_eq!(socket["data"], auth);
    assert_eq!(socket["rooms"], json!([id]));
    assert_eq!(socket["clientId"].as_str().unwrap().len(), 12);
    let handshake = &socket["handshake"];
    assert_eq!(handshake["address"], "127.0.0.1", "no proxy is trusted");
    assert_eq!(handshake["headers"]["x-forwarded-for"], "1.2.3.4");
    assert_eq!(handshake["headers"]["cookie"], "…");
    assert!(!told.to_string().contains("secret"), "{told}");
    assert_eq!(handshake["query"]["EIO"], "4");
    assert_eq!(handshake.get("auth"), None);
    page.expect([
        json!(["room_joined", "/", "lobby", id]),
        json!(["event_sent", "/", id, ["welcome", "lobby"]]),
    ])
    .await;
    guest.emit_raw_with_ack("join", &["tea"]).await;
    guest.emit_raw_with_ack("leave", &["lobby"]).await;
    guest.emit_raw_with_ack("set", &[json!({"n": 2})]).await;
    page.expect([
        json!(["event_received", "/", id, ["join", "tea"]]),
        json!(["room_joined", "/", "tea", id]),
        json!(["event_received", "/", id, ["leave", "lobby"]]),
        json!(["room_left", "/", "lobby", id]),
        json!(["event_received", "/", id, ["set", {"n": 2}]]),
        json!(["socket_updated", {"id": id, "nsp": "/", "data": {"n": 2}}]),
    ])
    .await;
    guest.disconnect().await;
    page.expect([
        json!([
            "socket_disconnected",
            "/",
            id,
            "client namespace disconnect"
        ]),
        json!(["room_left", "/", id, id]),
        json!(["room_left", "/", "tea", id]),
    ])
    .await;
}

/// What a socket gets while it connects waits, and is shown when it goes out.
async fn calls_are_shown_one_by_one(server: TestServer) {
    let page = Page::ready(&server).await;
    let auth = json!({"room": "lobby", "calls": 2});
    let guest = TestClient::builder(&server).auth(&auth).connect().await;
    let guest = guest.unwrap();
    page.until("socket_connected").await;
    for shown in [
        json!(["welcome", "lobby"]),
        json!(["call", 0]),
        json!(["call", 1]),
    ] {
        let told = page.until("event_sent").await;
        assert_eq!((&told[2], &told[3]), (&json!(guest.id()), &shown), "{told}");
    }
}

#[actix_web::test]
async fn what_is_emitted_to_a_socket_that_connects_is_shown_one_by_one() {
    calls_are_shown_one_by_one(serve(open())).await;
}

#[actix_web::test]
async fn what_is_deflated_for_a_socket_that_connects_is_shown_as_it_was() {
    let hub = builder(open()).per_message_deflate(PerMessageDeflate::default());
    let server = TestServer::start(hub.build().unwrap());
    let page = Page::ready(&server).await;
    let offer = "Sec-WebSocket-Extensions: permessage-deflate";
    let (mut client, _) = Wire::upgrade_with(&server, offer).await;
    client.opened().await;
    let lengths = [1, 5000, 2];
    let auth = json!({"room": "lobby", "texts": lengths});
    client.text(&format!("40{auth}")).await;
    assert_eq!(
        page.until("event_sent").await[3],
        json!(["welcome", "lobby"])
    );
    for length in lengths {
        let told = page.until("event_sent").await;
        assert_eq!(told[3], json!(["text", "x".repeat(length)]));
    }
    let reply = client.next().await;
    assert!(matches!(&reply, Message::Text(text) if text.starts_with("40{")));
    client.expect(r#"42["welcome","lobby"]"#).await;
    client.expect(r#"42["text","x"]"#).await;
    let large = client.next().await;
    assert!(matches!(large, Message::Deflated(_)), "{large:?}");
    client.expect(r#"42["text","xx"]"#).await;
}

#[actix_web::test]
async fn who_is_refused_is_never_shown() {
    let server = serve(open());
    let page = Page::ready(&server).await;
    let refused = TestClient::builder(&server).auth(&json!({"refuse": true}));
    assert!(refused.connect().await.is_err());
    let guest = guest(&server).await;
    let id = guest.id().to_string();
    page.expect([json!(["room_joined", "/", id, id])]).await;
}

#[actix_web::test]
async fn a_page_that_comes_later_is_told_all_sockets() {
    let server = serve(open());
    let auth = json!({"room": "lobby"});
    let early = TestClient::builder(&server)
        .auth(&auth)
        .header("cookie", "id=secret")
        .connect()
        .await
        .unwrap();
    let child = TestClient::builder(&server)
        .namespace("/dyn-1")
        .connect()
        .await
        .unwrap();
    let polling = Poller::connected(&server).await;
    let page = Page::open(&server).await;
    let told = page.until("all_sockets").await;
    let sockets = told[1].as_array().unwrap();
    assert_eq!(sockets.len(), 4, "{told}");
    let of = |id: &str| sockets.iter().find(|socket| socket["id"] == id);
    let socket = of(early.id().as_str()).unwrap();
    assert_eq!(socket["rooms"], json!([early.id(), "lobby"]));
    assert_eq!(socket["handshake"]["headers"]["cookie"], "…");
    assert_eq!(socket["data"], auth);
    assert_eq!(of(child.id().as_str()).unwrap()["nsp"], "/dyn-1");
    assert_eq!(of(page.0.id().as_str()).unwrap()["nsp"], "/admin");
    let client = &polling.sid[..12];
    let socket = sockets.iter().find(|socket| socket["clientId"] == client);
    assert_eq!(socket.unwrap()["transport"], "polling");
}

#[actix_web::test]
async fn events_are_shown_with_their_attachments_once_for_each_receiver() {
    let server = serve(open());
    let (one, two) = (guest(&server).await, guest(&server).await);
    let page = Page::ready(&server).await;
    one.emit_raw("file", &("name", Binary(vec![1, 2].into())))
        .await;
    let told = page.0.next().await;
    let expected = json!([
        "/",
        one.id(),
        ["file", "name", {"_placeholder": true, "num": 0}],
    ]);
    let args: Vec<serde_json::Value> = serde_json::from_str(&told.json()).unwrap();
    assert_eq!(told.name(), "event_received");
    assert_eq!(json!(args[..3]), expected);
    assert_eq!(told.attachments(), [vec![1, 2]]);

    let hub = server.hub();
    hub.everyone().emit_raw("news", &[1]).unwrap();
    let mut receivers = Vec::new();
    for _ in 0..2 {
        let told = page.next().await;
        assert_eq!(
            (&told[0], &told[3]),
            (&json!("event_sent"), &json!(["news", 1]))
        );
        receivers.push(told[2].as_str().unwrap().to_owned());
    }
    receivers.sort_unstable();
    let mut expected = [one.id().to_string(), two.id().to_string()];
    expected.sort_unstable();
    assert_eq!(receivers, expected);

    hub.to(two.id()).emit_raw("alone", &()).unwrap();
    page.expect([json!(["event_sent", "/", two.id(), ["alone"]])])
        .await;
}

#[actix_web::test]
async fn an_upgrade_is_shown() {
    use roomcast::testing::RawClient;

    let server = serve(open());
    let page = Page::ready(&server).await;
    let client = Poller::connected(&server).await;
    let id = page.until("room_joined").await[2].clone();
    assert_eq!(page.next().await[1]["transport"], "polling");
    let mut socket = RawClient::connect(&server, &client.query("websocket")).await;
    socket.send("2probe").await;
    socket.expect_text("3probe").await;
    socket.send("5").await;
    page.expect([json!(["socket_updated", {"id": id, "nsp": "/", "transport": "websocket"}])])
        .await;
    socket.send("1").await;
    let told = page.next().await;
    assert_eq!(
        (&told[0], &told[3]),
        (&json!("socket_disconnected"), &json!("transport close"))
    );
}

#[actix_web::test]
async fn what_pages_are_told_is_not_told_again() {
    let server = serve(open());
    let first = Page::ready(&server).await;
    let second = Page::open(&server).await;
    let id = second.0.id().to_string();
    first
        .expect([json!(["room_joined", "/admin", id, id])])
        .await;
    assert_eq!(first.next().await[0], "socket_connected");
    second.0.emit_raw("join", &("/", "nobody")).await;
    drop(second);
    let told = first.next().await;
    assert_eq!(
        (&told[0], &told[2]),
        (&json!("socket_disconnected"), &json!(id))
    );
    first.expect([json!(["room_left", "/admin", id, id])]).await;
}
