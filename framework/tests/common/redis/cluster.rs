use std::time::Instant;

use super::{PATIENCE, RedisServer, free_port, redis_cli};

/// Three masters that share the slots.
pub(crate) struct RedisCluster {
    pub(crate) nodes: Vec<RedisServer>,
}

impl RedisCluster {
    pub(crate) fn start() -> Self {
        let nodes: Vec<_> = (0..3).map(|_| Self::node()).collect();
        let addresses: Vec<_> = nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port()))
            .collect();
        let made = redis_cli()
            .args(["--cluster", "create"])
            .args(addresses)
            .arg("--cluster-yes")
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        for node in &nodes {
            node.wait_for(&["CLUSTER", "INFO"], |text| {
                text.contains("cluster_state:ok") && text.contains("cluster_slots_assigned:16384")
            });
        }
        Self { nodes }
    }

    /// One node more, which takes the first one's place when that dies.
    pub(crate) fn add_replica(&mut self) {
        self.add_replica_of(0);
    }

    /// The same for any of the masters.
    pub(crate) fn add_replica_of(&mut self, master: usize) {
        let (master, replica) = (&self.nodes[master], Self::node());
        let id = master.command(&["CLUSTER", "MYID"]);
        let made = redis_cli()
            .args(["--cluster", "add-node"])
            .arg(format!("127.0.0.1:{}", replica.port()))
            .arg(format!("127.0.0.1:{}", master.port()))
            .args(["--cluster-slave", "--cluster-master-id", id.trim()])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        replica.wait_for(&["INFO", "replication"], |text| {
            text.contains("master_link_status:up")
        });
        let address = format!(":{}@", replica.port());
        self.nodes.push(replica);
        for node in &self.nodes {
            let is_replica = |line: &str| line.contains(&address) && line.contains("slave");
            node.wait_for(&["CLUSTER", "NODES"], |text| text.lines().any(is_replica));
        }
    }

    /// Waits until clients are told of the last one that came.
    pub(crate) fn names_its_last(&self) {
        let port = self.nodes.last().unwrap().port().to_string();
        self.nodes[0].wait_for(&["CLUSTER", "SLOTS"], |slots| slots.contains(&port));
    }

    /// Nobody is found to have failed as long as the test runs.
    pub(crate) fn trusts_everyone(&self) {
        for node in &self.nodes {
            node.command(&["CONFIG", "SET", "cluster-node-timeout", "600000"]);
        }
    }

    /// One that was a replica is the master, whoever agrees; its master becomes a replica.
    pub(crate) fn promote(&self, replica: usize) {
        let replica = &self.nodes[replica];
        replica.command(&["CLUSTER", "FAILOVER", "TAKEOVER"]);
        replica.wait_for(&["ROLE"], |role| role.starts_with("master"));
    }

    /// The index of the master of a key, or of a sharded channel.
    pub(crate) fn owner_of(&self, key: &str) -> usize {
        let slot = self.nodes[0].command(&["CLUSTER", "KEYSLOT", key]);
        let mut nodes = self.nodes.iter();
        nodes.position(|node| node.owns(slot.trim())).unwrap()
    }

    fn node() -> RedisServer {
        RedisServer::launch(
            |port| {
                // The usual port of the bus, 10000 above, may not exist.
                let (port, bus) = (port.to_string(), free_port().to_string());
                let arguments = [
                    ["--port", &port],
                    ["--cluster-enabled", "yes"],
                    ["--cluster-port", &bus],
                    ["--cluster-node-timeout", "4000"],
                ];
                arguments
                    .into_iter()
                    .flatten()
                    .map(ToOwned::to_owned)
                    .collect()
            },
            &[],
        )
    }

    /// To another master than the one that has it, with all keys, while both are used.
    pub(crate) fn migrate_slot(&self, slot: &str) {
        let owner = self.nodes.iter().position(|node| node.owns(slot)).unwrap();
        let target = &self.nodes[(owner + 1) % self.nodes.len()];
        let owner = &self.nodes[owner];
        let id = |node: &RedisServer| node.command(&["CLUSTER", "MYID"]).trim().to_owned();
        let set_slot = |node: &RedisServer, state: &str, other: &RedisServer| {
            node.command(&["CLUSTER", "SETSLOT", slot, state, &id(other)]);
        };
        set_slot(target, "IMPORTING", owner);
        set_slot(owner, "MIGRATING", target);
        let port = target.port().to_string();
        let deadline = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < deadline, "slot {slot} is never empty");
            let keys = owner.command(&["CLUSTER", "GETKEYSINSLOT", slot, "100"]);
            let keys: Vec<_> = keys.lines().filter(|key| !key.is_empty()).collect();
            if keys.is_empty() {
                break;
            }
            let to = ["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
            owner.command(&[&to[..], &keys].concat());
        }
        for node in [target, owner] {
            set_slot(node, "NODE", target);
        }
    }

    /// To another master than the one that has it; there must be no keys in it.
    pub(crate) fn move_slot(&self, slot: u16) {
        let slot = slot.to_string();
        let id = |node: &RedisServer| node.command(&["CLUSTER", "MYID"]).trim().to_owned();
        let owner = self.nodes.iter().position(|node| node.owns(&slot)).unwrap();
        let mut nodes: Vec<_> = self.nodes.iter().collect();
        nodes.rotate_left(owner);
        let (from, to) = (id(nodes[0]), id(nodes[1]));
        // In the steps of redis-cli: one that imports gets an epoch by which its word counts with the others.
        nodes[1].command(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from]);
        nodes[0].command(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to]);
        nodes.swap(0, 1);
        for node in nodes {
            node.command(&["CLUSTER", "SETSLOT", &slot, "NODE", &to]);
        }
    }
}
