//! A node that leaves, and does not hear any more.

use futures_util::FutureExt;

use super::{super::counting::subscribers, *};

#[tokio::test]
async fn a_connection_that_is_being_made_when_the_node_leaves_is_not_heard_on() {
    local(async {
        let server = RedisServer::start();
        let rig = Rig::new(&options(&server.url()));
        let link = Arc::clone(&rig.link);
        // Before anything is subscribed to, but after it was looked whether it is to be.
        *rig.ear.asked.lock().unwrap() = Some(Box::new(move || {
            let left = link.unsubscribe().now_or_never();
            assert!(left.is_some(), "there is no connection to wait for");
        }));
        rig.wait(|rig| rig.ear.says("connected") == 1).await;
        let counted = server.command(&["PUBSUB", "NUMSUB", "c:/"]);
        assert_eq!(counted.trim(), "c:/\n0", "nobody waits for its answers");
    })
    .await;
}

#[tokio::test]
async fn who_has_left_does_not_take_another_for_itself() {
    local(async {
        let server = RedisServer::start();
        let leaving = Rig::connected(&options(&server.url())).await;
        let staying = Rig::connected(&options(&server.url())).await;
        let count = |rig: &Rig| {
            let link = Arc::clone(&rig.link);
            async move { subscribers(&link, "NUMSUB", "c:/", "c:/").await.ok() }
        };
        assert_eq!(count(&leaving).await, Some(2));
        leaving.link.unsubscribe().await;
        assert_eq!(count(&staying).await, Some(1));
        assert_eq!(
            count(&leaving).await,
            None,
            "not one, which would be itself"
        );
    })
    .await;
}

#[tokio::test]
async fn a_replica_that_is_dead_holds_nobody_up() {
    local(async {
        let mut cluster = RedisCluster::start();
        cluster.add_replica();
        let port = cluster.nodes[3].port().to_string();
        cluster.nodes[0].wait_for(&["CLUSTER", "SLOTS"], |slots| slots.contains(&port));
        cluster.nodes[3].pause();
        let mut options = options(&cluster.nodes[0].url());
        options.kind = Kind::Cluster { urls: Vec::new() };
        // Longer than the test.
        options.connection_timeout = Duration::from_secs(600);
        let rig = Rig::connected(&options).await;
        rig.works().await;
        // It is not known yet who is subscribed there.
        let counting = subscribers(&rig.link, "NUMSUB", "c:/", "c:/");
        assert!(counting.now_or_never().is_none());
    })
    .await;
}
