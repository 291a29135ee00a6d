//! What a polling session may have only one of at a time.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Whether a session's permits are taken; asked on any worker.
#[derive(Default)]
pub(crate) struct Permits {
    post: AtomicBool,
    upgrade: AtomicBool,
}

/// Given back when it is dropped.
pub(crate) struct Permit {
    permits: Arc<Permits>,
    which: fn(&Permits) -> &AtomicBool,
}

impl Permits {
    /// For a POST, until the session has taken all of it.
    pub(crate) fn post(self: &Arc<Self>) -> Option<Permit> {
        Permit::take(self, |permits| &permits.post)
    }

    /// For a WebSocket that wants to take over, until it has, or is closed.
    pub(crate) fn upgrade(self: &Arc<Self>) -> Option<Permit> {
        Permit::take(self, |permits| &permits.upgrade)
    }
}

impl Permit {
    fn take(permits: &Arc<Permits>, which: fn(&Permits) -> &AtomicBool) -> Option<Self> {
        let taken = which(permits).swap(true, Ordering::AcqRel);
        (!taken).then(|| Self {
            permits: Arc::clone(permits),
            which,
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        (self.which)(&self.permits).store(false, Ordering::Release);
    }
}
