//! What becomes of events that wait for the stream when Redis is away for long.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::{health::Part, lane::Lane, outbox::Waiting};
use crate::cluster::{
    adapter::{Inbound, Message, Received},
    wire::{entry::Entry, layer::Content},
};

/// How often is looked, in parts of the time for which events wait.
const LOOKS: u32 = 8;

/// But not more often than this.
const SHORTEST: Duration = Duration::from_millis(10);

/// Delivers on this node what cannot be read back.
#[derive(Default)]
pub(super) struct Absence {
    /// `None` before the adapter runs. Locked while something is delivered: who finds Redis away
    /// comes behind those that have waited for it.
    inbound: Mutex<Option<Inbound>>,
}

impl Absence {
    pub(super) fn begin(&self, inbound: Inbound) {
        *self.inbound.lock().unwrap_or_else(PoisonError::into_inner) = Some(inbound);
    }

    /// Delivers an event of this node.
    pub(super) fn deliver(&self, namespace: &str, message: &Message<'_>) {
        let inbound = self.inbound.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(inbound) = &*inbound {
            inbound.receive_here(Received {
                namespace,
                from: None,
                message: message.clone(),
            });
        }
    }

    /// Delivers an event that waited for the stream and will not be added to it.
    pub(super) fn deliver_instead(&self, entry: &Waiting) {
        let inbound = self.inbound.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(inbound) = &*inbound {
            deliver(inbound, entry);
        }
    }

    /// Watches over a lane until the future is dropped.
    pub(super) async fn watch(&self, lane: Arc<Lane>, reading: Arc<Part>, hold: Duration) {
        let mut reads = Instant::now();
        loop {
            sleep((hold / LOOKS).max(SHORTEST)).await;
            if reading.is_up() {
                reads = Instant::now();
            }
            let outbox = &lane.outbox;
            let gone = outbox.stuck_for() >= hold || reads.elapsed() >= hold;
            match (gone, outbox.is_away()) {
                (true, false) => {
                    tracing::debug!("events are delivered on this node without Redis");
                    let inbound = self.inbound.lock().unwrap_or_else(PoisonError::into_inner);
                    for entry in outbox.go_away() {
                        if let Some(inbound) = &*inbound {
                            deliver(inbound, &entry);
                        }
                    }
                }
                (false, true) => outbox.come_back(),
                _ => {}
            }
        }
    }
}

/// Delivers an event that was encoded for the stream.
fn deliver(inbound: &Inbound, entry: &Waiting) {
    let kind = entry.kind.to_string();
    let fields = [
        (&b"uid"[..], &b""[..]),
        (b"nsp", entry.nsp.as_bytes()),
        (b"type", kind.as_bytes()),
        (b"data", &entry.data),
    ];
    if let Ok(Some(entry)) = Entry::read(fields)
        && let Ok(Content::Message { message, .. }) = entry.decode()
    {
        inbound.receive_here(Received {
            namespace: &entry.nsp,
            from: None,
            message,
        });
    }
}
