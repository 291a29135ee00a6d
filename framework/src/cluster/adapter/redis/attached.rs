//! The namespaces that a hub has, with the channels of each.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use super::interest::Interest;

pub(super) struct Attached<C>(RwLock<HashMap<Arc<str>, Arc<C>>>);

impl<C> Default for Attached<C> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<C> Attached<C> {
    // Held for a few instructions.
    fn read(&self) -> RwLockReadGuard<'_, HashMap<Arc<str>, Arc<C>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<Arc<str>, Arc<C>>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn insert(&self, namespace: &Arc<str>, channels: impl Into<Arc<C>>) {
        self.write().insert(Arc::clone(namespace), channels.into());
    }

    pub(super) fn remove(&self, namespace: &str) {
        self.write().remove(namespace);
    }

    pub(super) fn get(&self, namespace: &str) -> Option<Arc<C>> {
        self.read().get(namespace).cloned()
    }

    pub(super) fn has(&self, namespace: &str) -> bool {
        self.read().contains_key(namespace)
    }

    /// One of them, always the same while it is there: the main namespace, if that is.
    pub(super) fn first(&self) -> Option<(Arc<str>, Arc<C>)> {
        let attached = self.read();
        let first = attached
            .get_key_value("/")
            .or_else(|| attached.iter().min_by_key(|(namespace, _)| *namespace));
        first.map(|(namespace, channels)| (Arc::clone(namespace), Arc::clone(channels)))
    }

    pub(super) fn interests(&self) -> Vec<Interest> {
        self.read().keys().map(Interest::in_namespace).collect()
    }
}
