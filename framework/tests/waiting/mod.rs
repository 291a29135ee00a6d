//! Waiting, with an end to it.

#![allow(dead_code, reason = "no test crate uses all of it")]

use std::time::Duration;

use roomcast::testing::{Received, TestClient};
use tokio::time::{sleep, timeout};

/// How long a test waits at most for what must happen: only a failure takes so long. More than the kit's own
/// [`roomcast::testing::PATIENCE`], as a test may wait for many steps of several processes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What comes of this, at most [`PATIENCE`] later. For all that takes several steps: each may have an end of its
/// own, and yet there may always be one more.
pub(crate) async fn within<T>(what: &str, waiting: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, waiting).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("not within {PATIENCE:?}: {what}"),
    }
}

/// Waits for a condition that nobody announces.
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let polling = async {
        while !condition() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    within(what, polling).await;
}

/// The next event of this name, whatever comes before.
pub(crate) async fn until_told(client: &TestClient, name: &str) -> Received {
    let mut before = Vec::new();
    let told = async {
        loop {
            let event = client.next().await;
            if event.name() == name {
                return event;
            }
            before.push(event.name().to_owned());
        }
    };
    match timeout(PATIENCE, told).await {
        Ok(event) => event,
        Err(_) => panic!("no `{name}` after {before:?}"),
    }
}
