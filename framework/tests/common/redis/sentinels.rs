use std::fs;

use super::{Directory, RedisServer};

/// A sentinel for which the master is at this port, and which is enough for a failover.
pub(crate) fn sentinel(master: u16) -> RedisServer {
    let directory = Directory::new();
    let file = directory.file("sentinel.conf");
    let text = format!(
        "sentinel monitor main 127.0.0.1 {master} 1\nsentinel down-after-milliseconds main 2000\nsentinel failover-timeout main 3000\n"
    );
    fs::write(&file, text).unwrap();
    let mut sentinel = RedisServer::launch(
        |port| {
            vec![
                file.clone(),
                "--sentinel".to_owned(),
                "--port".to_owned(),
                port.to_string(),
            ]
        },
        &[],
    );
    // The sentinel writes to it.
    sentinel.directory = directory;
    sentinel
}

/// A master, a replica and one sentinel that is enough for a failover.
pub(crate) struct Sentinels {
    pub(crate) master: RedisServer,
    pub(crate) replica: RedisServer,
    sentinel: RedisServer,
}

impl Sentinels {
    pub(crate) fn start() -> Self {
        let master = RedisServer::start();
        let of = format!("127.0.0.1 {}", master.port());
        let replica = RedisServer::with(&["--replicaof", &of]);
        replica.wait_for(&["INFO", "replication"], |text| {
            text.contains("master_link_status:up")
        });
        let sentinel = sentinel(master.port());
        sentinel.wait_for(&["SENTINEL", "REPLICAS", "main"], |text| {
            text.contains("127.0.0.1")
        });
        Self {
            master,
            replica,
            sentinel,
        }
    }

    pub(crate) fn url(&self) -> String {
        self.sentinel.url()
    }
}
