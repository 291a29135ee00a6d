//! What a polling session may have only one of at a time.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Whether a session's claims are taken; asked on any worker.
#[derive(Default)]
pub(crate) struct Claims {
    post: AtomicBool,
    upgrade: AtomicBool,
}

/// Given back when it is dropped.
pub(crate) struct Claim {
    claims: Arc<Claims>,
    which: fn(&Claims) -> &AtomicBool,
}

impl Claims {
    /// For a POST, until the session has taken all of it.
    pub(crate) fn post(self: &Arc<Self>) -> Option<Claim> {
        Claim::take(self, |claims| &claims.post)
    }

    /// For a WebSocket that wants to take over, until it has, or is closed.
    pub(crate) fn upgrade(self: &Arc<Self>) -> Option<Claim> {
        Claim::take(self, |claims| &claims.upgrade)
    }
}

impl Claim {
    fn take(claims: &Arc<Claims>, which: fn(&Claims) -> &AtomicBool) -> Option<Self> {
        let taken = which(claims).swap(true, Ordering::AcqRel);
        (!taken).then(|| Self {
            claims: Arc::clone(claims),
            which,
        })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        (self.which)(&self.claims).store(false, Ordering::Release);
    }
}
