//! What nodes share, in Redis.
//!
//! | key | holds |
//! | --- | --- |
//! | `user:connections` | sorted set: the users that are online, in the order of pages |
//! | `user:<id>` | hash: of each socket of the user, the lease and, as JSON, the namespace |
//! | `user:<id>:seen` | when the user's last connection ended, in ms; expires |
//! | `room:<namespace>:<room>:connections` | sorted set: who is present |
//! | `room:<namespace>:<room>:<id>` | hash: of each socket of a user or, with a socket's id, of a socket without one, the lease and what it says |
//! | `nodes` | sorted set: the leases, and when each is over, in ms |
//! | `node:<lease>` | hash: since when there is the lease, and open connections |
//! | `node:<lease>:entries` | set: what hangs on it |
//! | `changes` | hash: which life of this database it is, and the number of the last change; and the channel on which changes are told |
//!
//! All stand behind the [prefix](SharedState::prefix). In names and ids `%` and `:` are
//! percent-encoded, and so is the first letter of the id `connections`. In Redis Cluster all are in
//! one slot, because a change and what follows from it is one step: one shard carries what a hub's
//! nodes share, which is some ten thousand changes a second.

mod backlog;
mod listening;
mod names;
mod reading;
mod scripts;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use redis::{FromRedisValue, RedisResult, aio::MultiplexedConnection, cmd};
use tokio::sync::Notify;

use super::{
    backoff::Backoff,
    dialer::Dialer,
    discovery::Discovery,
    options::{Kind, LinkOptions},
    refusal::Refusal,
};
use crate::{
    cluster::adapter::{
        AdapterError, AdapterFuture, Entry, Lease, Listener, NodeInfo, Page, Reaped, Renewal,
        Store, StoreError, StoreResult, Topic, Write,
    },
    config::SharedState,
};
use scripts::Scripts;

/// Entries of a dead node that are removed in one step: about 2 ms of Redis' time.
const PORTION: usize = 500;

/// The [`Store`] of all adapters on Redis: a connection of its own, for commands and to listen.
pub(super) struct RedisStore {
    dialer: Dialer,
    discovery: Discovery,
    prefix: String,
    /// In milliseconds.
    keep_last_seen: u64,
    /// Of the nodes.
    lease: Duration,
    scripts: Scripts,
    current: Mutex<Option<Current>>,
}

/// The connection of now.
#[derive(Clone)]
struct Current {
    connection: MultiplexedConnection,
    /// Somebody else is to be asked. An answer that comes when another connection has taken its
    /// place says nothing about that one.
    misdirected: Arc<Notify>,
}

impl Current {
    /// What was answered, having noticed if it is somebody else who is to be asked.
    fn answer<T>(&self, answer: RedisResult<T>) -> Result<T, StoreError> {
        answer.map_err(|error| {
            if Refusal::of(&error) == Some(Refusal::Elsewhere) {
                self.misdirected.notify_one();
            }
            StoreError::new(error)
        })
    }
}

impl RedisStore {
    /// # Errors
    /// If the options are not valid.
    pub(super) fn new(link: &LinkOptions, options: &SharedState) -> Result<Self, AdapterError> {
        let (dialer, endpoints) = link.resolve()?;
        let is_cluster = matches!(link.kind, Kind::Cluster { .. });
        let keep_last_seen = options.keep_last_seen.as_millis().max(1);
        Ok(Self {
            discovery: Discovery::new(dialer.clone(), endpoints),
            dialer,
            prefix: names::prefix(&options.prefix, is_cluster),
            keep_last_seen: u64::try_from(keep_last_seen)
                .unwrap_or(u64::MAX)
                // Redis adds it to the time of day.
                .min(1 << 50),
            lease: options.lease,
            scripts: Scripts::new(),
            current: Mutex::new(None),
        })
    }

    /// The store of an adapter whose options have been found valid.
    pub(super) fn shared(link: &LinkOptions, options: &SharedState) -> Option<Arc<dyn Store>> {
        match Self::new(link, options) {
            Ok(store) => Some(Arc::new(store)),
            Err(error) => {
                tracing::error!(%error, "no shared state");
                None
            }
        }
    }

    /// Nodes that are back after a failover believe the others for one lease: whoever waits for
    /// longer before it looks again has gone for them.
    fn backoff(&self) -> Backoff {
        Backoff::up_to(self.lease / 3)
    }

    fn current(&self) -> Result<Current, StoreError> {
        let current = self.current.lock();
        let current = current.unwrap_or_else(PoisonError::into_inner).clone();
        current.ok_or_else(|| StoreError::new("Redis is away"))
    }

    fn set_current(&self, current: Option<Current>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = current;
    }

    fn key(&self, suffix: &str) -> String {
        format!("{}{suffix}", self.prefix)
    }

