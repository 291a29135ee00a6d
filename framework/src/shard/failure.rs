//! A worker whose own work panics.
//!
//! Application code is caught where it is called. What is left is an adapter or a store that panics when it is
//! told something, or a mistake in the framework. A shard that lacks one of its tasks would neither write nor keep
//! time, and its clients would wait for ever: so it is given up as a whole, like that of a thread that has ended.

use std::rc::Rc;

use super::{
    command::{Action, Command},
    local::Shard,
    node::Node,
    slot::Notice,
    state::State,
};
use crate::{error::DisconnectReason, metrics::Metrics, supervision};

/// Events that are being handed over; counted as dropped unless that comes to its end.
pub(super) struct Accepted<'a> {
    metrics: &'a Metrics,
    events: usize,
}

impl<'a> Accepted<'a> {
    pub(super) fn new(metrics: &'a Metrics, events: usize) -> Self {
        Self { metrics, events }
    }

    /// The event of a command, if it has one.
    pub(super) fn of(command: &Command, metrics: &'a Metrics) -> Self {
        let emits = matches!(command.action, Action::Emit { .. });
        Self::new(metrics, usize::from(emits))
    }

    pub(super) fn done(mut self) {
        self.events = 0;
    }
}

impl Drop for Accepted<'_> {
    fn drop(&mut self) {
        if self.events > 0 {
            self.metrics.dropped_worker_ended.add(self.events as u64);
        }
    }
}

impl State {
    /// Counts what was not handed over, and tells what was.
    pub(super) fn give_up_pending(&mut self, metrics: &Metrics) {
        drop(Accepted::new(metrics, self.pending.events()));
        for (collector, receivers) in self.asked.drain(..) {
            collector.counted(receivers);
        }
    }
}

impl Shard {
    /// Runs a part of the shard's work for as long as it lasts.
    pub(super) fn run(self: &Rc<Self>, work: impl Future<Output = ()> + 'static) {
        let shard = Rc::downgrade(self);
        actix::spawn(async move {
            if let Err(panic) = supervision::catching(work).await
                && let Some(shard) = shard.upgrade()
            {
                shard.fail(&panic);
            }
        });
    }

    /// Ends all connections, and with the last one the shard. Those to come on this thread get another one.
    fn fail(&self, panic: &str) {
        let worker = self.worker.0;
        tracing::error!(worker, panic, "a worker panicked, its connections end");
        Node::forget_local(self);
        self.failed.set(true);
        for (_, slot) in &self.state.borrow().slots {
            slot.tell(Notice::Close(DisconnectReason::TransportError));
        }
    }
}
