//! Two nodes, someone present on each, and watchers on both.

use std::time::Duration;

use roomcast::{
    PresenceChange, PresenceWatch, SharedState, Socket,
    adapter::{PubSub, Redis},
    testing::{TestClient, TestServer},
};
use tokio::time::{sleep, timeout};

use crate::common::member::{Hall, members};
use crate::waiting::{PATIENCE, asked};

/// Of a node that is not heard of any more. It is renewed every second: a busy machine has two more.
pub(crate) const LEASE: Duration = Duration::from_secs(3);

pub(crate) struct Node {
    pub(crate) server: TestServer,
    pub(crate) hall: Hall,
}

impl Node {
    pub(crate) fn start(url: &str) -> Self {
        Self::with(Redis::pub_sub(url))
    }

    pub(crate) fn leased(url: &str, lease: Duration) -> Self {
        Self::new(Redis::pub_sub(url), lease)
    }

    pub(crate) fn with(redis: Redis<PubSub>) -> Self {
        Self::new(redis, LEASE)
    }

    fn new(redis: Redis<PubSub>, lease: Duration) -> Self {
        // A Redis that stalls is given up before a lease is over.
        let redis = redis.response_timeout(LEASE / 2);
        let (hub, hall) = members();
        let options = SharedState::new().lease(lease);
        let hub = hub.adapter(redis).shared_state(options);
        let server = TestServer::start(hub.build().unwrap());
        Self { server, hall }
    }

    /// Someone who is present in the lobby.
    pub(crate) async fn enter(&mut self, user: &str) -> Present {
        let (client, socket) = self.hall.enter(&self.server, &[]).await;
        socket.bind_user(user).unwrap();
        socket.track("lobby", &user).unwrap();
        Present {
            socket,
            _client: client,
        }
    }

    pub(crate) async fn watch(&self) -> Watch {
        let lobby = self.server.hub().presence("lobby");
        let watch = timeout(2 * PATIENCE, lobby.watch()).await;
        Watch(watch.expect("an answer in time").unwrap())
    }

    /// Waits until so many are in the lobby, as the store says.
    pub(crate) async fn counts(&self, expected: usize) {
        let lobby = self.server.hub().presence("lobby");
        let counting = asked(async || {
            let listed = lobby.list().await.map(|list| list.len()).ok();
            listed == Some(expected) && lobby.count().await.ok() == listed
        });
        let counted = timeout(3 * PATIENCE, counting).await;
        assert!(counted.is_ok(), "{:?} instead", lobby.list().await);
    }
}

pub(crate) struct Present {
    pub(crate) socket: Socket,
    _client: TestClient,
}

pub(crate) struct Watch(PresenceWatch);

impl Watch {
    /// The next change: `+` came, `-` went, `=` is otherwise.
    pub(crate) async fn next(&mut self) -> String {
        let change = timeout(2 * PATIENCE, self.0.next()).await;
        match change.expect("a change in time") {
            Some(PresenceChange::Joined(it)) => format!("+{}", it.key()),
            Some(PresenceChange::Left(it)) => format!("-{}", it.key()),
            Some(PresenceChange::Updated(it)) => format!("={}", it.key()),
            Some(other) => panic!("{other:?}"),
            None => "end".to_owned(),
        }
    }
}

/// Nodes have written again what is missing, and after another lease all is believed.
pub(crate) async fn settle() {
    sleep(LEASE * 2).await;
}

/// Ann on the one, Bob on the other, and who watches them there.
pub(crate) struct World {
    pub(crate) one: Node,
    pub(crate) other: Node,
    pub(crate) ann: Present,
    pub(crate) bob: Present,
    pub(crate) watches: [Watch; 2],
}

impl World {
    pub(crate) async fn start(url: &str) -> Self {
        Self::of(Node::start(url), Node::start(url)).await
    }

    pub(crate) async fn of(mut one: Node, mut other: Node) -> Self {
        let mut watches = [one.watch().await, other.watch().await];
        let ann = one.enter("ann").await;
        for watch in &mut watches {
            assert_eq!(watch.next().await, "+ann");
        }
        let bob = other.enter("bob").await;
        for watch in &mut watches {
            assert_eq!(watch.next().await, "+bob");
        }
        Self {
            one,
            other,
            ann,
            bob,
            watches,
        }
    }

    /// Everyone hears this next, and nothing before.
    pub(crate) async fn hear(&mut self, expected: &str) {
        for watch in &mut self.watches {
            assert_eq!(watch.next().await, expected, "and nothing before");
        }
    }

    /// Both were there throughout, as watchers tell; who leaves now is heard of.
    pub(crate) async fn nobody_has_gone(&mut self) {
        self.one.counts(2).await;
        settle().await;
        self.ann.socket.untrack("lobby");
        self.hear("-ann").await;
    }
}
