//! Node's `createShardedAdapter`: sharded Pub/Sub, where a room has its own channel.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use bytes::Bytes;

use super::{
    builder::Redis,
    counting,
    interest::{Interest, Topic},
    link::{Link, Listener},
    publish::{command, not_encoded},
    slot::slot,
};
use crate::cluster::{
    adapter::{
        Adapter, AdapterContext, AdapterError, AdapterFuture, Inbound, IntoAdapter, Message,
        PublishError, Received, Store,
    },
    wire::{
        Channel, WireError,
        layer::{self, Content, Encoding, Envelope},
    },
};
use crate::config::SharedState;

/// Which rooms have a channel of their own. All nodes of a cluster must agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SubscriptionMode {
    /// None: every node hears everything. For few rooms with members everywhere, or rooms that come
    /// and go quickly.
    Static,
    /// Rooms that an application names; what goes to one socket is heard by all. The default.
    #[default]
    Dynamic,
    /// Each socket's own room, too. For many messages to single sockets.
    DynamicPrivate,
}

/// The options of [`Redis::sharded`].
#[derive(Debug, Clone)]
pub struct Sharded {
    prefix: String,
    mode: SubscriptionMode,
}

impl Redis<Sharded> {
    /// Sharded Pub/Sub of Redis 7, as Node's `createShardedAdapter`: a broadcast to one room is
    /// heard by the nodes that have members there only, and in a Redis Cluster its channel is
    /// carried by one shard. It does not speak with [`Redis::pub_sub`].
    pub fn sharded(url: impl Into<String>) -> Self {
        Self::new(
            url,
            Sharded {
                prefix: "socket.io".to_owned(),
                mode: SubscriptionMode::default(),
            },
        )
    }

    /// How all channels begin: `socket.io`, unless Node's option `channelPrefix` is another.
    pub fn channel_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.dialect.prefix = prefix.into();
        self
    }

    /// Which rooms have a channel of their own, as Node's option `subscriptionMode`.
    pub fn subscription_mode(mut self, mode: SubscriptionMode) -> Self {
        self.dialect.mode = mode;
        self
    }
}

impl IntoAdapter for Redis<Sharded> {
    fn into_adapter(self, context: AdapterContext) -> Result<Arc<dyn Adapter>, AdapterError> {
        Ok(Arc::new(ShardedAdapter {
            link: Link::new(&self.link, &context)?,
            server_id: context.server_id,
            options: self.dialect,
            namespaces: RwLock::default(),
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
    namespaces: RwLock<HashMap<Arc<str>, Arc<Channel>>>,
}

impl ShardedAdapter {
    fn channel(&self, namespace: &str) -> Arc<Channel> {
        let known = self.attached(namespace);
        known.unwrap_or_else(|| Arc::new(Channel::new(&self.options.prefix, namespace)))
    }

    fn attached(&self, namespace: &str) -> Option<Arc<Channel>> {
        let namespaces = self
            .namespaces
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        namespaces.get(namespace).cloned()
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
            self.link.run(Arc::new(Ear { adapter, inbound })).await;
        })
    }

    fn attach(&self, namespace: &Arc<str>) {
        let channel = Arc::new(Channel::new(&self.options.prefix, namespace));
        self.namespaces
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(Arc::clone(namespace), channel);
        self.link.mark(Interest::in_namespace(namespace));
    }

    fn detach(&self, namespace: &str) {
        self.namespaces
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(namespace);
        self.link.mark(Interest::in_namespace(&namespace.into()));
    }

    fn room_changed(&self, namespace: &str, room: &str) {
        if self.options.mode.has_channel(room) {
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
        Box::pin(
            async move { counting::subscribers(&self.link, "SHARDNUMSUB", channel.name()).await },
        )
    }

    fn close(&self) -> AdapterFuture<'_, ()> {
        Box::pin(self.link.close())
    }
}

/// Takes what comes to the hub.
struct Ear {
    adapter: Arc<ShardedAdapter>,
    inbound: Inbound,
}

impl Ear {
    fn receive(&self, channel: &str, payload: &[u8]) -> Result<(), WireError> {
        let envelope = Envelope::read(payload)?;
        let (from, namespace) = (envelope.uid.clone(), envelope.nsp.clone());
        if *from == *self.adapter.server_id {
            return Ok(());
        }
        let ours = self.adapter.attached(&namespace);
        if ours.is_none_or(|ours| ours.place(channel).is_none()) {
            return Ok(());
        }
        // Heartbeats belong to another adapter: nodes are counted by their subscriptions.
        if let Content::Message { message, .. } = envelope.decode()? {
            self.inbound.receive(Received {
                namespace: &namespace,
                from: Some(&from),
                message,
            });
        }
        Ok(())
    }
}

impl Listener for Ear {
    fn interests(&self) -> Vec<Interest> {
        let mode = self.adapter.options.mode;
        let namespaces: Vec<_> = {
            let namespaces = self
                .adapter
                .namespaces
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            namespaces.keys().cloned().collect()
        };
        let mut interests = Vec::new();
        for namespace in namespaces {
            let rooms = match mode {
                SubscriptionMode::Static => Vec::new(),
                _ => self.inbound.rooms(&namespace),
            };
            let rooms = rooms.into_iter().filter(|room| mode.has_channel(room));
            interests.extend(rooms.map(|room| Interest {
                namespace: Arc::clone(&namespace),
                room: Some(room),
            }));
            interests.push(Interest::in_namespace(&namespace));
        }
        interests
    }

    fn is_wanted(&self, interest: &Interest) -> bool {
        let attached = self.adapter.attached(&interest.namespace).is_some();
        attached
            && interest
                .room
                .as_deref()
                .is_none_or(|room| self.inbound.has_members(&interest.namespace, room))
    }

    fn keeps(&self, interest: &Interest) -> Option<Duration> {
        self.inbound.keeps(&interest.namespace)
    }

    fn topics(&self, interest: &Interest) -> Vec<Topic> {
        let channel = self.adapter.channel(&interest.namespace);
        match &interest.room {
            Some(room) => vec![Topic::Shard(channel.named(room))],
            None => vec![
                Topic::Shard(channel.name().to_owned()),
                Topic::Shard(channel.named(&self.adapter.server_id)),
            ],
        }
    }

    fn message(&self, _: &str, channel: &str, payload: Bytes) {
        if let Err(error) = self.receive(channel, &payload) {
            self.inbound.malformed(&error);
        }
    }

    fn connected(&self) {
        self.inbound.connected();
    }

    fn disconnected(&self, error: &AdapterError) {
        self.inbound.disconnected(error);
    }
}
