//! What becomes of events that wait for the stream when Redis is away for long.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    task::yield_now,
    time::{Instant, sleep},
};

use super::{health::Part, lane::Lane, outbox::Waiting};
use crate::cluster::{
    adapter::{Inbound, Message, Received},
    wire::{entry::Entry, layer::Content},
};

/// How often is looked, in parts of the time for which events wait.
const LOOKS: u32 = 8;

/// But not more often than this.
const SHORTEST: Duration = Duration::from_millis(10);

/// Events that are delivered before others of the worker get their turn.
const PART: usize = 256;

/// Delivers on this node what cannot be read back.
#[derive(Default)]
pub(super) struct Absence {
    /// `None` before the adapter runs.
    inbound: Mutex<Option<Inbound>>,
}

impl Absence {
    pub(super) fn begin(&self, inbound: Inbound) {
        *self.inbound.lock().unwrap_or_else(PoisonError::into_inner) = Some(inbound);
    }

    fn inbound(&self) -> Option<Inbound> {
        let inbound = self.inbound.lock().unwrap_or_else(PoisonError::into_inner);
        inbound.clone()
    }

    /// Delivers an event of this node.
    pub(super) fn deliver(&self, namespace: &str, message: Message<'_>) {
        if let Some(inbound) = self.inbound() {
            inbound.receive_here(Received {
                namespace,
                from: None,
                message,
            });
        }
    }

    /// Delivers an event that was encoded for the stream, and waited for it.
    pub(super) fn deliver_instead(&self, entry: &Waiting) {
        let kind = entry.kind.to_string();
        let fields = [
            (&b"uid"[..], &b""[..]),
            (b"nsp", entry.nsp.as_bytes()),
            (b"type", kind.as_bytes()),
            (b"data", &entry.data),
        ];
        if let Ok(Some(read)) = Entry::read(fields)
            && let Ok(Content::Message { message, .. }) = read.decode()
        {
            self.deliver(&entry.nsp, message);
        }
    }

    /// Watches over a lane until the future is dropped.
    pub(super) async fn watch(&self, lane: Arc<Lane>, reading: Arc<Part>, hold: Duration) {
        let (mut reads, mut read) = (Instant::now(), lane.read());
        loop {
            sleep((hold / LOOKS).max(SHORTEST)).await;
            let before = std::mem::replace(&mut read, lane.read());
            // A connection that says nothing may be dead, unless there is nothing to say.
            let goes_on = read != before || !lane.is_behind(&read);
            if reading.is_up() && goes_on {
                reads = Instant::now();
            }
            let outbox = &lane.outbox;
            let gone = outbox.stuck_for() >= hold || reads.elapsed() >= hold;
            match (gone, outbox.is_away()) {
                (true, false) => {
                    tracing::debug!("events are delivered on this node without Redis");
                    self.go_away(&lane).await;
                }
                (false, true) => outbox.come_back(),
                _ => {}
            }
        }
    }

    /// Delivers what is on its way before anything that comes.
    async fn go_away(&self, lane: &Lane) {
        loop {
            let missed = lane.outbox.go_away(PART);
            if missed.is_empty() {
                return;
            }
            for entry in &missed {
                self.deliver_instead(entry);
            }
            yield_now().await;
        }
    }
}
