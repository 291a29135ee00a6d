//! Servers of every kind, and ways to them.

use std::net::TcpListener;

use super::*;

#[tokio::test]
async fn a_user_and_a_database_are_those_of_the_url() {
    local(async {
        let server = RedisServer::launch(
            |port| {
                let text =
                    format!("--port {port} --user ann on >pw:1 ~* &* +@all --user default off");
                text.split(' ').map(ToOwned::to_owned).collect()
            },
            &["--no-auth-warning", "--user", "ann", "--pass", "pw:1"],
        );
        let url = |password: &str| format!("redis://ann:{password}@127.0.0.1:{}/3", server.port());
        let refused = Rig::new(&options(&url("no")));
        refused.wait(|rig| rig.ear.says("disconnected") == 1).await;
        assert!(refused.ear.said.lock().unwrap()[0].contains("WRONGPASS"));
        let rig = Rig::connected(&options(&url("pw%3A1"))).await;
        rig.works().await;
        let clients = server.command(&["CLIENT", "LIST"]);
        let ours = clients
            .lines()
            .filter(|line| line.contains("user=ann") && line.contains(" db=3 "));
        assert_eq!(ours.clone().count(), 3, "{clients}");
        // What only publishes speaks RESP2.
        let resp3 = ours.filter(|line| line.contains(" resp=3"));
        assert_eq!(resp3.count(), 2, "{clients}");
    })
    .await;
}

#[tokio::test]
async fn tls_trusts_the_certificate_that_was_named_and_no_other() {
    local(async {
        let certificate = Certificate::new();
        let server = RedisServer::with_tls(&certificate, "no");
        let url = format!("rediss://localhost:{}/", server.port());
        let mut trusting = options(&url);
        trusting.certificates.root = Some(certificate.pem());
        let rig = Rig::connected(&trusting).await;
        rig.works().await;
        for number in 0..5000 {
            rig.send("PUBLISH", "c:/", &number.to_string()).unwrap();
        }
        rig.hears(5001).await;

        let mut other = options(&url);
        other.certificates.root = Some(Certificate::new().pem());
        let rig = Rig::new(&other);
        rig.wait(|rig| rig.ear.says("disconnected") == 1).await;
        assert!(rig.ear.said.lock().unwrap()[0].contains("certificate"));
    })
    .await;
}

#[tokio::test]
async fn a_client_certificate_is_shown() {
    local(async {
        let certificate = Certificate::new();
        let server = RedisServer::with_tls(&certificate, "yes");
        let mut options = options(&format!("rediss://localhost:{}/", server.port()));
        options.certificates.root = Some(certificate.pem());
        let nameless = Rig::new(&options);
        nameless.wait(|rig| rig.ear.says("disconnected") == 1).await;
        options.certificates.client = Some((certificate.pem(), certificate.key()));
        Rig::connected(&options).await.works().await;
        assert_eq!(nameless.ear.says("connected"), 0);
    })
    .await;
}

#[tokio::test]
async fn a_unix_socket_is_as_good() {
    local(async {
        let directory = Directory::new();
        let path = directory.file("redis.sock");
        let _server = RedisServer::with(&["--unixsocket", &path]);
        let rig = Rig::connected(&options(&format!("redis+unix://{path}"))).await;
        rig.works().await;
    })
    .await;
}

#[tokio::test]
async fn the_master_is_asked_of_the_sentinels_and_followed_after_a_failover() {
    local(async {
        let mut sentinels = Sentinels::start();
        // As one that is cut off from the others may.
        let mistaken = sentinel(free_port());
        let mut options = options("redis://unused/");
        options.kind = Kind::Sentinel {
            master: "main".to_owned(),
            // The first does not answer.
            urls: vec![
                format!("redis://127.0.0.1:{}/", free_port()),
                mistaken.url(),
                sentinels.url(),
            ],
        };
        let rig = Rig::connected(&options).await;
        rig.works().await;
        sentinels.master.kill();
        rig.wait(|rig| rig.ear.says("disconnected") == 1).await;
        rig.wait(|rig| rig.ear.says("connected") == 2).await;
        rig.works().await;
        assert!(
            sentinels
                .replica
                .command(&["PUBSUB", "NUMSUB", "c:/"])
                .ends_with("1\n")
        );
    })
    .await;
}

