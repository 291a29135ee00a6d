//! How fast connections are told to go.

use std::time::Duration;

use futures_util::future::join_all;
use roomcast::{
    WebSocketMode,
    testing::{RawClient, TestServer},
};
use tokio::time::Instant;

use crate::world::{MS, assert_outcome, hub};

/// As many as may go at one time whatever the window is.
const BATCH: usize = 16;

#[actix_web::test]
async fn many_go_within_the_window_and_not_at_once() {
    const WINDOW: Duration = Duration::from_secs(1);
    let hub = hub(WebSocketMode::Handoff).drain_window(WINDOW);
    let server = TestServer::builder(hub.build().unwrap());
    let server = server.workers(1).start();
    let open = (0..5 * BATCH).map(|_| RawClient::open(&server));
    let mut clients = join_all(open).await;
    let begun = Instant::now();
    let closed = clients.iter_mut().map(async |client| {
        assert_eq!(client.closed().await, 1001);
        begun.elapsed()
    });
    let (drained, times) = tokio::join!(server.hub().drain(), join_all(closed));
    assert_outcome(drained, true, [5 * BATCH as u64, 0, 0]);
    let tick = |number| {
        times
            .iter()
            .filter(|time| **time < 100 * MS * number)
            .count()
    };
    for number in 1..5 {
        assert!(tick(number as u32) <= number * BATCH, "{times:?}");
    }
}