    async fn run<T: FromRedisValue>(
        &self,
        script: &redis::Script,
        arguments: impl FnOnce(&mut redis::ScriptInvocation<'_>),
    ) -> Result<T, StoreError> {
        let mut current = self.current()?;
        let mut invocation = script.key(&self.prefix);
        arguments(&mut invocation);
        let answer = invocation.invoke_async(&mut current.connection).await;
        current.answer(answer)
    }
}

fn unreadable() -> StoreError {
    StoreError::new("Redis answered what is no answer")
}

impl Store for RedisStore {
    fn renew<'a>(&'a self, lease: &'a Lease) -> StoreResult<'a, Renewal> {
        Box::pin(async move {
            let (entries, epoch): (i64, String) = self
                .run(&self.scripts.renew, |script| {
                    let time_to_live = lease.time_to_live.as_millis().max(1);
                    script
                        .arg(&*lease.id)
                        .arg(u8::from(lease.take))
                        .arg(u64::try_from(time_to_live).unwrap_or(u64::MAX).min(1 << 50))
                        .arg(lease.connections);
                })
                .await?;
            Ok(match usize::try_from(entries) {
                Ok(entries) => Renewal::Held {
                    entries,
                    epoch: epoch.into(),
                },
                Err(_) => Renewal::Lost,
            })
        })
    }

    fn write<'a>(&'a self, lease: &'a str, writes: &'a [Write]) -> StoreResult<'a, bool> {
        Box::pin(async move {
            let written: u8 = self
                .run(&self.scripts.write, |script| {
                    script.arg(lease).arg(self.keep_last_seen);
                    for write in writes {
                        script
                            .arg(u8::from(write.meta.is_some()))
                            .arg(names::topic(&write.topic))
                            .arg(&*names::key(&write.key))
                            .arg(write.socket.as_str())
                            .arg(write.meta.as_deref().unwrap_or_default());
                    }
                })
                .await?;
            Ok(written == 1)
        })
    }

    fn reap(&self) -> StoreResult<'_, Reaped> {
        Box::pin(async move {
            let (more, next): (u8, i64) = self
                .run(&self.scripts.reap, |script| {
                    script.arg(PORTION).arg(self.keep_last_seen);
                })
                .await?;
            Ok(Reaped {
                more: more == 1,
                next: u64::try_from(next).ok().map(Duration::from_millis),
            })
        })
    }

    fn release<'a>(&'a self, lease: &'a str) -> StoreResult<'a, ()> {
        Box::pin(async move {
            loop {
                let more: u8 = self
                    .run(&self.scripts.release, |script| {
                        script.arg(lease).arg(PORTION).arg(self.keep_last_seen);
                    })
                    .await?;
                if more == 0 {
                    return Ok(());
                }
            }
        })
    }

    fn page<'a>(
        &'a self,
        topic: &'a Topic,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreResult<'a, Page> {
        Box::pin(async move {
            let texts = self
                .run(&self.scripts.page, |script| {
                    script
                        .arg(names::topic(topic))
                        .arg(after.unwrap_or_default())
                        .arg(limit);
                })
                .await?;
            reading::page(texts).ok_or_else(unreadable)
        })
    }

    fn count<'a>(&'a self, topic: &'a Topic) -> StoreResult<'a, usize> {
        Box::pin(async move {
            let mut current = self.current()?;
            let mut count = cmd("ZCARD");
            count.arg(self.key(&format!("{}:connections", names::topic(topic))));
            let answer = count.query_async(&mut current.connection).await;
            current.answer(answer)
        })
    }

    fn entries<'a>(&'a self, topic: &'a Topic, key: &'a str) -> StoreResult<'a, Vec<Entry>> {
        Box::pin(async move {
            let mut current = self.current()?;
            let mut all = cmd("HGETALL");
            all.arg(self.key(&format!("{}:{}", names::topic(topic), names::key(key))));
            let all = all.query_async(&mut current.connection).await;
            let all: Vec<(String, String)> = current.answer(all)?;
            let entries = all
                .iter()
                .map(|(socket, value)| reading::entry(socket, value));
            entries.collect::<Option<_>>().ok_or_else(unreadable)
        })
    }

    fn last_seen<'a>(&'a self, user: &'a str) -> StoreResult<'a, Option<SystemTime>> {
        Box::pin(async move {
            let seen: Option<String> = self
                .run(&self.scripts.last_seen, |script| {
                    script.arg(&*names::key(user));
                })
                .await?;
            Ok(seen.as_deref().and_then(reading::time))
        })
    }

    fn nodes(&self) -> StoreResult<'_, Vec<NodeInfo>> {
        Box::pin(async move {
            let texts: Vec<String> = self.run(&self.scripts.nodes, |_| {}).await?;
            Ok(reading::nodes(&texts))
        })
    }

    fn listen(self: Arc<Self>, listener: Arc<dyn Listener>) -> AdapterFuture<'static, ()> {
        Box::pin(async move { listening::keep(&self, &*listener).await })
    }
}

#[cfg(test)]
mod tests;
