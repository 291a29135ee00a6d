//! The store of a single node, and of hubs in one process.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    future::ready,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use tokio::sync::broadcast;

use super::store::{
    Diff, Entry, KeyState, Lease, Listener, MAX_METAS, Moment, NodeInfo, Page, Reaped, Renewal,
    Store, StoreResult, Topic, Write, node_of,
};
use crate::{cluster::adapter::AdapterFuture, id::SocketId};

/// Changes that a listener may be behind.
const MAX_BEHIND: usize = 1024;

/// Users of whom it is known when they were last seen; the longest gone make room.
const MAX_SEEN: usize = 100_000;

/// A [`Store`] in the memory of this process.
pub(crate) struct Memory {
    state: Mutex<State>,
    changes: broadcast::Sender<Diff>,
    keep_last_seen: Duration,
}

struct State {
    moment: Moment,
    leases: BTreeMap<Arc<str>, Held>,
    topics: HashMap<Topic, Keys>,
    seen: Seen,
}

type Keys = BTreeMap<Arc<str>, BTreeMap<SocketId, Kept>>;
type Place = (Topic, Arc<str>, SocketId);

struct Held {
    until: Instant,
    info: NodeInfo,
    places: HashSet<Place>,
}

struct Kept {
    lease: Arc<str>,
    meta: Arc<str>,
}

#[derive(Default)]
struct Seen {
    at: HashMap<Arc<str>, SystemTime>,
    /// In order of time; one of which `at` knows a later time counts no more.
    order: VecDeque<(SystemTime, Arc<str>)>,
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
        let mut by_topic: Vec<(Topic, Vec<Arc<str>>)> = Vec::new();
        for (topic, key) in touched {
            match by_topic.iter_mut().find(|(known, _)| *known == topic) {
                Some((_, keys)) if keys.contains(&key) => {}
                Some((_, keys)) => keys.push(key),
                None => by_topic.push((topic, vec![key])),
            }
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
                        held.places.remove(&place);
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
                let places = HashSet::new();
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
        let at = *state.seen.at.get(user)?;
        let ago = now.duration_since(at).unwrap_or_default();
        (ago <= self.keep_last_seen).then_some(at)
    }
}

impl State {
    fn put(&mut self, lease: &Arc<str>, write: &Write, meta: &Arc<str>) -> bool {
        let keys = self.topics.entry(write.topic.clone()).or_default();
        let entries = keys.entry(Arc::clone(&write.key)).or_default();
        let kept = Kept {
            lease: Arc::clone(lease),
            meta: Arc::clone(meta),
        };
        let before = entries.insert(write.socket, kept);
        if let Some(held) = self.leases.get_mut(lease) {
            let place = (write.topic.clone(), Arc::clone(&write.key), write.socket);
            held.places.insert(place);
        }
        before.is_none_or(|before| before.meta != *meta)
    }

    /// Removes an entry that hangs on this lease; whether it was there.
    fn remove(&mut self, lease: &str, topic: &Topic, key: &Arc<str>, socket: SocketId) -> bool {
        let Some(keys) = self.topics.get_mut(topic) else {
            return false;
        };
        let Some(entries) = keys.get_mut(key) else {
            return false;
        };
        if entries
            .get(&socket)
            .is_none_or(|kept| &*kept.lease != lease)
        {
            return false;
        }
        entries.remove(&socket);
        if entries.is_empty() {
            keys.remove(key);
            if *topic == Topic::Users {
                self.seen.note(key);
            }
        }
        if keys.is_empty() {
            self.topics.remove(topic);
        }
        true
    }

    fn key(&self, topic: &Topic, key: &Arc<str>) -> KeyState {
        let entries = self.topics.get(topic).and_then(|keys| keys.get(key));
        match entries {
            Some(entries) => key_state(key, entries),
            None => KeyState {
                key: Arc::clone(key),
                connections: 0,
                metas: Vec::new(),
            },
        }
    }

    fn page(&self, topic: &Topic, after: Option<&str>, limit: usize) -> Page {
        let moment = self.moment.clone();
        let mut page = Page {
            moment,
            keys: Vec::new(),
            next: None,
        };
        let Some(keys) = self.topics.get(topic) else {
            return page;
        };
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = keys.range::<str, _>((from, Bound::Unbounded));
        let taken = rest.by_ref().take(limit);
        page.keys
            .extend(taken.map(|(key, entries)| key_state(key, entries)));
        if rest.next().is_some() {
            page.next = page.keys.last().map(|last| last.key.to_string());
        }
        page
    }
}

fn key_state(key: &Arc<str>, entries: &BTreeMap<SocketId, Kept>) -> KeyState {
    let metas = entries.values().take(MAX_METAS);
    KeyState {
        key: Arc::clone(key),
        connections: entries.len(),
        metas: metas.map(|kept| Arc::clone(&kept.meta)).collect(),
    }
}

impl Seen {
    fn note(&mut self, user: &Arc<str>) {
        let now = SystemTime::now();
        self.at.insert(Arc::clone(user), now);
        self.order.push_back((now, Arc::clone(user)));
        if self.order.len() > MAX_SEEN
            && let Some((at, user)) = self.order.pop_front()
            && self.at.get(&user) == Some(&at)
        {
            self.at.remove(&user);
        }
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
