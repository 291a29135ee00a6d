use std::{sync::Arc, time::Duration};

use tokio::time::{self, timeout};

use super::{
    Streams,
    absence::Absence,
    adding::Adding,
    generation::Generation,
    lane::Lane,
    outbox::{Outbox, Pushed, Refused, Waiting},
    place::Places,
    portion::Portion,
    sessions::Sessions,
};
use crate::{
    cluster::{
        adapter::{
            Adapter, AdapterContext, AdapterFuture, Inbound, Message, PublishError, RecoveryLog,
            Store,
            redis::{
                attached::Attached,
                counting::{names, subscribers},
                interest::Interest,
                link::Link,
                options::{Kind, LinkOptions, OutboxPolicy},
                outbox::Command,
                publish::{command, is_awaited, not_encoded},
                slot::slot,
            },
        },
        wire::{
            Channel,
            entry::Fields,
            layer::{self, Encoding},
        },
    },
    config::SharedState,
    error::AdapterError,
    metrics::Metrics,
};

/// How often [`close`](Adapter::close) looks whether all has been written.
const FLUSHING: Duration = Duration::from_millis(2);

pub(super) struct StreamsAdapter {
    pub(super) options: Streams,
    outbox_policy: OutboxPolicy,
    pub(super) response_timeout: Duration,
    pub(super) server_id: Arc<str>,
    pub(super) recovery: bool,
    pub(super) metrics: Arc<Metrics>,
    streams: Places,
    /// All streams are in one, or each in its own: those of a Redis Cluster.
    pub(super) lanes: Vec<Arc<Lane>>,
    /// The channels of what is not in the streams.
    channels: Attached<Channel>,
    /// What is not in the streams, and the connection to Redis.
    pub(super) link: Link,
    pub(super) sessions: Sessions,
    pub(super) generation: Generation,
    pub(super) absence: Absence,
    /// Of entries that are read for clients that come back.
    pub(super) portion: Portion,
}

impl StreamsAdapter {
    /// # Errors
    /// If the options are not valid.
    pub(super) fn new(
        link: &LinkOptions,
        options: Streams,
        context: &AdapterContext,
    ) -> Result<Self, AdapterError> {
        let streams = Places::new(options.stream_name.clone(), options.stream_count);
        let lane = |names: &[String]| {
            let (bytes, policy) = (link.max_outbox_bytes, link.outbox_policy);
            let outbox = Outbox::new(names.len(), bytes, policy);
            let adding = Adding {
                server_id: Arc::clone(&context.server_id),
                max_len: options.max_len,
            };
            Arc::new(Lane::new(names.to_vec(), outbox, adding))
        };
        let lanes = match link.kind {
            Kind::Cluster { .. } => streams.names().chunks(1).map(lane).collect(),
            Kind::Single | Kind::Sentinel { .. } => vec![lane(streams.names())],
        };
        Ok(Self {
            link: Link::new(link, context)?,
            sessions: Sessions::new(Arc::clone(&context.metrics)),
            server_id: Arc::clone(&context.server_id),
            recovery: context.recovery,
            metrics: Arc::clone(&context.metrics),
            streams,
            lanes,
            channels: Attached::default(),
            generation: Generation::default(),
            absence: Absence::default(),
            portion: Portion::new(options.read_count),
            outbox_policy: link.outbox_policy,
            response_timeout: link.response_timeout,
            options,
        })
    }

    /// The lane and the stream in it that a namespace's messages are in.
    pub(super) fn place(&self, namespace: &str) -> Option<(&Arc<Lane>, usize)> {
        let index = self.streams.index(namespace);
        match &*self.lanes {
            [lane] => Some((lane, index)),
            lanes => Some((lanes.get(index)?, 0)),
        }
    }

    /// Adds a message to the stream.
    fn add(&self, namespace: &str, message: &Message<'_>) -> Result<(), PublishError> {
        let fields = Fields::encode(message, self.options.only_plaintext).map_err(not_encoded)?;
        let Some((lane, stream)) = self.place(namespace) else {
            return Err(PublishError::Closed);
        };
        let event = self.recovery && matches!(message, Message::Broadcast { .. });
        let awaited = is_awaited(message);
        let entry = Waiting::new(stream, namespace, fields, event, awaited);
        let (here, result) = match lane.add(entry) {
            Ok(Pushed { evicted, here, .. }) => {
                for entry in &evicted {
                    self.metrics.cluster_dropped.add("outbox_full_oldest");
                    if entry.is_missed_here() {
                        self.absence.deliver_instead(entry);
                    }
                }
                (here, Ok(()))
            }
            Err(Refused::Closed) => (false, Err(PublishError::Closed)),
            Err(Refused::Full) if awaited || self.outbox_policy == OutboxPolicy::Refuse => {
                self.metrics.cluster_dropped.add("outbox_refused");
                (event, Err(PublishError::Full))
            }
            Err(Refused::Full) => {
                self.metrics.cluster_dropped.add("outbox_full_newest");
                (event, Ok(()))
            }
        };
        if here {
            self.absence.deliver(namespace, message.clone());
        }
        result
    }

