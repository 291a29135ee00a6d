//! Node's `createShardedAdapter`: sharded Pub/Sub, where a room has its own channel.

mod ear;

use std::sync::Arc;

use super::{
    attached::Attached,
    builder::Redis,
    counting,
    interest::Interest,
    link::Link,
    options::refuse_empty,
    publish::{command, not_encoded},
    slot::slot,
};
use crate::cluster::{
    adapter::{
        Adapter, AdapterContext, AdapterError, AdapterFuture, Inbound, IntoAdapter, Message,
        PublishError, Store,
    },
    wire::{
        Channel,
        layer::{self, Encoding},
    },
};
use crate::config::SharedState;
use ear::Ear;

/// Which rooms have a channel of their own, to which a node subscribes only while the room has members
/// on it. All nodes of a cluster must use the same mode.
///
/// ```
/// use roomcast::adapter::{Redis, SubscriptionMode};
///
/// let adapter = Redis::sharded("redis://10.0.0.5/").subscription_mode(SubscriptionMode::Static);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SubscriptionMode {
    /// None: every node receives everything. For few rooms with members on all nodes, or for short-lived
    /// rooms.
    Static,
    /// All rooms except the private rooms of sockets, whose messages every node receives. The default.
    #[default]
    Dynamic,
    /// All rooms, the private rooms of sockets included. For many messages to single sockets.
    DynamicPrivate,
}

/// The options of [`Redis::sharded`].
///
/// ```
/// use roomcast::adapter::Redis;
///
/// let adapter = Redis::sharded("redis://10.0.0.5/").channel_prefix("chat");
/// ```
#[derive(Debug, Clone)]
pub struct Sharded {
    prefix: String,
    mode: SubscriptionMode,
}

impl Redis<Sharded> {
    /// An adapter on the sharded Pub/Sub of Redis 7, compatible with `createShardedAdapter` of
    /// `@socket.io/redis-adapter`: only nodes with members of a room receive broadcasts to it, and in a
    /// Redis Cluster only one shard carries them. Not compatible with [`Redis::pub_sub`].
    pub fn sharded(url: impl Into<String>) -> Self {
        Self::new(
            url,
            Sharded {
                prefix: "socket.io".to_owned(),
                mode: SubscriptionMode::default(),
            },
        )
    }

    /// Prefix of all channels, as the option `channelPrefix` on Node.js; not empty. Default `socket.io`.
    pub fn channel_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.dialect.prefix = prefix.into();
        self
    }

    /// Which rooms have a channel of their own, as the option `subscriptionMode` on Node.js. Default
    /// [`SubscriptionMode::Dynamic`].
    pub fn subscription_mode(mut self, mode: SubscriptionMode) -> Self {
        self.dialect.mode = mode;
        self
    }
}

impl IntoAdapter for Redis<Sharded> {
    fn into_adapter(self, context: AdapterContext) -> Result<Arc<dyn Adapter>, AdapterError> {
        refuse_empty(&[("channel_prefix", &self.dialect.prefix)])?;
        Ok(Arc::new(ShardedAdapter {
            link: Link::new(&self.link, &context)?,
            server_id: context.server_id,
            options: self.dialect,
            namespaces: Attached::default(),
        }))
    }
}

/// Characters of a socket's id.
const SOCKET_ID: usize = 20;

impl SubscriptionMode {
    /// Whether a broadcast to this room alone goes to the room's own channel.
    fn has_channel(self, room: &str) -> bool {
        match self {
            Self::Static => false,
            // Node takes every name of an id's length, counted in UTF-16, for an id.
            Self::Dynamic => room.encode_utf16().count() != SOCKET_ID,
            Self::DynamicPrivate => true,
        }
    }
}

struct ShardedAdapter {
    link: Link,
    server_id: Arc<str>,
    options: Sharded,
    namespaces: Attached<Channel>,
}

impl ShardedAdapter {
    fn channel(&self, namespace: &str) -> Arc<Channel> {
        let known = self.namespaces.get(namespace);
        known.unwrap_or_else(|| Arc::new(Channel::new(&self.options.prefix, namespace)))
    }

    async fn count(&self, channel: &Channel) -> Result<usize, AdapterError> {
        let own = channel.named(&self.server_id);
        counting::subscribers(&self.link, "SHARDNUMSUB", channel.name(), &own).await
    }

