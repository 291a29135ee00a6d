//! The store of a single node, and of hubs in one process.

mod seen;
mod state;

use std::{
    collections::{BTreeMap, HashMap},
    future::ready,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use indexmap::{IndexMap, IndexSet};
use seen::Seen;
use state::{Held, Kept, State};
use tokio::{sync::broadcast, time::Instant};

use super::store::{
    Diff, Entry, Lease, Listener, Moment, NodeInfo, Page, Reaped, Renewal, Store, StoreResult,
    Topic, Write, node_of,
};
use crate::{cluster::adapter::AdapterFuture, id::SocketId};

/// Changes that a listener may be behind.
const MAX_BEHIND: usize = 1024;

/// A [`Store`] in the memory of this process.
pub(crate) struct Memory {
    state: Mutex<State>,
    changes: broadcast::Sender<Diff>,
    keep_last_seen: Duration,
}

impl Memory {
    pub(crate) fn new(keep_last_seen: Duration) -> Self {
        let moment = Moment {
            epoch: "memory".into(),
            number: 0,
        };
        Self {
            state: Mutex::new(State {
                moment,
                leases: BTreeMap::new(),
                topics: HashMap::new(),
                seen: Seen::default(),
            }),
            changes: broadcast::Sender::new(MAX_BEHIND),
            keep_last_seen,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells what has become of keys, under the lock, so that everyone hears it in this order; a
    /// send does not wait.
    fn tell(&self, state: &mut State, touched: Vec<(Topic, Arc<str>)>) {
        let mut by_topic: IndexMap<Topic, IndexSet<Arc<str>>> = IndexMap::new();
        for (topic, key) in touched {
            by_topic.entry(topic).or_default().insert(key);
        }
        for (topic, keys) in by_topic {
            state.moment.number += 1;
            let keys = keys.iter().map(|key| state.key(&topic, key)).collect();
            let moment = state.moment.clone();
            let _ = self.changes.send(Diff {
                moment,
                topic,
                keys,
            });
        }
    }

    fn drop_lease(&self, state: &mut State, lease: &str) {
        let Some(held) = state.leases.remove(lease) else {
            return;
        };
        let mut touched = Vec::new();
        for (topic, key, socket) in held.places {
            if state.remove(lease, &topic, &key, socket) {
                touched.push((topic, key));
            }
        }
        self.tell(state, touched);
    }

    fn write_now(&self, lease: &str, writes: &[Write]) -> bool {
        let mut state = self.lock();
        let state = &mut *state;
        let Some((name, held)) = state.leases.get_key_value(lease) else {
            return false;
        };
        if held.until <= Instant::now() {
            return false;
        }
        let name = Arc::clone(name);
        let mut touched = Vec::new();
        for write in writes {
            let changed = match &write.meta {
                Some(meta) => state.put(&name, write, meta),
                None => {
                    let place = (write.topic.clone(), Arc::clone(&write.key), write.socket);
                    if let Some(held) = state.leases.get_mut(lease) {
                        held.places.swap_remove(&place);
                    }
                    state.remove(lease, &write.topic, &write.key, write.socket)
                }
            };
            if changed {
                touched.push((write.topic.clone(), Arc::clone(&write.key)));
            }
        }
        self.tell(state, touched);
        true
    }

    fn renew_now(&self, lease: &Lease) -> Renewal {
        let mut state = self.lock();
        let now = Instant::now();
        let until = now + lease.time_to_live;
        match state.leases.get_mut(&lease.id) {
            Some(held) if held.until > now => {
                held.until = until;
                held.info.connections = lease.connections;
                let entries = held.places.len();
                let epoch = Arc::clone(&state.moment.epoch);
                Renewal::Held { entries, epoch }
            }
            None if lease.take => {
                let info = NodeInfo::new(node_of(&lease.id), SystemTime::now(), lease.connections);
                let places = IndexSet::new();
                let held = Held {
                    until,
                    info,
                    places,
                };
                state.leases.insert(Arc::clone(&lease.id), held);
                let epoch = Arc::clone(&state.moment.epoch);
                Renewal::Held { entries: 0, epoch }
            }
            _ => Renewal::Lost,
        }
    }

    fn reap_now(&self) -> Reaped {
        let mut state = self.lock();
        let now = Instant::now();
        let over = state.leases.iter().filter(|(_, held)| held.until <= now);
        let over: Vec<_> = over.map(|(lease, _)| Arc::clone(lease)).collect();
        for lease in over {
            self.drop_lease(&mut state, &lease);
        }
        let next = state.leases.values().map(|held| held.until).min();
        Reaped {
            more: false,
            next: next.map(|until| until.saturating_duration_since(now)),
        }
    }

    fn last_seen_now(&self, user: &str) -> Option<SystemTime> {
        let state = self.lock();
        let now = SystemTime::now();
        let online = state.topics.get(&Topic::Users);
        if online.is_some_and(|users| users.contains_key(user)) {
            return Some(now);
        }
        let at = state.seen.at(user)?;
        let ago = now.duration_since(at).unwrap_or_default();
        (ago <= self.keep_last_seen).then_some(at)
    }
}

impl Store for Memory {
    fn renew<'a>(&'a self, lease: &'a Lease) -> StoreResult<'a, Renewal> {
        Box::pin(ready(Ok(self.renew_now(lease))))
    }

    fn write<'a>(&'a self, lease: &'a str, writes: &'a [Write]) -> StoreResult<'a, bool> {
        Box::pin(ready(Ok(self.write_now(lease, writes))))
    }

    fn reap(&self) -> StoreResult<'_, Reaped> {
        Box::pin(ready(Ok(self.reap_now())))
    }

    fn release<'a>(&'a self, lease: &'a str) -> StoreResult<'a, ()> {
        self.drop_lease(&mut self.lock(), lease);
        Box::pin(ready(Ok(())))
    }

    fn page<'a>(
        &'a self,
        topic: &'a Topic,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreResult<'a, Page> {
        Box::pin(ready(Ok(self.lock().page(topic, after, limit))))
    }

    fn count<'a>(&'a self, topic: &'a Topic) -> StoreResult<'a, usize> {
        let count = self.lock().topics.get(topic).map_or(0, BTreeMap::len);
        Box::pin(ready(Ok(count)))
    }

    fn entries<'a>(&'a self, topic: &'a Topic, key: &'a str) -> StoreResult<'a, Vec<Entry>> {
        let state = self.lock();
        let entries = state.topics.get(topic).and_then(|keys| keys.get(key));
        let entry = |(socket, kept): (&SocketId, &Kept)| Entry {
            node: node_of(&kept.lease).into(),
            socket: *socket,
            meta: Arc::clone(&kept.meta),
        };
        let entries = entries.into_iter().flatten().map(entry).collect();
        Box::pin(ready(Ok(entries)))
    }

    fn last_seen<'a>(&'a self, user: &'a str) -> StoreResult<'a, Option<SystemTime>> {
        Box::pin(ready(Ok(self.last_seen_now(user))))
    }

    fn nodes(&self) -> StoreResult<'_, Vec<NodeInfo>> {
        let state = self.lock();
        let now = Instant::now();
        let living = state.leases.values().filter(|held| held.until > now);
        let nodes = living.map(|held| held.info.clone()).collect();
        Box::pin(ready(Ok(nodes)))
    }

    fn listen(self: Arc<Self>, listener: Arc<dyn Listener>) -> AdapterFuture<'static, ()> {
        let mut changes = self.changes.subscribe();
        Box::pin(async move {
            listener.listening();
            loop {
                match changes.recv().await {
                    Ok(diff) => listener.changed(diff),
                    // The next one does not follow upon the last, which tells the listener.
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::presence::store_tests::contract;

    async fn memory() -> (Arc<dyn Store>, ()) {
        (Arc::new(Memory::new(Duration::from_secs(60))), ())
    }

    contract!(memory);
}
