//! Node's `createAdapter`: Pub/Sub, and requests on channels that all nodes hear.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use bytes::Bytes;

use super::{
    builder::Redis,
    counting,
    interest::{Interest, Topic},
    link::{Link, Listener},
    publish::{command, is_request, not_encoded, raw},
};
use crate::cluster::{
    adapter::{
        Adapter, AdapterContext, AdapterError, AdapterFuture, Inbound, IntoAdapter, Message,
        PublishError, Received, Store,
    },
    wire::{
        Place, WireError,
        classic::{self, Answer, Broadcast, Channels, Request, Sender},
    },
};
use crate::config::SharedState;

/// The options of [`Redis::pub_sub`].
#[derive(Debug, Clone)]
pub struct PubSub {
    pub(super) key: String,
    specific_answers: bool,
}

impl Redis<PubSub> {
    /// Pub/Sub, as Node's `createAdapter` of `@socket.io/redis-adapter` 8: nodes of both kinds form
    /// one cluster, and Node's emitter reaches both.
    pub fn pub_sub(url: impl Into<String>) -> Self {
        Self::new(
            url,
            PubSub {
                key: "socket.io".to_owned(),
                specific_answers: false,
            },
        )
    }

    /// How all channels begin: `socket.io`, unless Node's option `key` is another.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.dialect.key = key.into();
        self
    }

    /// Answers go to the node that asked only, not to all: Node's option of the same name, off by
    /// default. Nodes may differ in it.
    pub fn publish_on_specific_response_channel(mut self, on: bool) -> Self {
        self.dialect.specific_answers = on;
        self
    }
}

impl IntoAdapter for Redis<PubSub> {
    fn into_adapter(self, context: AdapterContext) -> Result<Arc<dyn Adapter>, AdapterError> {
        Ok(Arc::new(PubSubAdapter {
            link: Link::new(&self.link, &context)?,
            server_id: context.server_id,
            options: self.dialect,
            namespaces: RwLock::default(),
        }))
    }
}

struct PubSubAdapter {
    link: Link,
    server_id: Arc<str>,
    options: PubSub,
    namespaces: RwLock<Namespaces>,
}

#[derive(Default)]
struct Namespaces {
    channels: HashMap<Arc<str>, Arc<Channels>>,
    /// What comes because of which topic.
    purposes: HashMap<String, (Arc<str>, Purpose)>,
}

#[derive(Clone, Copy)]
enum Purpose {
    Broadcasts,
    Requests,
    SharedAnswers,
    OwnAnswers,
}

impl PubSubAdapter {
    fn channels(&self, namespace: &str) -> Arc<Channels> {
        let namespaces = self
            .namespaces
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let known = namespaces.channels.get(namespace).cloned();
        known.unwrap_or_else(|| Arc::new(Channels::new(&self.options.key, namespace)))
    }

    fn topics(&self, channels: &Channels) -> [(Topic, Purpose); 4] {
        let answers = &channels.answers;
        [
            (
                Topic::Pattern(channels.broadcasts.pattern()),
                Purpose::Broadcasts,
            ),
            (
                Topic::Channel(channels.requests.name().to_owned()),
                Purpose::Requests,
            ),
            (
                Topic::Channel(answers.name().to_owned()),
                Purpose::SharedAnswers,
            ),
            (
                Topic::Channel(answers.named(&self.server_id)),
                Purpose::OwnAnswers,
            ),
        ]
    }

    fn send(
        &self,
        namespace: &str,
        channel: &str,
        message: &Message<'_>,
    ) -> Result<(), PublishError> {
        let sender = Sender::Node(&self.server_id);
        let payload = classic::encode(sender, namespace, message).map_err(not_encoded)?;
        // All to one master, which tells the others: one order for all channels.
        self.link
            .send(command("PUBLISH", channel, &payload, 0, message))
    }
}