    /// Whether this room is listened to on a channel of its own, as long as it has members. The channel of a
    /// room with this node's name is that of the node's answers, which is never left.
    fn listens_to(&self, room: &str) -> bool {
        self.options.mode.has_channel(room) && *room != *self.server_id
    }

    fn send(
        &self,
        namespace: &str,
        channel: &str,
        message: &Message<'_>,
    ) -> Result<(), PublishError> {
        let payload = layer::encode(&self.server_id, namespace, message, Encoding::Smallest)
            .map_err(not_encoded)?;
        let slot = slot(channel.as_bytes());
        self.link
            .send(command("SPUBLISH", channel, &payload, slot, message))
    }
}

impl Adapter for ShardedAdapter {
    fn run(self: Arc<Self>, inbound: Inbound) -> AdapterFuture<'static, ()> {
        Box::pin(async move {
            let adapter = Arc::clone(&self);
            self.link.run(Arc::new(Ear::new(adapter, inbound))).await;
        })
    }

    fn attach(&self, namespace: &Arc<str>) {
        let channel = Channel::new(&self.options.prefix, namespace);
        self.namespaces.insert(namespace, channel);
        self.link.mark(Interest::in_namespace(namespace));
    }

    fn detach(&self, namespace: &str) {
        self.namespaces.remove(namespace);
        self.link.mark(Interest::in_namespace(&namespace.into()));
    }

    fn room_changed(&self, namespace: &str, room: &str) {
        if self.listens_to(room) {
            self.link.mark(Interest {
                namespace: namespace.into(),
                room: Some(room.into()),
            });
        }
    }

    fn wants_private_rooms(&self) -> bool {
        self.options.mode == SubscriptionMode::DynamicPrivate
    }

    fn publish(&self, namespace: &str, message: &Message<'_>) -> Result<(), PublishError> {
        let channel = self.channel(namespace);
        if let Message::Broadcast {
            options,
            request: None,
            ..
        } = message
            && let [room] = options.rooms.as_slice()
            && self.options.mode.has_channel(room)
        {
            return self.send(namespace, &channel.named(room), message);
        }
        self.send(namespace, channel.name(), message)
    }

    fn respond(
        &self,
        namespace: &str,
        to: &str,
        message: &Message<'_>,
    ) -> Result<(), PublishError> {
        let channel = self.channel(namespace);
        self.send(namespace, &channel.named(to), message)
    }

    fn subscribed(&self) -> AdapterFuture<'_, ()> {
        Box::pin(self.link.settled())
    }

    fn store(&self, options: &SharedState) -> Option<Arc<dyn Store>> {
        self.link.store(options)
    }

    fn server_count(&self, namespace: &str) -> AdapterFuture<'_, Result<usize, AdapterError>> {
        let channel = self.channel(namespace);
        Box::pin(async move { self.count(&channel).await })
    }

    fn server_ids(
        &self,
        namespace: &str,
    ) -> AdapterFuture<'_, Result<Vec<Arc<str>>, AdapterError>> {
        let channel = self.channel(namespace);
        Box::pin(async move {
            let pattern = match self.options.mode {
                SubscriptionMode::Static => channel.pattern(),
                // Rooms of other names have channels, too.
                SubscriptionMode::Dynamic | SubscriptionMode::DynamicPrivate => {
                    channel.pattern_of_nodes()
                }
            };
            let ids = counting::names(&self.link, "SHARDCHANNELS", &channel, &pattern).await?;
            match ids.len() == self.count(&channel).await? {
                true => Ok(ids),
                false => Err(AdapterError::new("nodes and rooms cannot be told apart")),
            }
        })
    }

    fn unsubscribe(&self) -> AdapterFuture<'_, ()> {
        Box::pin(self.link.unsubscribe())
    }

    fn close(&self) -> AdapterFuture<'_, ()> {
        Box::pin(self.link.close())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::metrics::Metrics;

    #[test]
    fn a_room_named_like_the_node_does_not_end_the_channel_of_its_answers() {
        let context = AdapterContext {
            server_id: "node-1".into(),
            recovery: false,
            metrics: Arc::new(Metrics::new()),
        };
        let redis = Redis::sharded("redis://127.0.0.1/");
        let adapter = ShardedAdapter {
            link: Link::new(&redis.link, &context).unwrap(),
            server_id: context.server_id,
            options: redis.dialect,
            namespaces: Attached::default(),
        };
        let rooms = ["lobby", "node-1", "node-2"];
        assert_eq!(
            rooms.map(|room| adapter.listens_to(room)),
            [true, false, true]
        );
    }
}
