//! The options of all adapters on Redis.

use std::time::Duration;

use super::options::{Kind, LinkOptions, OutboxPolicy};

/// An adapter on Redis, as options: nodes of the same Redis and the same prefix are one server.
///
/// | adapter | what carries messages | who else understands it |
/// | --- | --- | --- |
/// | [`Redis::pub_sub`] | Redis Pub/Sub; every node hears everything | Node's `createAdapter` of `@socket.io/redis-adapter`, its emitter |
/// | [`Redis::sharded`] | sharded Pub/Sub (Redis 7); a node hears the rooms that have members there | Node's `createShardedAdapter` |
/// | [`Redis::streams`] | streams; every node hears everything, also what came while it was away | Node's `@socket.io/redis-streams-adapter` |
///
/// Redis must be of version 6 at least.
///
/// ```
/// use roomcast::{adapter::Redis, prelude::*};
/// # #[derive(EventHandlers)] #[handles()] struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// let hub = Hub::builder()
///     .namespace::<Chat>("/")
///     .adapter(Redis::pub_sub("redis://127.0.0.1/"))
///     .build()?;
/// # Ok::<_, roomcast::BuildError>(())
/// ```
///
/// # The URL
/// `redis://[user][:password@]host[:port][/database]`, with `rediss` for TLS, or
/// `redis+unix:///path`. What has another meaning in a URL is percent-encoded in a password.
/// Pub/Sub does not know databases: nodes with different ones hear each other.
///
/// # When Redis is away
/// Sockets of this node get everything as always. Messages to other nodes wait, up to
/// [`max_outbox_bytes`](Self::max_outbox_bytes), and are sent when it is back; those that were on
/// their way when the connection broke may be lost, and so is what other nodes sent meanwhile. The
/// node connects again with growing, random delays between 50 ms and 5 s. It calls itself
/// [connected](crate::Cluster::is_connected) once every subscription is confirmed.
///
/// A Redis that stalls is noticed: after [`response_timeout`](Self::response_timeout), or one and a
/// half times that if nothing is published.
#[derive(Debug, Clone)]
#[must_use = "it is given to `HubBuilder::adapter`"]
pub struct Redis<D> {
    pub(super) link: LinkOptions,
    pub(super) dialect: D,
}

impl<D> Redis<D> {
    pub(super) fn new(url: impl Into<String>, dialect: D) -> Self {
        Self {
            link: LinkOptions::new(url),
            dialect,
        }
    }

    /// Asks these sentinels for the master of this name, now and after each failover. The URL's host
    /// is not used; its user, password, database and TLS are those of the master. The URLs of the
    /// sentinels have their own. The master needs a name, and at least one sentinel must be given.
    pub fn sentinel<U: Into<String>>(
        mut self,
        master: impl Into<String>,
        sentinels: impl IntoIterator<Item = U>,
    ) -> Self {
        self.link.kind = Kind::Sentinel {
            master: master.into(),
            urls: sentinels.into_iter().map(Into::into).collect(),
        };
        self
    }

    /// The URL is that of one node of a Redis Cluster, these are further ones: they are asked for
    /// the others. User, password and TLS are those of the URL.
    pub fn cluster<U: Into<String>>(mut self, nodes: impl IntoIterator<Item = U>) -> Self {
        self.link.kind = Kind::Cluster {
            urls: nodes.into_iter().map(Into::into).collect(),
        };
        self
    }

    /// The certificate that signed the one of Redis, in PEM form; several may follow each other.
    /// By default those of the system are trusted.
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.link.certificates.root = Some(pem.into());
        self
    }

    /// The certificate chain and the key by which Redis knows this node, in PEM form.
    pub fn client_certificate(
        mut self,
        chain: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.link.certificates.client = Some((chain.into(), key.into()));
        self
    }

    /// For how long Redis may leave a command unanswered before it counts as away. By default 5 s:
    /// longer than a server that forks or runs a slow script is silent. Not zero.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.link.response_timeout = timeout;
        self
    }

    /// For how long an attempt to connect may take, TLS and login included; by default 5 s. Not zero.
    pub fn connection_timeout(mut self, timeout: Duration) -> Self {
        self.link.connection_timeout = timeout;
        self
    }

    /// How much may wait for Redis, by default 16 MiB. Not zero.
    pub fn max_outbox_bytes(mut self, bytes: usize) -> Self {
        self.link.max_outbox_bytes = bytes;
        self
    }

    /// What happens to what does not fit; by default [`OutboxPolicy::DropNewest`]. Counted by its
    /// policy in [`Stats::cluster_dropped`](crate::Stats::cluster_dropped).
    pub fn outbox_policy(mut self, policy: OutboxPolicy) -> Self {
        self.link.outbox_policy = policy;
        self
    }
}
