use std::sync::{Arc, Mutex, OnceLock};

use super::{Limiter, Recoverable, data::Data, expiry::Expiry, waiters::Waiters};

/// What only some sockets have; made when it is first needed, so that the others pay a pointer.
#[derive(Default)]
pub(super) struct Extras {
    pub(super) waiters: Waiters,
    pub(super) data: Data,
    pub(super) expiry: Expiry,
    /// Not set where the namespace limits no events. Only its connection takes the lock, and gives it to
    /// the next socket.
    pub(super) limiter: OnceLock<Arc<Mutex<Limiter>>>,
    /// The payload of the CONNECT packet, if it had one.
    pub(super) auth: OnceLock<Box<str>>,
    /// `None` where connection state recovery is off.
    pub(super) recoverable: Option<Recoverable>,
}

impl Extras {
    pub(super) fn of(recoverable: Option<Recoverable>) -> OnceLock<Box<Self>> {
        let Some(recoverable) = recoverable else {
            return OnceLock::new();
        };
        OnceLock::from(Box::new(Self {
            recoverable: Some(recoverable),
            ..Self::default()
        }))
    }
}
