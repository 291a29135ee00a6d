//! The task that tells the pages what workers have told.

use std::time::Duration;

use tokio::{
    task::yield_now,
    time::{Instant, MissedTickBehavior, interval},
};

use super::{panel::Panel, words};
use crate::{
    config::Rate,
    namespace::Namespace,
    shard::{bucket::TokenBucket, monitor::notice::Notice, uplink::Uplink},
};

/// Between two times that a server tells how it is.
const PERIOD: Duration = Duration::from_secs(2);

/// Messages to the pages, and bytes of them, before others on the worker get their turn.
const SLICE: usize = 64;
const SLICE_BYTES: usize = 64 * 1024;

/// How much is told to pages on other nodes: with an adapter on a log each message is an entry there,
/// among those of the application.
struct Rates {
    events: Rate,
    /// What becomes of sockets. As they often come many at a time, and a page that was not told shows what is
    /// not so, more of it at once.
    sockets: Rate,
}

const TO_OTHERS: Rates = Rates {
    events: Rate::per_second(500),
    sockets: Rate::per_second(500).burst(10_000),
};

/// The same where clients come back to what is in that log: it is not to be full of these.
const TO_LOG: Rates = Rates {
    events: Rate::per_second(20),
    sockets: Rate::per_second(20).burst(1000),
};

/// What was sent in this turn.
#[derive(Default)]
struct Turn {
    messages: usize,
    bytes: usize,
}

impl Turn {
    async fn sent(&mut self, bytes: usize) {
        self.messages += 1;
        self.bytes += bytes;
        if self.messages >= SLICE || self.bytes >= SLICE_BYTES {
            *self = Self::default();
            yield_now().await;
        }
    }
}

/// Runs until the hub is dropped.
pub(super) async fn run(panel: &Panel) {
    let mut notices = panel.notices.lock().await;
    let mut period = interval(PERIOD);
    period.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut turn = Turn::default();
    let mut budget = Budget::full();
    loop {
        let notice = tokio::select! {
            biased;
            _ = period.tick() => None,
            notice = notices.recv() => notice,
        };
        match notice {
            Some(notice) => {
                panel.monitor.taken(&notice);
                show(panel, notice, &mut turn, &mut budget).await;
            }
            None if panel.tell_stats().is_err() => return,
            None => {}
        }
    }
}

impl Rates {
    fn to_others(page: &Namespace) -> &'static Self {
        let log = page.scope().uplink().and_then(Uplink::shared_log);
        match log {
            Some(_) => &TO_LOG,
            None => &TO_OTHERS,
        }
    }
}

/// What may still be told to pages on other nodes.
struct Budget {
    events: TokenBucket,
    sockets: TokenBucket,
}

impl Budget {
    fn full() -> Self {
        let full = || TokenBucket::full(Instant::now());
        Self {
            events: full(),
            sockets: full(),
        }
    }

    fn take(&mut self, rates: &Rates, is_event: bool) -> bool {
        let (bucket, rate) = match is_event {
            true => (&mut self.events, &rates.events),
            false => (&mut self.sockets, &rates.sockets),
        };
        bucket.take(rate, 1, Instant::now()).is_ok()
    }
}

async fn show(panel: &Panel, notice: Notice, turn: &mut Turn, budget: &mut Budget) {
    let Some(page) = panel.namespace() else {
        return;
    };
    // Whoever looked has gone.
    if !panel.monitor.is_watched() {
        return;
    }
    let is_seen_elsewhere = panel.is_seen_elsewhere();
    let rates = Rates::to_others(&page);
    for message in words::messages(page.node(), &notice) {
        let crosses = is_seen_elsewhere && budget.take(rates, message.is_event);
        let pages = match crosses {
            true => page.everyone(),
            false => page.everyone().local(),
        };
        if is_seen_elsewhere && !crosses {
            panel.metrics.admin_dropped.add("cluster");
        }
        if let Err(error) = message.send(&pages) {
            tracing::debug!(%error, "not all pages were told");
        }
        turn.sent(message.len()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn events_take_nothing_from_what_becomes_of_sockets() {
        let mut budget = Budget::full();
        let mut taken = |is_event| {
            let taken = (0..20_000).filter(|_| budget.take(&TO_LOG, is_event));
            taken.count()
        };
        assert_eq!([taken(true), taken(true)], [20, 0]);
        assert_eq!([taken(false), taken(false)], [1000, 0]);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!([taken(true), taken(false)], [20, 20]);
    }
}
