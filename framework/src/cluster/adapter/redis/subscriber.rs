//! The connections that messages arrive on, one for each master that is listened to.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use redis::{PushInfo, PushKind, Value, aio::MultiplexedConnection, cmd};
use tokio::{sync::Notify, task::coop::poll_proceed};

use super::{
    dialer::{Dialer, OnPush, Tasks},
    interest::Topic,
    link::Listener,
    slot::slot,
    topology::Topology,
};
use crate::cluster::adapter::AdapterError;

/// Subscriptions confirmed with one round trip.
const AT_ONCE: usize = 512;

pub(super) struct Subscriber {
    /// By the index of the master.
    connections: BTreeMap<usize, MultiplexedConnection>,
    topology: Topology,
    /// The master that is listened to for what all of them tell.
    home: usize,
    unsubscribed: Arc<Unsubscribed>,
}

/// Shard channels that the server has unsubscribed from by itself: their slots have moved.
#[derive(Default)]
pub(super) struct Unsubscribed {
    /// How many more we have asked for.
    asked: AtomicUsize,
    unasked: Notify,
}

impl Unsubscribed {
    fn one(&self) {
        let asked = self
            .asked
            .fetch_update(Relaxed, Relaxed, |asked| asked.checked_sub(1));
        if asked.is_err() {
            self.unasked.notify_one();
        }
    }

    pub(super) async fn unasked(&self) {
        self.unasked.notified().await;
    }
}

/// One command's worth of topics of one master.
#[derive(Default)]
struct Parts {
    channels: Vec<String>,
    patterns: Vec<String>,
    shards: Vec<String>,
}

impl Subscriber {
    pub(super) async fn connect(
        dialer: &Dialer,
        topology: &Topology,
        home: usize,
        listener: Arc<dyn Listener>,
        tasks: &mut Tasks,
    ) -> Result<Self, AdapterError> {
        let mut subscriber = Self {
            connections: BTreeMap::new(),
            topology: topology.clone(),
            home,
            unsubscribed: Arc::default(),
        };
        let unsubscribed = Arc::clone(&subscriber.unsubscribed);
        let on_push: OnPush = Arc::new(move |info| receive(&*listener, &unsubscribed, info));
        for (index, master) in topology.masters().iter().enumerate() {
            let on_push = Some(Arc::clone(&on_push));
            let timeout = Some(dialer.response_timeout);
            let connection = dialer.connection(master, on_push, timeout, tasks).await?;
            subscriber.connections.insert(index, connection);
        }
        Ok(subscriber)
    }

    pub(super) fn unsubscribed(&self) -> Arc<Unsubscribed> {
        Arc::clone(&self.unsubscribed)
    }

    /// Subscribes, and waits until the server has confirmed each.
    pub(super) async fn subscribe(&mut self, topics: Vec<Topic>) -> Result<(), AdapterError> {
        self.tell(topics, true).await
    }

    pub(super) async fn unsubscribe(&mut self, topics: Vec<Topic>) -> Result<(), AdapterError> {
        let shards = topics
            .iter()
            .filter(|topic| matches!(topic, Topic::Shard(_)));
        self.unsubscribed.asked.fetch_add(shards.count(), Relaxed);
        self.tell(topics, false).await
    }

    /// Whether the servers still answer.
    pub(super) async fn ping(&mut self) -> Result<(), AdapterError> {
        for connection in self.connections.values_mut() {
            let _: Value = cmd("PING")
                .query_async(connection)
                .await
                .map_err(AdapterError::new)?;
        }
        Ok(())
    }

    async fn tell(&mut self, topics: Vec<Topic>, on: bool) -> Result<(), AdapterError> {
        let mut by_master: BTreeMap<usize, Parts> = BTreeMap::new();
        for topic in topics {
            let master = match &topic {
                Topic::Shard(channel) => self.topology.master_of(slot(channel.as_bytes())),
                Topic::Channel(_) | Topic::Pattern(_) => self.home,
            };
            let parts = by_master.entry(master).or_default();
            match topic {
                Topic::Channel(channel) => parts.channels.push(channel),
                Topic::Pattern(pattern) => parts.patterns.push(pattern),
                Topic::Shard(channel) => parts.shards.push(channel),
            }
        }
        for (master, parts) in by_master {
            if let Some(connection) = self.connections.get_mut(&master) {
                parts
                    .tell(connection, on)
                    .await
                    .map_err(AdapterError::new)?;
            }
        }
        Ok(())
    }
}

impl Parts {
    async fn tell(
        &self,
        connection: &mut MultiplexedConnection,
        on: bool,
    ) -> redis::RedisResult<()> {
        for channels in self.channels.chunks(AT_ONCE) {
            match on {
                true => connection.subscribe(channels).await?,
                false => connection.unsubscribe(channels).await?,
            }
        }
        for patterns in self.patterns.chunks(AT_ONCE) {
            match on {
                true => connection.psubscribe(patterns).await?,
                false => connection.punsubscribe(patterns).await?,
            }
        }
        // Shard channels have their own slots: one command cannot name several.
        for shards in self.shards.chunks(AT_ONCE) {
            let mut pipeline = redis::pipe();
            for channel in shards {
                let command = if on { "SSUBSCRIBE" } else { "SUNSUBSCRIBE" };
                pipeline.cmd(command).arg(channel);
            }
            let _: Vec<Value> = pipeline.query_async(connection).await?;
        }
        Ok(())
    }
}

/// Takes what the server pushes, on the connection's task: there is no queue between, so that a
/// node that is behind reads later, and the server's own bound for the connection applies.
fn receive(listener: &dyn Listener, unsubscribed: &Unsubscribed, info: PushInfo) {
    let with_pattern = match info.kind {
        PushKind::Message | PushKind::SMessage => false,
        PushKind::PMessage => true,
        PushKind::SUnsubscribe => return unsubscribed.one(),
        _ => return,
    };
    // Each message counts as work: after some the task yields, though the connection has more.
    let mut cx = Context::from_waker(Waker::noop());
    if let Poll::Ready(work) = poll_proceed(&mut cx) {
        work.made_progress();
    }
    let mut parts = info.data.into_iter().map(|part| match part {
        Value::BulkString(bytes) => Some(bytes),
        _ => None,
    });
    let pattern = match with_pattern {
        true => parts.next().flatten(),
        false => None,
    };
    let (Some(channel), Some(payload)) = (parts.next().flatten(), parts.next().flatten()) else {
        return;
    };
    let topic = std::str::from_utf8(pattern.as_ref().unwrap_or(&channel));
    if let (Ok(topic), Ok(channel)) = (topic, std::str::from_utf8(&channel)) {
        listener.message(topic, channel, Bytes::from(payload));
    }
}
