use std::{sync::Arc, time::Duration};

use super::{ShardedAdapter, SubscriptionMode};
use crate::{
    cluster::{
        adapter::{
            Inbound, Received,
            redis::{
                interest::{Interest, Topic},
                link::Listener,
                publish::raw,
                round_trips::{self, ToItself},
                slot::slot,
            },
        },
        wire::{
            WireError,
            layer::{self, Content, Encoding, Envelope},
        },
    },
    error::AdapterError,
};

/// Takes what comes to the hub.
pub(super) struct Ear {
    adapter: Arc<ShardedAdapter>,
    inbound: Inbound,
}

impl Ear {
    pub(super) fn new(adapter: Arc<ShardedAdapter>, inbound: Inbound) -> Self {
        Self { adapter, inbound }
    }

    fn receive(&self, channel: &str, payload: &[u8]) -> Result<(), WireError> {
        let envelope = Envelope::read(payload)?;
        let (from, namespace) = (envelope.uid.clone(), envelope.nsp.clone());
        let server_id = &*self.adapter.server_id;
        let is_own = *from == *server_id;
        // Nobody else has anything to say there in the name of this node.
        if is_own && !is_named(channel, server_id) {
            return Ok(());
        }
        let ours = self.adapter.namespaces.get(&namespace);
        if ours.is_none_or(|ours| ours.place(channel).is_none()) {
            return Ok(());
        }
        // Heartbeats belong to another adapter: nodes are counted by their subscriptions.
        if let Content::Message { message, .. } = envelope.decode()? {
            if is_own {
                let round_trips = &self.adapter.link.round_trips;
                round_trips.look_at(&message, &self.inbound);
            }
            self.inbound.receive(Received {
                namespace: &namespace,
                from: Some(&from),
                message,
            });
        }
        Ok(())
    }
}

/// Whether a channel has a name, which may be that of a node.
fn is_named(channel: &str, name: &str) -> bool {
    let before = channel.strip_suffix('#');
    let before = before.and_then(|before| before.strip_suffix(name));
    before.is_some_and(|before| before.ends_with('#'))
}

impl Listener for Ear {
    fn interests(&self) -> Vec<Interest> {
        let namespaces = self.adapter.namespaces.interests();
        let mut interests = Vec::new();
        if self.adapter.options.mode != SubscriptionMode::Static {
            for Interest { namespace, .. } in &namespaces {
                let rooms = self.inbound.rooms(namespace).into_iter();
                let rooms = rooms.filter(|room| self.adapter.listens_to(room));
                interests.extend(rooms.map(|room| Interest {
                    namespace: Arc::clone(namespace),
                    room: Some(room),
                }));
            }
        }
        // Behind the rooms: who listens to a namespace is counted.
        interests.extend(namespaces);
        interests
    }

    fn is_wanted(&self, interest: &Interest) -> bool {
        let Interest { namespace, room } = interest;
        let is_joined = |room: &str| self.inbound.has_members(namespace, room);
        self.adapter.namespaces.has(namespace) && room.as_deref().is_none_or(is_joined)
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

    /// On one of the masters of a Redis Cluster: that of this channel.
    fn to_itself(&self, id: &str) -> Option<ToItself> {
        let (namespace, channel) = self.adapter.namespaces.first()?;
        let server_id = &self.adapter.server_id;
        let message = round_trips::answer(id);
        let payload = layer::encode(server_id, &namespace, &message, Encoding::Smallest).ok()?;
        let channel = channel.named(server_id);
        let command = raw("SPUBLISH", &channel, &payload, slot(channel.as_bytes()));
        Some(ToItself {
            payload,
            command,
            measured: true,
        })
    }

    fn message(&self, _: &str, channel: &str, payload: &[u8]) {
        if let Err(error) = self.receive(channel, payload) {
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
