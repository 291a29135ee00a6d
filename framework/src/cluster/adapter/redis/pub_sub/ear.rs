use std::sync::Arc;

use super::{Heard, PubSubAdapter, Purpose, SLOT};
use crate::{
    cluster::{
        adapter::{
            Inbound, Message, Received,
            redis::{
                interest::{Interest, Topic},
                link::Listener,
                publish::{is_request, raw},
                round_trips::{self, ToItself},
            },
        },
        wire::{
            Place, WireError,
            classic::{self, Answer, Broadcast, Request, Sender},
        },
    },
    error::AdapterError,
};

/// Takes what comes to the hub.
pub(super) struct Ear {
    adapter: Arc<PubSubAdapter>,
    inbound: Inbound,
}

impl Ear {
    pub(super) fn new(adapter: Arc<PubSubAdapter>, inbound: Inbound) -> Self {
        Self { adapter, inbound }
    }

    fn broadcast(
        &self,
        Heard {
            namespace,
            channels,
            ..
        }: &Heard,
        channel: &str,
        payload: &[u8],
    ) -> Result<(), WireError> {
        match channels.broadcasts.place(channel) {
            // Not decoded where nobody would get it, nor come back for it.
            Some(Place::Named(room))
                if !self.inbound.has_members(namespace, room)
                    && self.inbound.keeps(namespace).is_none() =>
            {
                return Ok(());
            }
            Some(_) => {}
            None => return Ok(()),
        }
        let broadcast = Broadcast::read(payload)?;
        let from = broadcast.uid.clone();
        if from.as_deref() == Some(&*self.adapter.server_id) {
            return Ok(());
        }
        let (named, message) = broadcast.decode()?;
        if *named == **namespace {
            self.inbound.receive(Received {
                namespace,
                from: from.as_deref(),
                message,
            });
        }
        Ok(())
    }

    fn request(&self, namespace: &str, payload: &[u8]) -> Result<(), WireError> {
        let request = Request::read(payload)?;
        let from = request.uid.clone();
        if from.as_deref() == Some(&*self.adapter.server_id) {
            return Ok(());
        }
        let confirmation = request.confirmation()?;
        let message = request.decode()?;
        // Who did not say its name is answered on the channel that all hear.
        let nameless = is_request(&message).then_some("");
        let confirmed = confirmation.filter(|_| self.has_first(namespace, &message));
        let received = Received {
            namespace,
            from: from.as_deref().or(nameless),
            message,
        };
        self.inbound.receive(received);
        if let Some(confirmation) = confirmed {
            self.confirm(namespace, &confirmation);
        }
        Ok(())
    }

    /// Whether the one socket that an old request names is here.
    fn has_first(&self, namespace: &str, message: &Message<'_>) -> bool {
        let (Message::Join { options, .. }
        | Message::Leave { options, .. }
        | Message::Disconnect { options, .. }) = message
        else {
            return false;
        };
        let socket = options.rooms.first();
        socket.is_some_and(|socket| self.inbound.has_members(namespace, socket))
    }

    fn confirm(&self, namespace: &str, confirmation: &[u8]) {
        let channels = self.adapter.channels(namespace);
        let command = raw("PUBLISH", channels.answers.name(), confirmation, SLOT);
        if let Err(error) = self.adapter.link.send(command) {
            tracing::debug!(%error, "a request in the old form was not confirmed");
        }
    }

    fn answer(&self, namespace: &str, payload: &[u8], shared: bool) -> Result<(), WireError> {
        let answer = Answer::read(payload)?;
        // Nearly all on the shared channel are for other nodes.
        if shared && !self.inbound.awaits(&answer.request) {
            return Ok(());
        }
        let message = answer.decode()?;
        if !shared {
            let round_trips = &self.adapter.link.round_trips;
            round_trips.look_at(&message, &self.inbound);
        }
        self.inbound.receive(Received {
            namespace,
            from: None,
            message,
        });
        Ok(())
    }
}

impl Listener for Ear {
    fn interests(&self) -> Vec<Interest> {
        self.adapter.namespaces.interests()
    }

    fn is_wanted(&self, interest: &Interest) -> bool {
        self.adapter.namespaces.has(&interest.namespace)
    }

    fn topics(&self, interest: &Interest) -> Vec<Topic> {
        let channels = self.adapter.channels(&interest.namespace);
        let topics = self.adapter.topics(&channels).into_iter();
        topics.map(|(topic, _)| topic).collect()
    }

    /// All is published there; each master tells what it has heard of the others.
    fn slots(&self) -> Option<Vec<u16>> {
        Some(vec![SLOT])
    }

    fn to_itself(&self, id: &str) -> Option<ToItself> {
        let (namespace, channels) = self.adapter.namespaces.first()?;
        let server_id = &self.adapter.server_id;
        let sender = Sender::Node(server_id);
        let payload = classic::encode(sender, &namespace, &round_trips::answer(id)).ok()?;
        let channel = channels.answers.named(server_id);
        // To the master that all others go to.
        let command = raw("PUBLISH", &channel, &payload, SLOT);
        Some(ToItself {
            payload,
            command,
            measured: true,
        })
    }

    fn message(&self, topic: &str, channel: &str, payload: &[u8]) {
        let Some(heard) = self.adapter.heard(topic) else {
            return;
        };
        let namespace = &heard.namespace;
        let taken = match heard.purpose {
            Purpose::Broadcasts => self.broadcast(&heard, channel, payload),
            Purpose::Requests => self.request(namespace, payload),
            Purpose::SharedAnswers => self.answer(namespace, payload, true),
            Purpose::OwnAnswers => self.answer(namespace, payload, false),
        };
        if let Err(error) = taken {
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
