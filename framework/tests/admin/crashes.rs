//! A node with a page crashes, in virtual time.

use std::time::Duration;

use roomcast::testing::{TestClient, VirtualCluster, with_seed};
use serde_json::json;

use crate::page::{Page, builder, open};

/// After that long without figures a node counts as gone; each looks at that every two seconds.
const FORGOTTEN: Duration = Duration::from_secs(12);

async fn page(cluster: &VirtualCluster, node: usize) -> Page {
    let page = cluster.client(node).namespace("/admin");
    Page(page.connect().await.unwrap())
}

/// Whether a node tells the others what its client does. No time passes meanwhile, so that figures do not count.
async fn is_told(cluster: &VirtualCluster, node: usize, client: &TestClient) -> bool {
    const EVENTS: u64 = 20;
    let published = || cluster.hub(node).stats().cluster_published;
    let before = published();
    for _ in 0..EVENTS {
        client.emit_raw_with_ack("join", &["room"]).await;
    }
    cluster.settle().await;
    match published() - before {
        0..=1 => false,
        told => {
            assert!(told >= EVENTS, "{told}");
            true
        }
    }
}

#[test]
fn when_the_node_of_the_only_page_crashes_the_others_stop_telling_and_begin_again_for_the_next() {
    with_seed(1, || async {
        let cluster = VirtualCluster::builder(|_| builder(open())).nodes(3);
        let cluster = cluster.start().await;
        let guest = cluster.client(1).connect().await.unwrap();
        let first = page(&cluster, 0).await;
        first.until("all_sockets").await;
        // Longer than a node supposes that there are pages without having heard of any.
        cluster.run_for(FORGOTTEN).await;
        assert!(is_told(&cluster, 1, &guest).await);

        cluster.crash(0);
        // As far as the others know, it is silent for a moment.
        cluster.run_for(FORGOTTEN / 2).await;
        assert!(is_told(&cluster, 1, &guest).await);
        cluster.run_for(FORGOTTEN / 2).await;
        assert!(!is_told(&cluster, 1, &guest).await);

        let second = page(&cluster, 2).await;
        let all = second.until("all_sockets").await;
        let mut sockets = all[1].as_array().unwrap().iter();
        let shown = sockets.find(|socket| socket["id"] == guest.id().as_str());
        assert_eq!(shown.unwrap()["rooms"], json!([guest.id(), "room"]));
        guest.emit_raw_with_ack("join", &["tea"]).await;
        let joined = second.until("room_joined").await;
        assert_eq!(joined[2], "tea");
        // And when there has been no word of it but its node's figures.
        cluster.run_for(FORGOTTEN).await;
        assert!(is_told(&cluster, 1, &guest).await);
    });
}