    /// Sends a message on a channel: it reaches those that listen at this moment.
    fn send(
        &self,
        namespace: &str,
        channel: &str,
        message: &Message<'_>,
    ) -> Result<(), PublishError> {
        let (_, command) = self.packed(namespace, channel, message)?;
        self.link.send(command)
    }

    /// A message, and what sends it on a channel.
    pub(super) fn packed(
        &self,
        namespace: &str,
        channel: &str,
        message: &Message<'_>,
    ) -> Result<(Vec<u8>, Command), PublishError> {
        let payload = layer::encode(&self.server_id, namespace, message, Encoding::Msgpack);
        let payload = payload.map_err(not_encoded)?;
        let name = match self.options.sharded_pub_sub {
            true => "SPUBLISH",
            false => "PUBLISH",
        };
        let slot = slot(channel.as_bytes());
        let command = command(name, channel, &payload, slot, message);
        Ok((payload, command))
    }

    pub(super) fn channel(&self, namespace: &str) -> Arc<Channel> {
        let known = self.channels.get(namespace);
        known.unwrap_or_else(|| {
            let prefix = &self.options.channel_prefix;
            Arc::new(Channel::new(prefix, namespace))
        })
    }
}

impl Adapter for StreamsAdapter {
    fn run(self: Arc<Self>, inbound: Inbound) -> AdapterFuture<'static, ()> {
        Box::pin(self.run_on(inbound))
    }

    fn attach(&self, namespace: &Arc<str>) {
        if !self.streams.is_read_by_node(namespace) {
            tracing::warn!(%namespace, "servers of Node do not read the namespace's stream");
        }
        let channel = Channel::new(&self.options.channel_prefix, namespace);
        self.channels.insert(namespace, channel);
        self.link.mark(Interest::in_namespace(namespace));
    }

    fn detach(&self, namespace: &str) {
        self.channels.remove(namespace);
        self.link.mark(Interest::in_namespace(&namespace.into()));
    }

    fn publish(&self, namespace: &str, message: &Message<'_>) -> Result<(), PublishError> {
        match message {
            Message::FetchSockets { .. }
            | Message::ServerSideEmit { .. }
            | Message::Broadcast {
                request: Some(_), ..
            } => self.send(namespace, self.channel(namespace).name(), message),
            _ => self.add(namespace, message),
        }
    }

    fn respond(
        &self,
        namespace: &str,
        to: &str,
        message: &Message<'_>,
    ) -> Result<(), PublishError> {
        self.send(namespace, &self.channel(namespace).named(to), message)
    }

    fn barrier(&self, namespace: &str, message: &Message<'_>) -> Result<(), PublishError> {
        self.add(namespace, message)
    }

    fn resumes(&self) -> bool {
        true
    }

    fn subscribed(&self) -> AdapterFuture<'_, ()> {
        Box::pin(self.link.settled())
    }

    fn store(&self, options: &SharedState) -> Option<Arc<dyn Store>> {
        self.link.store(options)
    }

    fn server_count(&self, namespace: &str) -> AdapterFuture<'_, Result<usize, AdapterError>> {
        let channel = self.channel(namespace);
        Box::pin(async move {
            let subcommand = match self.options.sharded_pub_sub {
                true => "SHARDNUMSUB",
                false => "NUMSUB",
            };
            let own = channel.named(&self.server_id);
            subscribers(&self.link, subcommand, channel.name(), &own).await
        })
    }

    fn server_ids(
        &self,
        namespace: &str,
    ) -> AdapterFuture<'_, Result<Vec<Arc<str>>, AdapterError>> {
        let channel = self.channel(namespace);
        Box::pin(async move {
            let subcommand = match self.options.sharded_pub_sub {
                true => "SHARDCHANNELS",
                false => "CHANNELS",
            };
            names(&self.link, subcommand, &channel, &channel.pattern()).await
        })
    }

    fn recovery_log(&self) -> Option<&dyn RecoveryLog> {
        self.recovery.then_some(self)
    }

    fn unsubscribe(&self) -> AdapterFuture<'_, ()> {
        Box::pin(async move {
            self.link.unsubscribe().await;
            // Some of what was asked before is in the streams.
            let read = timeout(self.response_timeout, self.read_to_end()).await;
            if !matches!(read, Ok(Ok(()))) {
                tracing::debug!("the streams were not read to their end before they were left");
            }
        })
    }

    fn close(&self) -> AdapterFuture<'_, ()> {
        Box::pin(async move {
            for lane in &self.lanes {
                lane.outbox.close();
            }
            let empty = |lane: &Arc<Lane>| lane.outbox.is_empty();
            while !self.lanes.iter().all(empty) || !self.sessions.is_empty() {
                time::sleep(FLUSHING).await;
            }
            self.generation.end();
            self.link.close().await;
        })
    }
}
