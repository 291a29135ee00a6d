use std::sync::OnceLock;

use super::{Recoverable, data::Data, expiry::Expiry, waiters::Waiters};

/// What only some sockets have; made when it is first needed, so that the others pay a pointer.
#[derive(Default)]
pub(super) struct Extras {
    pub(super) waiters: Waiters,
    pub(super) data: Data,
    pub(super) expiry: Expiry,
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
