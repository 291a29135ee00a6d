//! What is not in the streams: requests, which only those answer who are there, and answers.

use std::sync::Arc;

use super::{adapter::StreamsAdapter, health::Part};
use crate::{
    cluster::{
        adapter::{
            Inbound, Received,
            redis::{
                interest::{Interest, Topic},
                link::Listener,
                round_trips::{self, ToItself},
                slot::slot,
            },
        },
        wire::layer::{Content, Envelope},
    },
    error::AdapterError,
};

/// Listens to the channel of each namespace, and to that on which this node is answered.
pub(super) struct Ears {
    adapter: Arc<StreamsAdapter>,
    inbound: Inbound,
    part: Part,
}

impl Ears {
    pub(super) fn new(adapter: &Arc<StreamsAdapter>, inbound: Inbound, part: Part) -> Self {
        Self {
            adapter: Arc::clone(adapter),
            inbound,
            part,
        }
    }
}

impl Listener for Ears {
    fn interests(&self) -> Vec<Interest> {
        let namespaces = self.inbound.namespaces().into_iter();
        namespaces
            .map(|namespace| Interest::in_namespace(&namespace))
            .collect()
    }

    fn is_wanted(&self, interest: &Interest) -> bool {
        self.inbound.serves(&interest.namespace)
    }

    fn topics(&self, interest: &Interest) -> Vec<Topic> {
        let channel = self.adapter.channel(&interest.namespace);
        let topic = match self.adapter.options.sharded_pub_sub {
            true => Topic::Shard,
            false => Topic::Channel,
        };
        vec![
            topic(channel.name().to_owned()),
            topic(channel.named(self.inbound.server_id())),
        ]
    }

    /// Readers and writers are connected to the masters of the streams.
    fn slots(&self) -> Option<Vec<u16>> {
        let lanes = self.adapter.lanes.iter();
        let slots = lanes.map(|lane| slot(lane.key().as_bytes())).collect();
        (!self.adapter.options.sharded_pub_sub).then_some(slots)
    }

    /// It takes another way than what is in the streams.
    fn to_itself(&self, id: &str) -> Option<ToItself> {
        let namespace = self.inbound.any_namespace()?;
        let channel = self.adapter.channel(&namespace);
        let channel = channel.named(self.inbound.server_id());
        let message = round_trips::answer(id);
        let (payload, command) = self.adapter.packed(&namespace, &channel, &message).ok()?;
        Some(ToItself {
            payload,
            command,
            measured: false,
        })
    }

    fn message(&self, _: &str, _: &str, payload: &[u8]) {
        let envelope = match Envelope::read(payload) {
            Ok(envelope) => envelope,
            Err(error) => return self.inbound.malformed(&error),
        };
        let (namespace, from) = (envelope.nsp.clone(), envelope.uid.clone());
        match envelope.decode() {
            Ok(Content::Message { message, .. }) => {
                if *from == **self.inbound.server_id() {
                    let round_trips = &self.adapter.link.round_trips;
                    round_trips.look_at(&message, &self.inbound);
                }
                self.inbound.receive(Received {
                    namespace: &namespace,
                    from: Some(&from),
                    message,
                });
            }
            Ok(Content::InitialHeartbeat | Content::Heartbeat | Content::Close) => {}
            Err(error) => self.inbound.malformed(&error),
        }
    }

    fn connected(&self) {
        self.adapter.generation.begin();
        self.part.begin();
        self.part.up();
    }

    fn disconnected(&self, error: &AdapterError) {
        if !self.part.down(error) {
            self.inbound.disconnected(error);
        }
    }
}