/// Connections are made to it, and nothing is answered.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("redis://{}/", listener.local_addr().unwrap());
    (listener, url)
}

/// Who waits for one that is silent waits for longer than the test.
fn patient(url: &str) -> LinkOptions {
    let patience = Duration::from_secs(600);
    LinkOptions {
        connection_timeout: patience,
        response_timeout: patience,
        ..LinkOptions::new(url)
    }
}

#[tokio::test]
async fn a_sentinel_that_is_silent_holds_nobody_up() {
    local(async {
        let (_silent, silent) = silent();
        let server = RedisServer::start();
        let sentinel = sentinel(server.port());
        let mut options = patient("redis://unused/");
        options.kind = Kind::Sentinel {
            master: "main".to_owned(),
            urls: vec![silent, sentinel.url()],
        };
        Rig::connected(&options).await.works().await;
    })
    .await;
}

#[tokio::test]
async fn a_node_of_a_redis_cluster_that_is_silent_holds_nobody_up() {
    local(async {
        let (_silent, silent) = silent();
        let cluster = RedisCluster::start();
        let mut options = patient(&silent);
        options.kind = Kind::Cluster {
            urls: vec![cluster.nodes[0].url()],
        };
        Rig::connected(&options).await.works().await;
    })
    .await;
}

#[tokio::test]
async fn each_master_of_a_redis_cluster_carries_its_slots() {
    local(async {
        let cluster = RedisCluster::start();
        let mut options = options(&cluster.nodes[0].url());
        options.kind = Kind::Cluster { urls: Vec::new() };
        let rig = Rig::connected(&options).await;
        rig.works().await;
        for name in 0..30 {
            let room = room(&name.to_string());
            rig.ear.wanted.lock().unwrap().insert(room.clone());
            rig.link.mark(room);
        }
        rig.wait(|_| {
            let channels = |node: &RedisServer| {
                let channels = node.command(&["PUBSUB", "SHARDCHANNELS"]);
                channels.split_whitespace().count()
            };
            let known: Vec<_> = cluster.nodes.iter().map(channels).collect();
            known.iter().sum::<usize>() == 30 && known.iter().all(|count| *count > 0)
        })
        .await;
        for name in 0..30 {
            rig.send("SPUBLISH", &format!("s:/:{name}"), "x").unwrap();
        }
        rig.hears(32).await;

        // A slot moves, and with it the subscription.
        cluster.move_slot(slot(b"s:/:7"));
        rig.wait(|rig| rig.ear.says("connected") == 2).await;
        rig.send("SPUBLISH", "s:/:7", "moved").unwrap();
        rig.hears(33).await;
        assert_eq!(rig.lost(), 0);
    })
    .await;
}

#[tokio::test]
async fn who_does_not_need_a_slot_that_moves_stays_connected() {
    local(async {
        let cluster = RedisCluster::start();
        let mut options = options(&cluster.nodes[0].url());
        options.kind = Kind::Cluster { urls: Vec::new() };
        let rig = Rig::connected(&options).await;
        *rig.ear.slots.lock().unwrap() = Some(vec![0]);
        let moving = slot(b"s:/:7");
        let master = |rig: &Rig| {
            let requests = rig.link.all_requests().unwrap();
            requests.topology.master_of(moving)
        };
        let before = master(&rig);
        cluster.move_slot(moving);
        // With the next look for the masters.
        rig.wait(|rig| master(rig) != before).await;
        rig.works().await;
        let mut redis = rig.link.requests(b"s:/:7").unwrap();
        let mut set = ::redis::cmd("SET");
        set.arg("s:/:7").arg("x");
        set.exec_async(&mut redis).await.unwrap();
        assert_eq!(rig.ear.says("disconnected"), 0);
    })
    .await;
}
