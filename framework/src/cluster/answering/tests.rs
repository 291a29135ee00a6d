#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    sync::mpsc::{SyncSender, sync_channel},
    time::Duration,
};

use actix::System;
use tokio::time::{sleep, timeout};

use crate::{
    Hub,
    adapter::InProcess,
    cluster::actor::tests::{Anyone, becomes, worker},
};

const PATIENCE: Duration = Duration::from_secs(60);

/// A worker that does nothing until what is returned is dropped.
fn blocked(hub: &Hub) -> SyncSender<()> {
    let node = hub.core.node.clone();
    let (started, wait) = sync_channel(1);
    let (end, ended) = sync_channel::<()>(1);
    std::thread::spawn(move || {
        System::new().block_on(async {
            let shard = node.local_or_start();
            started.send(shard.is_some()).unwrap();
            let _ = ended.recv();
        });
    });
    assert!(wait.recv().unwrap());
    end
}

#[actix::test]
async fn nothing_is_kept_for_a_blocked_worker_when_who_asked_has_given_up() {
    let meeting = InProcess::new();
    let hub = |patience| {
        let hub = Hub::builder().namespace::<Anyone>("/");
        let hub = hub.adapter(meeting.clone()).requests_timeout(patience);
        hub.build().unwrap()
    };
    let (asking, asked) = (hub(PATIENCE), hub(Duration::from_millis(50)));
    asking.core.node.local_or_start().unwrap();
    // The first one runs the adapter.
    let _running = worker(&asked);
    for hub in [&asking, &asked] {
        becomes(&hub.cluster().unwrap(), true).await;
    }
    let _blocked = blocked(&asked);
    let everyone = asking.everyone();
    let given_up = async {
        while asked.stats().cluster_answers_lost == 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        fetched = everyone.fetch_sockets() => panic!("it was answered: {fetched:?}"),
        given_up = timeout(PATIENCE / 2, given_up) => given_up.expect("it is given up"),
    }
}
