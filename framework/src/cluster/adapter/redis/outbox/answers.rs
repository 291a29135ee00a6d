//! What Redis answers to commands.

use std::time::{Duration, Instant};

use super::{
    super::{line::Entry, refusal::Refusal},
    LineId, Outbox, Refused,
};

/// How long the log is silent about what Redis refuses, after it has told of it.
const QUIET: Duration = Duration::from_secs(10);

impl Outbox {
    /// The oldest command of a line has been executed.
    pub(in super::super) fn done(&self, id: LineId) {
        self.answered(id);
    }

    /// The oldest command of a line was not executed.
    pub(in super::super) fn refused(&self, id: LineId, error: &str) -> Refused {
        let Some(entry) = self.answered(id) else {
            return Refused::Settled;
        };
        let code = error.split(' ').next().unwrap_or_default();
        let refusal = Refusal::of_code(code);
        if entry.resend && refusal != Refusal::Never {
            let mut state = self.lock();
            if let Some(line) = state.line(id) {
                line.retry(entry);
            }
        } else if entry.counted {
            self.tell_refused(error);
            self.metrics.cluster_dropped.add("refused_by_redis");
        }
        match refusal {
            Refusal::Elsewhere => Refused::Reconnect,
            _ => Refused::Settled,
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

    fn answered(&self, id: LineId) -> Option<Entry> {
        let (entry, sent) = self.lock().line(id)?.answered()?;
        if entry.counted {
            self.published.record(sent.elapsed());
        }
        Some(entry)
    }
}
