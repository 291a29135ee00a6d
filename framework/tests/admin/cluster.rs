//! Pages that look at several servers.

use roomcast::{
    adapter::InProcess,
    admin::Mode,
    testing::{TestClient, TestServer},
};
use serde_json::json;
use tokio::time::timeout;

use crate::common::until;
use crate::page::{Guest, Page, builder, guest, is_time, open};
use crate::waiting::{PATIENCE, asked};

fn node(cluster: &InProcess, name: &str) -> TestServer {
    let hub = builder(open()).adapter(cluster.clone()).server_id(name);
    TestServer::start(hub.build().unwrap())
}

#[actix_web::test]
async fn a_page_sees_the_sockets_and_events_of_all_servers() {
    let cluster = InProcess::new();
    let (a, b) = (node(&cluster, "a"), node(&cluster, "b"));
    let (here, there) = (guest(&a).await, guest(&b).await);
    there.emit_raw_with_ack("join", &["room"]).await;
    there.emit_raw_with_ack("set", &[json!({"n": 1})]).await;
    let page = Page::open(&a).await;
    let all = page.until("all_sockets").await;
    let of = |id: &str| {
        let mut sockets = all[1].as_array().unwrap().iter();
        sockets.find(|socket| socket["id"] == id).unwrap()
    };
    assert_eq!(of(here.id().as_str())["data"], json!({}));
    let socket = of(there.id().as_str());
    assert_eq!(socket["data"], json!({"n": 1}), "without `_admin`");
    assert_eq!(socket["rooms"], json!([there.id(), "room"]));
    assert_eq!(socket["transport"], "websocket");
    assert_eq!(socket["clientId"].as_str().unwrap().len(), 12);
    assert_eq!(socket["handshake"]["address"], "127.0.0.1");

    there.emit_raw_with_ack("join", &["tea"]).await;
    // What came before may be told late: a node that has just joined takes it that there are pages.
    let joins = json!(["join", "tea"]);
    page.until_such("event_received", |told| told[3] == joins)
        .await;
    page.expect([json!(["room_joined", "/", "tea", there.id()])])
        .await;
    a.hub().everyone().emit_raw("news", &()).unwrap();
    let mut receivers = [
        page.until("event_sent").await,
        page.until("event_sent").await,
    ]
    .map(|told| told[2].to_string());
    receivers.sort_unstable();
    let mut expected = [&here, &there].map(|client| json!(client.id()).to_string());
    expected.sort_unstable();
    assert_eq!(receivers, expected);

    page.0.emit_raw("join", &("/", "x", there.id())).await;
    let told = page.until("room_joined").await;
    assert_eq!((&told[2], &told[3]), (&json!("x"), &json!(there.id())));
    page.0
        .emit_raw("_disconnect", &("/", true, there.id()))
        .await;
    assert_eq!(there.next().await.name(), "news");
    there.expect_disconnect().await;
    let told = page.until("socket_disconnected").await;
    assert_eq!(told[2], json!(there.id()));
    assert!(is_time(&told[4]), "{told}");
}

#[actix_web::test]
async fn every_server_tells_every_page_how_it_is() {
    let cluster = InProcess::new();
    let (a, _b) = (node(&cluster, "a"), node(&cluster, "b"));
    let page = Page::open(&a).await;
    let mut heard = Vec::new();
    page.until_such("server_stats", |told| {
        heard.push(told[1]["serverId"].clone());
        ["a", "b"].iter().all(|name| heard.contains(&json!(name)))
    })
    .await;
}

#[actix_web::test]
async fn a_server_that_has_just_begun_tells_of_its_first_sockets() {
    let cluster = InProcess::new();
    let a = node(&cluster, "a");
    let page = Page::ready(&a).await;
    // It has heard nothing of the page.
    let b = node(&cluster, "b");
    let there = guest(&b).await;
    let told = page.until("socket_connected").await;
    assert_eq!(told[1]["id"], json!(there.id()));
}

#[actix_web::test]
async fn a_namespace_that_exists_on_another_server_only_can_be_meant() {
    let cluster = InProcess::new();
    let (a, b) = (node(&cluster, "a"), node(&cluster, "b"));
    let page = Page::ready(&a).await;
    let there = TestClient::builder(&b)
        .namespace("/dyn-1")
        .connect()
        .await
        .unwrap();
    page.until("socket_connected").await;
    page.0.emit_raw("emit", &("/dyn-1", there.id(), "hi")).await;
    assert_eq!(there.next().await.name(), "hi");
    let kept = || a.hub().stats().dynamic_namespaces;
    until("the server that meant it does not keep it", || kept() == 0).await;
}

#[actix_web::test]
async fn nothing_is_told_to_others_while_nobody_looks() {
    let cluster = InProcess::new();
    let (a, b) = (node(&cluster, "a"), node(&cluster, "b"));
    let published = || a.hub().stats().cluster_published;
    let guest = guest(&a).await;
    let page = Page::ready(&b).await;
    guest.emit_raw_with_ack("join", &["room"]).await;
    page.until("room_joined").await;
    drop(page);
    // Until the others have heard that it has gone.
    let quiet = asked(async || {
        let before = published();
        for _ in 0..20 {
            guest.emit_raw_with_ack("join", &["room"]).await;
        }
        // Figures are told all the time.
        published() - before < 20
    });
    timeout(2 * PATIENCE, quiet).await.unwrap();
}

#[actix_web::test]
async fn what_a_watched_node_adds_to_data_applications_do_not_see() {
    let cluster = InProcess::new();
    let (a, b) = (node(&cluster, "a"), node(&cluster, "b"));
    for data in [json!({"n": 1}), json!([1, 2]), json!("text"), json!({})] {
        let there = guest(&b).await;
        there
            .emit_raw_with_ack("set", std::slice::from_ref(&data))
            .await;
        let found = a.hub().everyone().fetch_sockets().await.unwrap();
        let read = found[0].data::<serde_json::Value>().unwrap();
        assert_eq!(read.unwrap_or(json!({})), data);
        there.disconnect().await;
        let gone = || b.hub().stats().sockets == 0;
        until("it has gone", gone).await;
    }
}

#[actix_web::test]
async fn a_server_that_is_not_watched_is_shown_as_far_as_it_tells() {
    let cluster = InProcess::new();
    let watched = node(&cluster, "a");
    let hub = roomcast::Hub::builder().namespace::<Guest>("/");
    let other = TestServer::start(hub.adapter(cluster.clone()).build().unwrap());
    let there = guest(&other).await;
    let page = Page::open(&watched).await;
    let all = page.until("all_sockets").await;
    let mut sockets = all[1].as_array().unwrap().iter();
    let socket = sockets
        .find(|socket| socket["id"] == there.id().as_str())
        .unwrap();
    assert_eq!(
        (&socket["clientId"], &socket["transport"]),
        (&json!(""), &json!(""))
    );
}

#[actix_web::test]
async fn in_production_nothing_but_figures_crosses() {
    let cluster = InProcess::new();
    let production = || {
        let hub = builder(open().mode(Mode::Production)).adapter(cluster.clone());
        TestServer::start(hub.build().unwrap())
    };
    let (a, b) = (production(), production());
    let page = Page::open(&a).await;
    let there = guest(&b).await;
    there.emit_raw_with_ack("join", &["room"]).await;
    assert_eq!(page.0.next().await.name(), "config");
    for _ in 0..4 {
        assert_eq!(page.0.next().await.name(), "server_stats");
    }
}
