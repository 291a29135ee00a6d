//! The connections that messages arrive on, one for each master that is listened to.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use futures_util::future::try_join_all;
use redis::{PushInfo, PushKind, Value, aio::MultiplexedConnection, cmd};
use tokio::{sync::Notify, task::coop::poll_proceed};

use super::{
    dialer::{Dialer, OnPush, Tasks},
    interest::Topic,
    link::Listener,
    refusal::Refusal,
    round_trips::RoundTrips,
    slot::slot,
    topology::Topology,
};
use crate::cluster::adapter::AdapterError;

/// Subscriptions confirmed with one round trip.
const AT_ONCE: usize = 512;

pub(super) struct Subscriber {
    /// One for each master.
    connections: Vec<Hearing>,
    topology: Topology,
    /// The master that is listened to for what all of them tell.
    home: usize,
    unsubscribed: Arc<Unsubscribed>,
}

struct Hearing {
    connection: MultiplexedConnection,
    /// How much has come on it.
    pushes: Arc<AtomicU64>,
}

/// Who is told what comes.
#[derive(Clone)]
pub(super) struct Hears {
    pub(super) listener: Arc<dyn Listener>,
    pub(super) round_trips: Arc<RoundTrips>,
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
        hears: Hears,
        tasks: &mut Tasks,
    ) -> Result<Self, AdapterError> {
        let mut subscriber = Self {
            connections: Vec::new(),
            topology: topology.clone(),
            home,
            unsubscribed: Arc::default(),
        };
        let dial = async |master| {
            let pushes = Arc::new(AtomicU64::new(0));
            let hears = hears.clone();
            let unsubscribed = Arc::clone(&subscriber.unsubscribed);
            let counted = Arc::clone(&pushes);
            let on_push: OnPush = Arc::new(move |info| {
                counted.fetch_add(1, Relaxed);
                receive(&hears, &unsubscribed, info);
            });
            let (timeout, read) = (Some(dialer.response_timeout), Arc::default());
            let opened = dialer.dial(master, Some(on_push), timeout, &read).await?;
            Ok((opened, pushes))
        };
        let opened = try_join_all(topology.masters().iter().map(dial)).await?;
        let hearing = opened.into_iter().map(|(opened, pushes)| Hearing {
            connection: opened.driven_by(tasks),
            pushes,
        });
        subscriber.connections.extend(hearing);
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

    /// Whether the servers still answer. One whose messages come is alive, though its answer waits
    /// behind them for longer than the timeout.
    pub(super) async fn ping(&mut self) -> Result<(), AdapterError> {
        for Hearing { connection, pushes } in &mut self.connections {
            let before = pushes.load(Relaxed);
            let answered: redis::RedisResult<Value> = cmd("PING").query_async(connection).await;
            match answered {
                Err(error) if error.is_timeout() && pushes.load(Relaxed) != before => {}
                // A script takes its time.
                Err(error) if Refusal::of(&error) == Some(Refusal::Soon) => {}
                answered => {
                    answered.map_err(AdapterError::new)?;
                }
            }
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
            if let Some(hearing) = self.connections.get_mut(master) {
                parts
                    .tell(&mut hearing.connection, on)
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
        // First what broadcasts come on, as in Node: who is counted by its channel of requests hears them.
        for patterns in self.patterns.chunks(AT_ONCE) {
            match on {
                true => connection.psubscribe(patterns).await?,
                false => connection.punsubscribe(patterns).await?,
            }
        }
        for channels in self.channels.chunks(AT_ONCE) {
            match on {
                true => connection.subscribe(channels).await?,
                false => connection.unsubscribe(channels).await?,
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
fn receive(hears: &Hears, unsubscribed: &Unsubscribed, info: PushInfo) {
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
    if hears.round_trips.take_back(&payload) {
        return;
    }
    if let (Ok(topic), Ok(channel)) = (topic, std::str::from_utf8(&channel)) {
        hears.listener.message(topic, channel, Bytes::from(payload));
    }
}
