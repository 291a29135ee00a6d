//! What a test breaks, and mends.

use super::{VirtualCluster, chaos};
use crate::testing::TestClient;

impl VirtualCluster {
    /// Breaks the link between two nodes: messages between them are lost, those in flight too. Both are
    /// notified at once that they are not fully connected, as by an adapter that has lost its connection. Each
    /// still reaches the other nodes, and the store of users and presence.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn cut(&self, a: usize, b: usize) {
        self.check(a);
        self.check(b);
        let _ = self.inner.cut(a, b);
    }

    /// Breaks the links of a node to all others and to the store of users and presence, as when it loses its
    /// connection to Redis.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn isolate(&self, node: usize) {
        self.check(node);
        self.inner.isolate(node);
    }

    /// Ends all [cuts](Self::cut) and [isolations](Self::isolate).
    pub fn heal(&self) {
        self.inner.heal();
    }

    /// Stops a node as a power failure would: no handler and no `disconnect` continues, no other node is
    /// notified, and its clients' connections are reset. Its broken links are forgotten.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn crash(&self, node: usize) {
        self.check(node);
        self.inner.crash(node);
    }

    /// Starts a crashed node with a new hub and another server id, and waits until it has joined the others.
    /// Does nothing if the node runs.
    ///
    /// # Panics
    /// If there is no such node, or its hub cannot be built.
    pub async fn restart(&self, node: usize) {
        self.check(node);
        if self.inner.start(node) {
            self.inner.connected(node).await;
        }
    }

    /// Resets a client's connection: both ends notice at once, and what was in flight is lost.
    ///
    /// # Panics
    /// If the client is none of a virtual cluster.
    pub fn lose(&self, client: &TestClient) {
        self.inner.world.lose(client.wire());
    }

    /// Makes a client's connection pass nothing any more. The node notices by a ping timeout, the client not
    /// at all.
    ///
    /// # Panics
    /// If the client is none of a virtual cluster.
    pub fn silence(&self, client: &TestClient) {
        self.inner.world.silence(client.wire());
    }

    /// Stops the random faults: links are restored, crashed nodes are started again, nothing more is lost or
    /// duplicated, and the store answers. Delays remain.
    ///
    /// # Panics
    /// If a random fault panicked, such as a crash after which the node could not be started again.
    pub async fn calm(&self) {
        chaos::end(&self.inner);
        self.inner.world.history.step("it becomes calm");
        self.inner.world.network.calm();
        self.heal();
        let nodes = self.inner.nodes.borrow().len();
        for node in 0..nodes {
            self.restart(node).await;
        }
    }
}
