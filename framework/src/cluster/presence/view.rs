//! One topic as this node sees it, and what changes in it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use indexmap::IndexMap;

use super::{
    change::{PresenceChange, Present},
    store::{Diff, KeyState, Moment, Page},
};

/// A copy of a topic, kept by its changes, and read anew where some may have been missed. What it
/// tells as changed is the difference to what it told before, however it learned of it.
#[derive(Default)]
pub(super) struct View {
    known: IndexMap<Arc<str>, Known>,
    epoch: Option<Arc<str>>,
    /// Changes up to this number are in what was read.
    floor: u64,
    /// It has been read to the end once.
    complete: bool,
    reading: Option<Reading>,
}

struct Known {
    present: Present,
    /// The number of the change that told it; 0: of another epoch.
    number: u64,
}

/// What is known of a topic that is being read page by page, while changes come in.
struct Reading {
    began: Option<Moment>,
    seen: HashSet<Arc<str>>,
    /// Keys that went meanwhile: an older page may still have them.
    gone: HashMap<Arc<str>, u64>,
}

impl View {
    /// Starts to read the topic; changes that come from now on are not overwritten by older pages.
    pub(super) fn begin(&mut self) {
        self.reading = Some(Reading {
            began: None,
            seen: HashSet::new(),
            gone: HashMap::new(),
        });
    }

    /// What was heard before may be of another history of the store than what comes, with other
    /// numbers; what is being read is of both.
    pub(super) fn reset(&mut self) {
        self.epoch = None;
        self.reading = None;
    }

    /// Takes a change in. Before the first reading has ended nothing is told.
    pub(super) fn apply(&mut self, diff: Diff) -> Vec<PresenceChange> {
        self.enter(&diff.moment.epoch);
        let number = diff.moment.number;
        if number <= self.floor() {
            return Vec::new();
        }
        let changes = diff.keys.into_iter().filter_map(|key| {
            if let Some(reading) = &mut self.reading
                && key.connections == 0
            {
                reading.gone.insert(Arc::clone(&key.key), number);
            }
            let newer = self.known.get(&key.key);
            match newer.is_some_and(|known| known.number > number) {
                true => None,
                false => self.set(key, number),
            }
        });
        let changes = changes.collect();
        self.told(changes)
    }

    /// Takes a page in.
    pub(super) fn page(&mut self, page: Page) -> Vec<PresenceChange> {
        if !self.is_being_read() {
            return Vec::new();
        }
        self.enter(&page.moment.epoch);
        let number = page.moment.number;
        let mut changes = Vec::new();
        for key in page.keys {
            let Some(reading) = &mut self.reading else {
                break;
            };
            reading.began.get_or_insert_with(|| page.moment.clone());
            reading.seen.insert(Arc::clone(&key.key));
            let gone = reading.gone.get(&key.key).is_some_and(|at| *at > number);
            let newer = self.known.get(&key.key);
            let newer = newer.is_some_and(|known| known.number > number);
            if !gone && !newer {
                changes.extend(self.set(key, number));
            }
        }
        if let Some(reading) = &mut self.reading {
            reading.began.get_or_insert(page.moment);
        }
        self.told(changes)
    }

    /// All pages have been read: keys that were on none have gone, unless they are newer.
    pub(super) fn finish(&mut self) -> Vec<PresenceChange> {
        let Some(reading) = self.reading.take() else {
            return Vec::new();
        };
        let Some(began) = reading.began else {
            return Vec::new();
        };
        let mut changes = Vec::new();
        self.known.retain(|key, known| {
            let stays = reading.seen.contains(key) || known.number > began.number;
            if !stays {
                changes.push(PresenceChange::Left(known.present.clone()));
            }
            stays
        });
        let changes = self.told(changes);
        self.complete = true;
        self.floor = began.number;
        changes
    }

    /// Reading has failed; it is begun again later.
    pub(super) fn interrupt(&mut self) {
        self.reading = None;
    }

    pub(super) fn is_being_read(&self) -> bool {
        self.reading.is_some()
    }

    /// Whether it has been read to its end, so that changes are told.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn present(&self) -> impl Iterator<Item = &Present> {
        self.known.values().map(|known| &known.present)
    }

    /// Changes up to this number are in what was read, or will be with the pages to come.
    fn floor(&self) -> u64 {
        let began = self.reading.as_ref().and_then(|it| it.began.as_ref());
        began.map_or(self.floor, |began| began.number.max(self.floor))
    }

    fn told(&self, changes: Vec<PresenceChange>) -> Vec<PresenceChange> {
        match self.complete {
            true => changes,
            false => Vec::new(),
        }
    }

    /// Numbers of another life of the store tell nothing about these.
    fn enter(&mut self, epoch: &Arc<str>) {
        if self.epoch.as_ref() != Some(epoch) {
            self.epoch = Some(Arc::clone(epoch));
            self.floor = 0;
            for known in self.known.values_mut() {
                known.number = 0;
            }
            if let Some(reading) = &mut self.reading {
                reading.began = None;
                reading.gone.clear();
            }
        }
    }

    fn set(&mut self, state: KeyState, number: u64) -> Option<PresenceChange> {
        if state.connections == 0 {
            let known = self.known.swap_remove(&state.key)?;
            return Some(PresenceChange::Left(known.present));
        }
        let present = Present::from(state);
        let known = Known {
            present: present.clone(),
            number,
        };
        match self.known.insert(Arc::clone(present.shared_key()), known) {
            None => Some(PresenceChange::Joined(present)),
            Some(before) if before.present == present => None,
            Some(_) => Some(PresenceChange::Updated(present)),
        }
    }
}

#[cfg(test)]
mod tests;
