//! Many senders, many cuts.

use std::time::Duration;

use futures_util::future::join_all;
use roomcast::{Recovery, testing::TestServer};
use serde_json::json;
use tokio::time::sleep;

use super::world::World;
use crate::wire::recovering::Client;

const SENDERS: u32 = 4;
const RECEIVERS: u32 = 6;
const STEPS: u32 = 300;

/// A number below `end`; the same ones in every run.
fn random(state: &mut u64, end: u64) -> u64 {
    // The generator of Knuth's MMIX.
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % end
}

/// Reads until every sender's last step has come, and loses its connection again and again. The
/// steps in the order in which they came.
async fn unsteady(server: &TestServer, mut client: Client, seed: u64) -> Vec<(u64, u64)> {
    let mut state = seed;
    let mut steps = Vec::new();
    let mut offset = client.offset.clone();
    let mut last = 0;
    let mut until_cut = 1;
    while last < SENDERS {
        let events = match client.missed.is_empty() {
            false => std::mem::take(&mut client.missed),
            true => {
                let event = client.event().await;
                assert!(
                    client.offset >= offset,
                    "{:?} after {offset:?}",
                    client.offset
                );
                offset = client.offset.clone();
                vec![event]
            }
        };
        for event in events {
            if event[0] == "step" {
                let step = (event[1].as_u64().unwrap(), event[2].as_u64().unwrap());
                last += u32::from(step.1 == u64::from(STEPS - 1));
                steps.push(step);
            }
        }
        until_cut -= 1;
        if until_cut == 0 && last < SENDERS {
            until_cut = 1 + random(&mut state, 60);
            let ticket = client.ticket();
            // Sometimes the old connection stays, half dead.
            let old = (random(&mut state, 3) > 0).then_some(client);
            if random(&mut state, 2) == 0 {
                sleep(Duration::from_millis(random(&mut state, 5))).await;
            }
            let (next, recovered) = Client::back(server, &ticket).await;
            assert!(recovered, "cut at {:?}", ticket.offset);
            assert!(next.offset >= offset);
            offset = next.offset.clone();
            drop(old);
            client = next;
        }
    }
    steps
}

#[actix_web::test]
async fn no_gap_no_duplicate_no_reorder_with_many_senders_on_several_workers() {
    let mut world = World::with(4, |hub| hub, Recovery::new());
    let mut senders = Vec::new();
    for _ in 0..SENDERS {
        senders.push(world.enter(&["b"]).await.0);
    }
    let mut receivers = Vec::new();
    for _ in 0..RECEIVERS {
        receivers.push(world.seen(&["a"]).await.0);
    }
    for (sender, client) in (0..).zip(&mut senders) {
        let flood = json!(["flood", { "sender": sender, "steps": STEPS }]);
        client.wire.text(&format!("42{flood}")).await;
    }
    let server = &world.server;
    let receiving = (1..)
        .zip(receivers)
        .map(|(seed, client)| unsteady(server, client, seed));
    let received = join_all(receiving).await;
    for steps in &received {
        for sender in 0..u64::from(SENDERS) {
            let numbers = steps
                .iter()
                .filter(|step| step.0 == sender)
                .map(|step| step.1);
            assert!(numbers.eq(0..u64::from(STEPS)), "of sender {sender}");
        }
        assert_eq!(steps, &received[0], "one order for all");
    }
    let stats = world.hub().stats();
    assert!(stats.recovery_restored > 50, "{stats:?}");
    assert!(stats.recovery_refused.is_empty(), "{stats:?}");
}
