//! What the store has, without its lock and its listeners.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::Arc,
};

use indexmap::IndexSet;
use tokio::time::Instant;

use super::seen::Seen;
use crate::{
    cluster::presence::store::{KeyState, MAX_METAS, Moment, NodeInfo, Page, Topic, Write},
    id::SocketId,
};

pub(super) struct State {
    pub(super) moment: Moment,
    pub(super) leases: BTreeMap<Arc<str>, Held>,
    pub(super) topics: HashMap<Topic, Keys>,
    pub(super) seen: Seen,
}

type Keys = BTreeMap<Arc<str>, BTreeMap<SocketId, Kept>>;
type Place = (Topic, Arc<str>, SocketId);

pub(super) struct Held {
    pub(super) until: Instant,
    pub(super) info: NodeInfo,
    pub(super) places: IndexSet<Place>,
}

pub(super) struct Kept {
    pub(super) lease: Arc<str>,
    pub(super) meta: Arc<str>,
}

impl State {
    pub(super) fn put(&mut self, lease: &Arc<str>, write: &Write, meta: &Arc<str>) -> bool {
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
    pub(super) fn remove(
        &mut self,
        lease: &str,
        topic: &Topic,
        key: &Arc<str>,
        socket: SocketId,
    ) -> bool {
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

    pub(super) fn key(&self, topic: &Topic, key: &Arc<str>) -> KeyState {
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

    pub(super) fn page(&self, topic: &Topic, after: Option<&str>, limit: usize) -> Page {
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
