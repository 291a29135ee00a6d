//! What a page asks for.

use roomcast::testing::{Disconnected, TestClient};
use serde_json::{Value, json};

use crate::page::{Page, guest, open, serve};

#[actix_web::test]
async fn sockets_join_and_leave_one_and_all() {
    let server = serve(open());
    let (one, two) = (guest(&server).await, guest(&server).await);
    let page = Page::ready(&server).await;
    page.0.emit_raw("join", &("/", "a", one.id())).await;
    page.expect([json!(["room_joined", "/", "a", one.id()])])
        .await;
    page.0.emit_raw("join", &("/", "all", Value::Null)).await;
    let mut joined = [page.next().await, page.next().await].map(|told| told[3].to_string());
    joined.sort_unstable();
    let mut expected = [&one, &two].map(|client| json!(client.id()).to_string());
    expected.sort_unstable();
    assert_eq!(joined, expected);
    page.0.emit_raw("join", &("/", "b", "a")).await;
    page.expect([json!(["room_joined", "/", "b", one.id()])])
        .await;
    page.0.emit_raw("leave", &("/", "all", two.id())).await;
    page.expect([json!(["room_left", "/", "all", two.id()])])
        .await;
    page.0.emit_raw("leave", &("/", "b", "")).await;
    page.expect([json!(["room_left", "/", "b", one.id()])])
        .await;
}

#[actix_web::test]
async fn it_emits_to_rooms_and_to_all() {
    let server = serve(open());
    let (one, two) = (guest(&server).await, guest(&server).await);
    one.emit_raw_with_ack("join", &["a"]).await;
    let page = Page::ready(&server).await;
    page.0
        .emit_raw("emit", &("/", "a", "hi", 1, json!({"b": [2]})))
        .await;
    page.0.emit_raw("emit", &("/", Value::Null, "all")).await;
    let told = one.next().await;
    assert_eq!((told.name(), &*told.json()), ("hi", r#"[1,{"b":[2]}]"#));
    for client in [&one, &two] {
        let told = client.next().await;
        assert_eq!((told.name(), &*told.json()), ("all", "[]"));
    }
    let binary = roomcast::Binary(vec![7].into());
    page.0
        .emit_raw("emit", &("/", two.id(), "file", binary))
        .await;
    assert_eq!(two.next().await.attachments(), [vec![7]]);
}

#[actix_web::test]
async fn it_disconnects_sockets_and_connections() {
    let server = serve(open());
    let (one, two) = (guest(&server).await, guest(&server).await);
    let page = Page::ready(&server).await;
    page.0
        .emit_raw("_disconnect", &("/", Value::Null, one.id()))
        .await;
    assert_eq!(one.expect_disconnect().await, Disconnected::ByServer);
    assert_eq!(server.hub().stats().connections, 3, "the connection stays");
    page.expect([
        json!([
            "socket_disconnected",
            "/",
            one.id(),
            "server namespace disconnect"
        ]),
        json!(["room_left", "/", one.id(), one.id()]),
    ])
    .await;
    page.0.emit_raw("_disconnect", &("/", true)).await;
    assert_eq!(two.expect_disconnect().await, Disconnected::ByServer);
    // A namespace that came by itself can be meant as well.
    let child = TestClient::builder(&server)
        .namespace("/dyn-1")
        .connect()
        .await
        .unwrap();
    page.0.emit_raw("_disconnect", &("/dyn-1", false)).await;
    assert_eq!(child.expect_disconnect().await, Disconnected::ByServer);
}

#[actix_web::test]
async fn a_page_that_may_only_look_does_nothing() {
    let server = serve(open().readonly(true));
    let guest = guest(&server).await;
    let page = Page::open(&server).await;
    let features = json!(["config", {"supportedFeatures": ["AGGREGATED_EVENTS", "ALL_EVENTS"]}]);
    assert_eq!(page.until("config").await, features);
    page.0.emit_raw("join", &("/", "a")).await;
    page.0.emit_raw("emit", &("/", Value::Null, "hi")).await;
    page.0.emit_raw("_disconnect", &("/", true)).await;
    // The session of the page has had them when it has had this.
    page.0.emit_raw("leave", &("/", "a")).await;
    crate::common::until("all were handled", || server.hub().stats().events >= 4).await;
    guest.sync().await;
    assert_eq!(guest.pending(), []);
    assert_eq!(
        server.hub().namespace("/").unwrap().rooms(),
        Vec::<String>::new()
    );
}

#[actix_web::test]
async fn what_makes_no_sense_is_not_done() {
    let server = serve(open());
    let guest = guest(&server).await;
    let page = Page::ready(&server).await;
    let nothing = [
        ("join", json!([])),
        ("join", json!(["/"])),
        ("join", json!([7, "a"])),
        ("join", json!(["/", {"a": 1}])),
        ("join", json!(["/", "a", 7])),
        ("join", json!(["/", "roomcast:user:ada"])),
        ("join", json!(["/unknown", "a"])),
        ("join", json!(["/dyn-7", "a"])),
        ("leave", json!([null, null])),
        ("_disconnect", json!(["/", "yes"])),
        (
            "_disconnect",
            json!(["/", true, {"_placeholder": true, "num": 5}]),
        ),
        ("emit", json!(["/", null])),
        ("emit", json!(["/", null, 7])),
        ("emit", json!(["/", null, "disconnect"])),
        ("emit", json!(["/", null, "connect_error", {}])),
        ("whatever", json!(["/", null])),
    ];
    for (command, args) in nothing {
        page.0.emit_raw(command, &args).await;
    }
    page.0.emit_raw("emit", &("/", Value::Null, "last")).await;
    assert_eq!(guest.next().await.name(), "last");
    let hub = server.hub();
    assert_eq!(hub.namespace("/").unwrap().rooms(), Vec::<String>::new());
    assert!(hub.namespace("/unknown").is_none());
    assert!(hub.namespace("/dyn-7").is_none());
    assert_eq!(hub.stats().dynamic_namespaces, 0);
}
