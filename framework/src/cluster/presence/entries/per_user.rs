//! How many sockets of this node each user has, where that is limited.

use std::{collections::HashMap, sync::Arc};

use crate::cluster::presence::store::Topic;

/// Empty without a limit: then nobody asks.
pub(super) struct PerUser {
    max: Option<usize>,
    sockets: HashMap<Arc<str>, usize>,
}

impl PerUser {
    pub(super) fn new(max: Option<usize>) -> Self {
        Self {
            max,
            sockets: HashMap::new(),
        }
    }

    /// The limit, if the user has as many.
    pub(super) fn exhausted(&self, user: &str) -> Option<usize> {
        let sockets = self.sockets.get(user).copied().unwrap_or_default();
        self.max.filter(|max| sockets >= *max)
    }

    /// An entry has come.
    pub(super) fn came(&mut self, topic: &Topic, key: &Arc<str>) {
        if self.max.is_some() && *topic == Topic::Users {
            *self.sockets.entry(Arc::clone(key)).or_default() += 1;
        }
    }

    /// An entry has gone.
    pub(super) fn went(&mut self, topic: &Topic, key: &Arc<str>) {
        if *topic != Topic::Users {
            return;
        }
        if let Some(sockets) = self.sockets.get_mut(key) {
            *sockets -= 1;
            if *sockets == 0 {
                self.sockets.remove(key);
            }
        }
    }
}
