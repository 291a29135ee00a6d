//! What a store tells, for tests.

use super::store::{Diff, KeyState, Moment, Page, Topic};

pub(super) fn moment(epoch: &str, number: u64) -> Moment {
    Moment {
        epoch: epoch.into(),
        number,
    }
}

pub(super) fn state(key: &str, connections: usize) -> KeyState {
    KeyState {
        key: key.into(),
        connections,
        metas: vec!["{}".into(); connections],
    }
}

pub(super) fn diff(moment: Moment, key: &str, connections: usize) -> Diff {
    Diff {
        moment,
        topic: Topic::Users,
        keys: vec![state(key, connections)],
    }
}

pub(super) fn page(moment: Moment, keys: &[&str]) -> Page {
    Page {
        moment,
        keys: keys.iter().map(|key| state(key, 1)).collect(),
        next: None,
    }
}