impl Adapter for PubSubAdapter {
    fn run(self: Arc<Self>, inbound: Inbound) -> AdapterFuture<'static, ()> {
        Box::pin(async move {
            let adapter = Arc::clone(&self);
            self.link.run(Arc::new(Ear { adapter, inbound })).await;
        })
    }

    fn attach(&self, namespace: &Arc<str>) {
        let channels = Channels::new(&self.options.key, namespace);
        let topics = self.topics(&channels);
        {
            let mut namespaces = self
                .namespaces
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            for (topic, purpose) in topics {
                let purpose = (Arc::clone(namespace), purpose);
                namespaces.purposes.insert(topic.into_name(), purpose);
            }
            namespaces
                .channels
                .insert(Arc::clone(namespace), Arc::new(channels));
        }
        self.link.mark(Interest::in_namespace(namespace));
    }

    fn detach(&self, namespace: &str) {
        {
            let mut namespaces = self
                .namespaces
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            namespaces.channels.remove(namespace);
            namespaces
                .purposes
                .retain(|_, (name, _)| **name != *namespace);
        }
        self.link.mark(Interest::in_namespace(&namespace.into()));
    }

    fn publish(&self, namespace: &str, message: &Message<'_>) -> Result<(), PublishError> {
        let channels = self.channels(namespace);
        self.send(namespace, &channels.publish(message), message)
    }

    fn respond(
        &self,
        namespace: &str,
        to: &str,
        message: &Message<'_>,
    ) -> Result<(), PublishError> {
        let channels = self.channels(namespace);
        // Node reads answers to server-side events on the shared channel only.
        let shared = matches!(message, Message::ServerSideAck { .. }) || to.is_empty();
        match self.options.specific_answers && !shared {
            true => self.send(namespace, &channels.answers.named(to), message),
            false => self.send(namespace, channels.answers.name(), message),
        }
    }

    fn subscribed(&self) -> AdapterFuture<'_, ()> {
        Box::pin(self.link.settled())
    }

    fn store(&self, options: &SharedState) -> Option<Arc<dyn Store>> {
        self.link.store(options)
    }

    fn server_count(&self, namespace: &str) -> AdapterFuture<'_, Result<usize, AdapterError>> {
        let channels = self.channels(namespace);
        Box::pin(async move {
            counting::subscribers(&self.link, "NUMSUB", channels.requests.name()).await
        })
    }

    fn server_ids(
        &self,
        namespace: &str,
    ) -> AdapterFuture<'_, Result<Vec<Arc<str>>, AdapterError>> {
        let channels = self.channels(namespace);
        Box::pin(async move {
            // Node's servers listen to theirs with each response mode, too.
            let answers = &channels.answers;
            counting::names(&self.link, "CHANNELS", answers, &answers.pattern()).await
        })
    }

    fn close(&self) -> AdapterFuture<'_, ()> {
        Box::pin(self.link.close())
    }
}

/// Takes what comes to the hub.
struct Ear {
    adapter: Arc<PubSubAdapter>,
    inbound: Inbound,
}

impl Ear {
    fn broadcast(&self, namespace: &str, channel: &str, payload: &[u8]) -> Result<(), WireError> {
        let channels = self.adapter.channels(namespace);
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
        if named == namespace {
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
        let command = raw("PUBLISH", channels.answers.name(), confirmation, 0);
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
        self.inbound.receive(Received {
            namespace,
            from: None,
            message: answer.decode()?,
        });
        Ok(())
    }
}

impl Listener for Ear {
    fn interests(&self) -> Vec<Interest> {
        let namespaces = self
            .adapter
            .namespaces
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        namespaces
            .channels
            .keys()
            .map(Interest::in_namespace)
            .collect()
    }

    fn is_wanted(&self, interest: &Interest) -> bool {
        let namespaces = self
            .adapter
            .namespaces
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        namespaces.channels.contains_key(&interest.namespace)
    }

    fn topics(&self, interest: &Interest) -> Vec<Topic> {
        let channels = self.adapter.channels(&interest.namespace);
        let topics = self.adapter.topics(&channels).into_iter();
        topics.map(|(topic, _)| topic).collect()
    }

    fn message(&self, topic: &str, channel: &str, payload: Bytes) {
        let purpose = {
            let namespaces = self
                .adapter
                .namespaces
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            namespaces.purposes.get(topic).cloned()
        };
        let Some((namespace, purpose)) = purpose else {
            return;
        };
        let taken = match purpose {
            Purpose::Broadcasts => self.broadcast(&namespace, channel, &payload),
            Purpose::Requests => self.request(&namespace, &payload),
            Purpose::SharedAnswers => self.answer(&namespace, &payload, true),
            Purpose::OwnAnswers => self.answer(&namespace, &payload, false),
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
