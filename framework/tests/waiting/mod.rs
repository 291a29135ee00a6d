//! Waiting, with an end to it. Where nobody announces what is waited for, the pauses between two looks are here, and
//! for other processes in `common/redis/looking.rs`.

#![allow(dead_code, reason = "no test crate uses all of it")]

use std::{fmt::Debug, time::Duration};

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

/// Between two looks at this process.
const LOOK: Duration = Duration::from_millis(1);

/// Between two questions to others.
const ASK: Duration = Duration::from_millis(10);

/// Waits for a condition that nobody announces.
pub(crate) async fn until(what: &str, condition: impl FnMut() -> bool) {
    within(what, holds(condition)).await;
}

/// The same without an end of its own.
pub(crate) async fn holds(mut condition: impl FnMut() -> bool) {
    while !condition() {
        sleep(LOOK).await;
    }
}

/// Waits, without an end of its own, for a condition that others have to be asked for.
pub(crate) async fn asked(mut condition: impl AsyncFnMut() -> bool) {
    while !condition().await {
        sleep(ASK).await;
    }
}

/// Asks until this is the answer.
pub(crate) async fn becomes<T: PartialEq + Debug>(wanted: T, mut ask: impl AsyncFnMut() -> T) {
    let mut last = None;
    let asking = asked(async || {
        let answer = ask().await;
        let met = answer == wanted;
        last = Some(answer);
        met
    });
    let met = timeout(PATIENCE, asking).await;
    assert!(met.is_ok(), "{last:?} instead of {wanted:?}");
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
