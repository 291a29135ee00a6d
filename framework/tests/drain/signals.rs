//! Who asks for a drain, and when: signals, calls that are dropped, nothing to wait for.

use std::time::Duration;

use actix_web::rt;
use futures_util::FutureExt;
use roomcast::{BuildError, NextSignal, NotReady, WebSocketMode, prelude::*, testing::Frame};
use tokio::{
    sync::{oneshot, watch},
    time::timeout,
};

use crate::waiting::PATIENCE;
use crate::{
    common::NEVER,
    world::{MS, Worker, World, assert_outcome, drained},
};

#[actix_web::test]
async fn a_second_signal_cuts_at_once() {
    let mut world = World::new(WebSocketMode::Handoff, |hub| hub.drain_timeout(NEVER));
    let mut stuck = world.at_work(1).await;
    let (first, on_first) = oneshot::channel::<()>();
    let (second, on_second) = oneshot::channel::<()>();
    let shut_down = world.hub().shutdown_on(async move {
        let _ = on_first.await;
        NextSignal::new(async move { drop(on_second.await) })
    });
    let shut_down = rt::spawn(shut_down);
    drop(first);
    world.draining().await;
    assert!(world.entries.rest().is_empty());
    drop(second);
    assert_eq!(stuck.closed().await, 1006);
    timeout(PATIENCE, shut_down).await.unwrap().unwrap();
    assert_outcome(world.hub().drain().await, false, [0, 0, 1]);
}

/// One of the application's own, as from a route for operators, when the system wants the process to end.
#[actix_web::test]
async fn a_signal_during_a_drain_waits_for_it_and_the_next_one_cuts() {
    let mut world = World::new(WebSocketMode::Handoff, |hub| hub.drain_timeout(NEVER));
    let mut stuck = world.at_work(1).await;
    let mut idle = world.enter("").await;
    let drain = world.drain();
    assert_eq!(idle.closed().await, 1001);
    world.entries.expect("server shutting down").await;
    let (signal, mut signals) = watch::channel(0);
    let shut_down = world.hub().shutdown_on(async move {
        let _ = signals.wait_for(|count| *count > 0).await;
        NextSignal::new(async move { drop(signals.wait_for(|count| *count > 1).await) })
    });
    let shut_down = rt::spawn(shut_down);
    signal.send_replace(1);
    stuck.ping(&b"there"[..]).await;
    assert!(
        matches!(stuck.next().await, Frame::Pong(_)),
        "it is waited for"
    );
    signal.send_replace(2);
    assert_eq!(stuck.closed().await, 1006);
    timeout(PATIENCE, shut_down).await.unwrap().unwrap();
    assert_outcome(drained(drain).await, false, [1, 0, 1]);
}

/// To this process, which listens by now: as the shell's own command, since not every system has a program for it.
/// The whole process gets it: no other test of this binary may listen for it.
#[cfg(unix)]
fn terminate() {
    let kill = format!("kill -TERM {}", std::process::id());
    let sent = std::process::Command::new("sh")
        .args(["-c", &kill])
        .status();
    assert!(sent.is_ok_and(|status| status.success()));
}

#[cfg(unix)]
#[actix_web::test]
async fn the_first_sigterm_drains_and_the_second_cuts() {
    let mut world = World::new(WebSocketMode::Handoff, |hub| hub.drain_timeout(NEVER));
    let mut stuck = world.at_work(1).await;
    let mut idle = world.enter("").await;
    let mut shut_down = Box::pin(world.hub().shutdown_on(roomcast::signals()));
    assert!(shut_down.as_mut().now_or_never().is_none(), "it listens");
    let shut_down = rt::spawn(shut_down);
    terminate();
    assert_eq!(idle.closed().await, 1001);
    assert!(!shut_down.is_finished());
    terminate();
    assert_eq!(stuck.closed().await, 1006);
    timeout(PATIENCE, shut_down).await.unwrap().unwrap();
    assert_outcome(world.hub().drain().await, false, [1, 0, 1]);
}

#[actix_web::test]
async fn a_drain_that_nobody_awaits_any_more_is_gone_on_with() {
    let mut world = World::new(WebSocketMode::Handoff, |hub| hub);
    let mut client = world.at_work(1).await;
    let (one, two) = (world.hub().clone(), world.hub().clone());
    assert!(one.drain().now_or_never().is_none());
    assert_eq!(world.hub().ready().reasons(), [NotReady::Draining]);
    let both = rt::spawn(async move { tokio::join!(one.drain(), two.drain()) });
    world.gate.open(1);
    client.expect_text("431[1]").await;
    assert_eq!(client.closed().await, 1001);
    let (one, two) = timeout(PATIENCE, both).await.unwrap().unwrap();
    assert_outcome(one, true, [1, 0, 0]);
    assert_eq!(one, two);
    assert_eq!(one, world.hub().drain().await, "for ever after");
    assert_eq!(
        one.to_string(),
        "clean: 1 closed, 0 did not answer, 0 cut, 0 sessions lost"
    );
}

#[actix_web::test]
async fn a_hub_without_connections_does_not_wait() {
    let world = World::new(WebSocketMode::Handoff, |hub| {
        hub.drain_delay(NEVER).drain_timeout(2 * NEVER)
    });
    assert_outcome(drained(world.drain()).await, true, [0, 0, 0]);
}

#[actix_web::test]
async fn a_worker_that_is_blocked_does_not_hold_up_the_end() {
    let mut world = World::new(WebSocketMode::Handoff, |hub| {
        let hub = hub.drain_window(Duration::ZERO);
        hub.drain_timeout(100 * MS)
    });
    let mut client = world.enter("").await;
    client.send(r#"42["block"]"#).await;
    world.entries.expect("blocks").await;
    assert_outcome(drained(world.drain()).await, false, [0, 0, 1]);
    drop(world.blocked);
}

#[test]
fn a_timeout_that_leaves_no_time_is_refused() {
    let built = |delay: u32, window: u32, timeout: u32| {
        let hub = Hub::builder().namespace::<Worker>("/");
        let hub = hub.drain_delay(delay * MS).drain_window(window * MS);
        hub.drain_timeout(timeout * MS).build().map(drop)
    };
    for (delay, window, timeout) in [(0, 1, 1), (5, 5, 10), (10, 0, 5)] {
        let refused = built(delay, window, timeout);
        assert!(
            matches!(
                refused,
                Err(BuildError::Contradiction {
                    option: "drain_timeout",
                    ..
                })
            ),
            "{refused:?}"
        );
    }
    assert!(built(5, 5, 11).is_ok());
    assert!(built(0, 0, 1).is_ok());
}
