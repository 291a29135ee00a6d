//! How a server is.

use roomcast::admin::Mode;
use serde_json::{Value, json};

use crate::{
    common::polling::Poller,
    page::{Page, builder, guest, open, serve},
};

#[actix_web::test]
async fn in_production_only_figures_are_told() {
    let server = serve(open().mode(Mode::Production));
    let page = Page::open(&server).await;
    let features = json!([
        "EMIT",
        "JOIN",
        "LEAVE",
        "DISCONNECT",
        "MJOIN",
        "MLEAVE",
        "MDISCONNECT",
        "AGGREGATED_EVENTS",
    ]);
    let told = page.0.next().await;
    assert_eq!(told.name(), "config");
    assert_eq!(
        told.json(),
        json!([{"supportedFeatures": features}]).to_string()
    );
    let guest = guest(&server).await;
    guest.emit_raw_with_ack("join", &["a"]).await;
    guest.disconnect().await;
    for _ in 0..3 {
        assert_eq!(page.0.next().await.name(), "server_stats");
    }
}

#[actix_web::test]
async fn a_server_tells_its_sockets_and_what_it_has_counted() {
    let hub = builder(open().mode(Mode::Production)).server_id("node-7");
    let server = roomcast::testing::TestServer::start(hub.build().unwrap());
    let page = Page::open(&server).await;
    let first = page.until("server_stats").await;
    assert_eq!(first[1]["serverId"], "node-7");
    assert_eq!(first[1]["pid"], std::process::id());
    assert_ne!(first[1]["hostname"], "");
    assert!(first[1]["uptime"].as_f64().unwrap() >= 0.0);
    // By the next regular ones all is counted that its own connection took.
    let begun = first[1]["uptime"].as_f64().unwrap();
    page.stats(&mut Vec::new(), |stats, _| {
        stats["uptime"].as_f64() > Some(begun + 1.0)
    })
    .await;

    let guest = guest(&server).await;
    let polling = Poller::connected(&server).await;
    let mut counted = Vec::new();
    let all = json!([{"name": "/", "socketsCount": 2}, {"name": "/admin", "socketsCount": 1}]);
    let told = page.stats(&mut counted, |stats, _| stats["namespaces"] == all);
    let told = told.await;
    assert_eq!(told["clientsCount"], 3);
    assert_eq!(told["pollingClientsCount"], 1);
    drop(polling);
    guest.disconnect().await;
    let is_end = |it: &Value| it["subType"] == "transport close";
    page.stats(&mut counted, |_, counted| counted.iter().any(is_end))
        .await;
    let of = |kind: &str| {
        let of = counted.iter().filter(|it| it["type"] == kind);
        of.map(|it| it["count"].as_u64().unwrap()).sum::<u64>()
    };
    // `0` twice, and `1` of the guest that leaves; its close frame is no packet.
    assert_eq!(of("rawConnection"), 2);
    assert_eq!((of("packetsIn"), of("bytesIn")), (3, 3), "{counted:?}");
    // The answers to `0`, and the first figures.
    assert!(of("packetsOut") >= 3, "{counted:?}");
    assert!(of("bytesOut") > of("packetsOut"));
    assert!(
        counted
            .iter()
            .all(|it| it["timestamp"].as_u64().unwrap() % 1000 == 0)
    );
}

#[actix_web::test]
async fn the_namespace_is_named_as_told() {
    let server = serve(open().namespace("custom"));
    let page = roomcast::testing::TestClient::builder(&server).namespace("/custom");
    let page = Page(page.connect().await.unwrap());
    let stats = page.until("server_stats").await;
    assert_eq!(
        stats[1]["namespaces"],
        json!([
            {"name": "/", "socketsCount": 0},
            {"name": "/custom", "socketsCount": 1},
        ])
    );
}

#[actix_web::test]
async fn of_many_dynamic_namespaces_only_some_are_told() {
    let server = serve(open().mode(Mode::Production));
    let mut clients = Vec::new();
    for client in 0..60 {
        let mut raw = roomcast::testing::RawClient::open(&server).await;
        for n in 0..10 {
            raw.send(&format!("40/dyn-{client}-{n},")).await;
        }
        clients.push(raw);
    }
    let all = || server.hub().stats().dynamic_namespaces == 600;
    crate::common::until("all are there", all).await;
    let page = Page::open(&server).await;
    let namespaces = page.until("server_stats").await[1]["namespaces"].clone();
    let namespaces = namespaces.as_array().unwrap();
    assert_eq!(namespaces.len(), 500);
    for name in ["/", "/admin"] {
        assert!(namespaces.iter().any(|it| it["name"] == name));
    }
}
