use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use crate::{cluster::wire::entry::Fields, id::EntryId};

/// An entry on its way, for the stream with this index. What becomes of it is noted under the lock
/// of the outbox.
#[derive(Debug)]
pub(in super::super) struct Waiting {
    pub(in super::super) stream: usize,
    pub(in super::super) nsp: Box<str>,
    pub(in super::super) kind: u8,
    pub(in super::super) data: Vec<u8>,
    /// When it was emitted.
    pub(super) at: Instant,
    /// Of an event for clients that is not delivered before it is read back.
    pub(super) event: bool,
    /// Somebody may wait for what comes of it: makes no room for others.
    pub(super) awaited: bool,
    /// Delivered on this node all the same, since Redis was away.
    here: AtomicBool,
    /// It was sent, without saying that.
    pub(super) unmarked: AtomicBool,
    /// It has come back from its stream.
    read: AtomicBool,
    /// Its place in the stream, once that is known.
    id: OnceLock<EntryId>,
}

impl Waiting {
    pub(in super::super) fn new(
        stream: usize,
        nsp: &str,
        Fields { kind, data }: Fields,
        event: bool,
        awaited: bool,
    ) -> Self {
        Self {
            stream,
            nsp: nsp.into(),
            kind,
            data,
            at: Instant::now(),
            event,
            awaited,
            here: AtomicBool::new(false),
            unmarked: AtomicBool::new(false),
            read: AtomicBool::new(false),
            id: OnceLock::new(),
        }
    }

    pub(in super::super) fn is_here(&self) -> bool {
        self.here.load(Ordering::Relaxed)
    }

    pub(super) fn set_here(&self) {
        self.here.store(true, Ordering::Relaxed);
    }

    /// Nobody on this node has it, or will read it back, if it is not added to its stream.
    pub(in super::super) fn is_missed_here(&self) -> bool {
        self.event && !self.is_here() && !self.is_read()
    }

    pub(super) fn is_read(&self) -> bool {
        self.read.load(Ordering::Relaxed)
    }

    pub(super) fn set_read(&self, id: EntryId) {
        self.set_id(id);
        self.read.store(true, Ordering::Relaxed);
    }

    pub(super) fn id(&self) -> Option<EntryId> {
        self.id.get().copied()
    }

    pub(super) fn set_id(&self, id: EntryId) {
        // What was read back is acknowledged afterwards, with the same.
        let _ = self.id.set(id);
    }

    pub(super) fn weight(&self) -> usize {
        size_of::<Self>() + self.nsp.len() + self.data.len()
    }
}
