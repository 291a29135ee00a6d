//! What Redis answers to commands.

use std::time::{Duration, Instant};

use super::{
    super::{
        line::{Entry, Line},
        refusal::Refusal,
    },
    LineId, Outbox,
};
use crate::cluster::adapter::AdapterError;

/// How long the log is silent about what Redis refuses, after it has told of it.
const QUIET: Duration = Duration::from_secs(10);

impl Outbox {
    /// The oldest command of a line has been executed.
    pub(in super::super) fn done(&self, id: LineId) {
        let mut state = self.lock();
        let Some(line) = state.line(id) else {
            return;
        };
        let Some((entry, sent)) = line.answered() else {
            return;
        };
        let overtaken = line.done(&entry);
        drop(state);
        self.record(&entry, sent);
        let dropped = &self.metrics.cluster_dropped;
        dropped.add_many("refused_by_redis", overtaken);
    }

    /// The oldest command of a line was not executed. What Redis may take later is tried again.
    pub(in super::super) fn refused(&self, id: LineId, error: String) {
        let mut state = self.lock();
        let answered = state.line(id).and_then(Line::answered);
        let Some((entry, sent)) = answered else {
            return;
        };
        self.record(&entry, sent);
        let code = error.split(' ').next().unwrap_or_default();
        let refusal = Refusal::of_code(code);
        // Nobody may serve its slot for long; only what has to be done waits for that.
        let is_given_up = code == "CLUSTERDOWN" && !entry.resend;
        if refusal == Refusal::Elsewhere && is_given_up && entry.counted {
            self.metrics.cluster_dropped.add("refused_by_redis");
        }
        if refusal == Refusal::Never {
            drop(state);
            if entry.counted {
                self.tell_refused(&error);
                self.metrics.cluster_dropped.add("refused_by_redis");
            }
            return;
        }
        if entry.counted
            && !is_given_up
            && let Some(line) = state.line(id)
        {
            line.retry(entry);
            if refusal == Refusal::Soon {
                line.probe();
            }
        }
        if refusal == Refusal::Elsewhere {
            // In the order in which it was given, all of it is for another server.
            state.stopped = true;
            state.elsewhere.get_or_insert(error);
            drop(state);
            self.misdirected.notify_one();
        }
    }

    /// Waits until Redis says that another server is to be asked, and tells what it said. Until
    /// [`connect`](Self::connect) nothing more is written.
    pub(in super::super) async fn elsewhere(&self) -> AdapterError {
        loop {
            self.misdirected.notified().await;
            if let Some(error) = self.lock().elsewhere.take() {
                return AdapterError::new(error);
            }
        }
    }

    /// A right that is missing refuses every message: the log says so now and then.
    fn tell_refused(&self, error: &str) {
        let now = Instant::now();
        let told = &mut self.lock().refusal_told;
        if told.is_none_or(|told| now.duration_since(told) > QUIET) {
            *told = Some(now);
            tracing::warn!(error, "Redis refused a message to the other nodes");
        }
    }

    fn record(&self, entry: &Entry, sent: Instant) {
        if entry.counted {
            self.published.record(sent.elapsed());
        }
    }
}
