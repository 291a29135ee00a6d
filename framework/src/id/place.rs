//! Where something is: a worker, a namespace, a slot. No peer sees these.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A worker thread of a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct WorkerId(pub(crate) u16);

/// A namespace of a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NamespaceId(pub(crate) u32);

/// Gives namespaces their ids. What workers know of a namespace is indexed by its id, so that of one
/// that has gone is given again.
#[derive(Debug, Default)]
pub(crate) struct NamespaceIds(Mutex<Ids>);

#[derive(Debug, Default)]
struct Ids {
    next: u32,
    free: Vec<NamespaceId>,
}

impl NamespaceIds {
    fn ids(&self) -> MutexGuard<'_, Ids> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For a namespace that stays.
    pub(crate) fn next(&self) -> NamespaceId {
        let mut ids = self.ids();
        ids.free.pop().unwrap_or_else(|| {
            let id = NamespaceId(ids.next);
            ids.next += 1;
            id
        })
    }

    /// For a namespace that will go.
    pub(crate) fn lease(self: &Arc<Self>) -> Lease {
        Lease {
            id: self.next(),
            ids: Arc::clone(self),
        }
    }
}

/// An id that is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) id: NamespaceId,
    ids: Arc<NamespaceIds>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.ids.ids().free.push(self.id);
    }
}

/// Where a connection lives. Slots are used again; the generation tells the tenants apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SlotKey {
    pub(crate) worker: WorkerId,
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_namespace_is_given_again_once_it_is_free() {
        let ids = Arc::new(NamespaceIds::default());
        let stays = ids.next();
        let first = ids.lease();
        let id = first.id;
        let second = ids.lease();
        assert!(stays != id && id != second.id && second.id != stays);
        drop(first);
        assert_eq!(ids.lease().id, id);
    }
}
