//! Node's `createAdapter`: Pub/Sub, and requests on channels that all nodes hear.

mod ear;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockWriteGuard},
};

use super::{
    attached::Attached,
    builder::Redis,
    counting,
    interest::{Interest, Topic},
    link::Link,
    options::refuse_empty,
    publish::{command, not_encoded},
};
use crate::cluster::{
    adapter::{
        Adapter, AdapterContext, AdapterError, AdapterFuture, Inbound, IntoAdapter, Message,
        PublishError, Store,
    },
    wire::classic::{self, Channels, Sender},
};
use crate::config::SharedState;
use ear::Ear;

/// The options of [`Redis::pub_sub`].
///
/// ```
/// use roomcast::adapter::Redis;
///
/// let adapter = Redis::pub_sub("redis://10.0.0.5/").key("chat");
/// ```
#[derive(Debug, Clone)]
pub struct PubSub {
    pub(super) key: String,
    specific_answers: bool,
}

impl Redis<PubSub> {
    /// An adapter on Redis Pub/Sub, compatible with `createAdapter` of `@socket.io/redis-adapter` 8:
    /// servers of both kinds can form one cluster, and `@socket.io/redis-emitter` reaches both.
    pub fn pub_sub(url: impl Into<String>) -> Self {
        Self::new(
            url,
            PubSub {
                key: "socket.io".to_owned(),
                specific_answers: false,
            },
        )
    }

    /// Prefix of all channels, as the option `key` on Node.js; not empty. Default `socket.io`.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.dialect.key = key.into();
        self
    }

    /// Whether answers are sent only to the node that asked instead of to all, as the option of that name
    /// on Node.js. Nodes may differ in it. Default false.
    pub fn publish_on_specific_response_channel(mut self, on: bool) -> Self {
        self.dialect.specific_answers = on;
        self
    }
}

impl PubSub {
    pub(super) fn validate(&self) -> Result<(), AdapterError> {
        refuse_empty(&[("key", &self.key)])
    }
}

impl IntoAdapter for Redis<PubSub> {
    fn into_adapter(self, context: AdapterContext) -> Result<Arc<dyn Adapter>, AdapterError> {
        self.dialect.validate()?;
        Ok(Arc::new(PubSubAdapter {
            link: Link::new(&self.link, &context)?,
            server_id: context.server_id,
            options: self.dialect,
            namespaces: Attached::default(),
            heard: RwLock::default(),
        }))
    }
}

/// Whose master is told everything, which tells the others: one order for all channels.
const SLOT: u16 = 0;

struct PubSubAdapter {
    link: Link,
    server_id: Arc<str>,
    options: PubSub,
    namespaces: Attached<Channels>,
    /// What comes because of which topic.
    heard: RwLock<HashMap<String, Heard>>,
}

/// What comes because of a topic.
#[derive(Clone)]
struct Heard {
    namespace: Arc<str>,
    channels: Arc<Channels>,
    purpose: Purpose,
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
        let known = self.namespaces.get(namespace);
        known.unwrap_or_else(|| Arc::new(Channels::new(&self.options.key, namespace)))
    }

    // Held for a few instructions.
    fn all_heard(&self) -> RwLockWriteGuard<'_, HashMap<String, Heard>> {
        self.heard.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn heard(&self, topic: &str) -> Option<Heard> {
        let heard = self.heard.read().unwrap_or_else(PoisonError::into_inner);
        heard.get(topic).cloned()
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
        self.link
            .send(command("PUBLISH", channel, &payload, SLOT, message))
    }
}

impl Adapter for PubSubAdapter {
    fn run(self: Arc<Self>, inbound: Inbound) -> AdapterFuture<'static, ()> {
        Box::pin(async move {
            let adapter = Arc::clone(&self);
            self.link.run(Arc::new(Ear::new(adapter, inbound))).await;
        })
    }

    fn attach(&self, namespace: &Arc<str>) {
        let channels = Arc::new(Channels::new(&self.options.key, namespace));
        let topics = self.topics(&channels).into_iter();
        let heard = topics.map(|(topic, purpose)| {
            let heard = Heard {
                namespace: Arc::clone(namespace),
                channels: Arc::clone(&channels),
                purpose,
            };
            (topic.into_name(), heard)
        });
        self.all_heard().extend(heard);
        self.namespaces.insert(namespace, channels);
        self.link.mark(Interest::in_namespace(namespace));
    }

    fn detach(&self, namespace: &str) {
        self.namespaces.remove(namespace);
        self.all_heard()
            .retain(|_, heard| *heard.namespace != *namespace);
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
            let (all, own) = (
                channels.requests.name(),
                channels.answers.named(&self.server_id),
            );
            counting::subscribers(&self.link, "NUMSUB", all, &own).await
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

    fn unsubscribe(&self) -> AdapterFuture<'_, ()> {
        Box::pin(self.link.unsubscribe())
    }

    fn close(&self) -> AdapterFuture<'_, ()> {
        Box::pin(self.link.close())
    }
}
