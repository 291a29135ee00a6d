use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, watch};

use super::Interest;

/// Above, everything is looked at anew.
pub(super) const MAX_MARKS: usize = 64 * 1024;

/// What may have changed since it was looked at last.
pub(in super::super) struct Marks {
    marked: Mutex<Marked>,
    notify: Notify,
    /// How many marks the server knows of.
    told: watch::Sender<u64>,
}

#[derive(Default)]
pub(super) struct Marked {
    /// Someone looks; otherwise marks are not kept, since who begins to looks at everything.
    watched: bool,
    pub(super) interests: BTreeSet<Interest>,
    overflown: bool,
    /// How many marks there have been.
    count: u64,
}

impl Default for Marks {
    fn default() -> Self {
        Self {
            marked: Mutex::default(),
            notify: Notify::new(),
            told: watch::Sender::new(0),
        }
    }
}

impl Marks {
    pub(super) fn lock(&self) -> MutexGuard<'_, Marked> {
        self.marked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in super::super) fn mark(&self, interest: Interest) {
        let mut marked = self.lock();
        marked.count += 1;
        if !marked.watched {
            return;
        }
        if marked.interests.len() < MAX_MARKS {
            marked.interests.insert(interest);
        } else {
            marked.overflown = true;
        }
        drop(marked);
        self.notify.notify_one();
    }

    /// From now on marks are kept, until [`unwatch`](Self::unwatch). Tells how many there have been.
    pub(in super::super) fn watch(&self) -> u64 {
        let mut marked = self.lock();
        *marked = Marked {
            watched: true,
            count: marked.count,
            ..Marked::default()
        };
        marked.count
    }

    pub(in super::super) fn unwatch(&self) {
        let mut marked = self.lock();
        *marked = Marked {
            count: marked.count,
            ..Marked::default()
        };
    }

    /// The server knows of so many marks.
    pub(in super::super) fn told(&self, count: u64) {
        self.told.send_replace(count);
    }

    /// Waits until the server knows of all marks that there have been.
    ///
    /// # Cancel safety
    /// Safe.
    pub(in super::super) async fn settled(&self) {
        let count = self.lock().count;
        // The sender is here: it does not fail.
        let _ = self.told.subscribe().wait_for(|told| *told >= count).await;
    }

    /// Waits for a mark.
    ///
    /// # Cancel safety
    /// No mark is lost.
    pub(in super::super) async fn changed(&self) {
        self.notify.notified().await;
    }

    pub(super) fn take(&self) -> (BTreeSet<Interest>, bool, u64) {
        let mut marked = self.lock();
        let overflown = std::mem::take(&mut marked.overflown);
        let interests = std::mem::take(&mut marked.interests);
        (interests, overflown, marked.count)
    }
}
