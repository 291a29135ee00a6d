//! Subscriptions, and how they come back.

use super::*;

#[tokio::test]
async fn rooms_are_subscribed_to_while_they_are_wanted() {
    local(async {
        let server = RedisServer::start();
        let rig = Rig::connected(&options(&server.url())).await;
        rig.ear.wanted.lock().unwrap().insert(room("a"));
        rig.link.mark(room("a"));
        rig.wait(|_| {
            server
                .command(&["PUBSUB", "SHARDNUMSUB", "s:/:a"])
                .contains("\n1")
        })
        .await;
        rig.send("SPUBLISH", "s:/:a", "x").unwrap();
        rig.hears(1).await;
        rig.ear.wanted.lock().unwrap().remove(&room("a"));
        rig.link.mark(room("a"));
        rig.wait(|_| {
            server
                .command(&["PUBSUB", "SHARDNUMSUB", "s:/:a"])
                .contains("\n0")
        })
        .await;
        rig.works().await;
        assert_eq!(rig.ear.says("disconnected"), 0);
    })
    .await;
}

#[tokio::test]
async fn subscriptions_are_restored_before_it_calls_itself_connected() {
    local(async {
        let mut server = RedisServer::start();
        let rig = Rig::connected(&options(&server.url())).await;
        rig.works().await;
        server.kill();
        rig.wait(|rig| rig.ear.says("disconnected") == 1).await;
        // Waits for Redis to come back.
        rig.send("PUBLISH", "c:/", "meanwhile").unwrap();
        server.restart();
        rig.wait(|rig| rig.ear.says("connected") == 2).await;
        assert_eq!(
            server.command(&["PUBSUB", "NUMSUB", "c:/"]).trim(),
            "c:/\n1"
        );
        rig.wait(|rig| rig.ear.heard().iter().any(|(_, text)| text == "meanwhile"))
            .await;
        rig.works().await;
        assert_eq!(rig.ear.says("disconnected"), 1);
        assert_eq!(rig.lost(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_client_kill_of_either_kind_is_repaired() {
    local(async {
        let server = RedisServer::start();
        let rig = Rig::connected(&options(&server.url())).await;
        for (times, kind) in [(2, "pubsub"), (3, "normal")] {
            server.command(&["CLIENT", "KILL", "TYPE", kind]);
            rig.wait(|rig| rig.ear.says("connected") == times).await;
            rig.works().await;
        }
        assert_eq!(rig.ear.says("disconnected"), 2);
    })
    .await;
}

#[tokio::test]
async fn a_server_that_stalls_is_noticed_and_what_waits_is_sent_when_it_goes_on() {
    local(async {
        let server = RedisServer::start();
        let rig = Rig::connected(&LinkOptions {
            response_timeout: Duration::from_secs(2),
            ..options(&server.url())
        })
        .await;
        server.pause();
        rig.send("PUBLISH", "c:/", "lost or not").unwrap();
        rig.wait(|rig| rig.ear.says("disconnected") >= 1).await;
        assert_eq!(rig.lost(), 1);
        for number in 0..100 {
            rig.send("PUBLISH", "c:/", &number.to_string()).unwrap();
        }
        server.resume();
        rig.wait(|rig| rig.ear.says("connected") >= 2).await;
        rig.hears(100).await;
        rig.works().await;
    })
    .await;
}
