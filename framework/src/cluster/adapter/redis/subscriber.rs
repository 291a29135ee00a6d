//! The connections that messages arrive on, one for each master that is listened to.

use std::{
    collections::BTreeMap,
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures_util::future::try_join_all;
use redis::{PushInfo, PushKind, RedisError, RedisResult, Value, aio::MultiplexedConnection, cmd};
use tokio::{
    sync::Notify,
    task::coop::poll_proceed,
    time::{sleep, timeout},
};

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

/// How soon a server that is busy is asked again.
const BUSY: Duration = Duration::from_millis(250);

pub(super) struct Subscriber {
    /// One for each master.
    connections: Vec<Hearing>,
    topology: Topology,
    /// The master that is listened to for what all of them tell.
    home: usize,
    unsubscribed: Arc<Unsubscribed>,
}

struct Hearing {
    /// Without a time limit of its own: see [`answer`](Self::answer).
    connection: MultiplexedConnection,
    /// How much has come on it.
    pushes: Arc<AtomicU64>,
    response_timeout: Duration,
}

impl Hearing {
    /// Waits for an answer, which is behind all messages that have been sent before it: for as long as
    /// anything comes, and for the response timeout behind that.
    ///
    /// # Errors
    /// If Redis refuses, or in all that time nothing has come.
    async fn answer<T>(&self, answer: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
        in_time(&self.pushes, self.response_timeout, answer).await
    }

    async fn ping(&self) -> RedisResult<()> {
        let mut connection = self.connection.clone();
        self.answer(cmd("PING").query_async(&mut connection)).await
    }
}

fn is_busy(error: &RedisError) -> bool {
    Refusal::of(error) == Some(Refusal::Soon)
}

async fn in_time<T>(
    pushes: &AtomicU64,
    response_timeout: Duration,
    answer: impl Future<Output = RedisResult<T>>,
) -> RedisResult<T> {
    let mut answer = pin!(answer);
    loop {
        let before = pushes.load(Relaxed);
        match timeout(response_timeout, &mut answer).await {
            Ok(answer) => return answer,
            Err(_) if pushes.load(Relaxed) != before => {}
            Err(_) => return Err(io::Error::from(io::ErrorKind::TimedOut).into()),
        }
    }
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
            let read = Arc::default();
            let opened = dialer.dial(master, Some(on_push), None, &read).await?;
            Ok((opened, pushes))
        };
        let opened = try_join_all(topology.masters().iter().map(dial)).await?;
        let hearing = opened.into_iter().map(|(opened, pushes)| Hearing {
            connection: opened.driven_by(tasks),
            pushes,
            response_timeout: dialer.response_timeout,
        });
        subscriber.connections.extend(hearing);
        Ok(subscriber)
    }

    pub(super) fn unsubscribed(&self) -> Arc<Unsubscribed> {
        Arc::clone(&self.unsubscribed)
    }

    /// Subscribes, and waits until the server has confirmed each.
    pub(super) async fn subscribe(&self, topics: Vec<Topic>) -> Result<(), AdapterError> {
        self.tell(topics, true).await
    }

    pub(super) async fn unsubscribe(&self, topics: Vec<Topic>) -> Result<(), AdapterError> {
        let shards = topics
            .iter()
            .filter(|topic| matches!(topic, Topic::Shard(_)));
        self.unsubscribed.asked.fetch_add(shards.count(), Relaxed);
        self.tell(topics, false).await
    }

    /// Whether the servers still answer.
    pub(super) async fn ping(&self) -> Result<(), AdapterError> {
        let alive = self.connections.iter().map(async |hearing| {
            match hearing.ping().await {
                // A script takes its time; who cannot write its disk refuses even this.
                Err(error) if Refusal::of(&error).is_some_and(|it| it.is_for_now()) => Ok(()),
                answered => answered,
            }
        });
        try_join_all(alive).await.map_err(AdapterError::new)?;
        Ok(())
    }

    async fn tell(&self, topics: Vec<Topic>, on: bool) -> Result<(), AdapterError> {
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
            if let Some(hearing) = self.connections.get(master) {
                // A server that is busy would refuse it, and would then have been told the half.
                while hearing.ping().await.is_err_and(|it| is_busy(&it)) {
                    sleep(BUSY).await;
                }
                let mut connection = hearing.connection.clone();
                let told = hearing.answer(parts.tell(&mut connection, on)).await;
                told.map_err(AdapterError::new)?;
            }
        }
        Ok(())
    }
}

impl Parts {
    async fn tell(&self, connection: &mut MultiplexedConnection, on: bool) -> RedisResult<()> {
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
        hears.listener.message(topic, channel, &payload);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_waited_for_as_long_as_messages_come_before_it() {
        let pushes = AtomicU64::new(0);
        let behind = async {
            for _ in 0..10 {
                sleep(TIMEOUT / 2).await;
                pushes.fetch_add(1, Relaxed);
            }
            Ok(7)
        };
        assert_eq!(in_time(&pushes, TIMEOUT, behind).await.ok(), Some(7));
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_given_up() {
        let pushes = AtomicU64::new(0);
        let silent = async {
            sleep(TIMEOUT * 2).await;
            Ok(7)
        };
        let given_up = in_time(&pushes, TIMEOUT, silent).await;
        assert!(given_up.is_err_and(|error| error.is_timeout()));
    }
}
