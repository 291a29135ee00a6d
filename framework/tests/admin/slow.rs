//! Pages that read slowly.

use roomcast::testing::{TestClient, TestServer};
use serde_json::json;

use crate::{
    common::{polling::Poller, until},
    page::{Page, builder, guest, open},
};

const LIMIT: usize = 32 * 1024;

/// Guests that do not fit into one message.
async fn crowd(server: &TestServer) -> Vec<TestClient> {
    let mut crowd = Vec::new();
    for _ in 0..60 {
        let one = guest(server).await;
        one.emit_raw_with_ack("set", &[json!({"text": "x".repeat(1000)})])
            .await;
        crowd.push(one);
    }
    crowd
}

fn serve() -> TestServer {
    let hub = builder(open()).max_outbox_bytes(LIMIT);
    TestServer::start(hub.build().unwrap())
}

#[actix_web::test]
async fn more_sockets_than_may_wait_are_told_in_parts() {
    let server = serve();
    let crowd = crowd(&server).await;
    let page = Page::open(&server).await;
    let all = page.until("all_sockets").await;
    let first = all[1].as_array().unwrap();
    assert!((1..60).contains(&first.len()), "{}", first.len());
    let mut missing: Vec<_> = crowd.iter().map(|guest| json!(guest.id())).collect();
    missing.retain(|id| first.iter().all(|socket| socket["id"] != *id));
    while !missing.is_empty() {
        let told = page.until("socket_connected").await;
        missing.retain(|id| told[1]["id"] != *id);
    }
    assert_eq!(server.hub().stats().dropped_newest, 0);
}

#[actix_web::test]
async fn a_page_that_does_not_read_does_without_and_stays() {
    let server = serve();
    let crowd = crowd(&server).await;
    let page = Poller::open(&server).await;
    page.post("40/admin,").await.expect(200, "ok");
    let stats = || server.hub().stats();
    until("much waits for it", || {
        stats().outbox_bytes > LIMIT as u64 / 4
    })
    .await;
    for _ in 0..5 {
        for guest in &crowd {
            guest.emit_raw_with_ack("join", &["tea"]).await;
            guest.emit_raw_with_ack("leave", &["tea"]).await;
        }
    }
    until("it does without some", || stats().dropped_newest > 0).await;
    // The figures do not end it either.
    let other = Page::open(&server).await;
    for _ in 0..3 {
        other.until("server_stats").await;
    }
    assert_eq!(stats().closed_slow, 0);
    assert_eq!(page.poll().await.status, 200);
}
