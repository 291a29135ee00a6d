use std::{ops::Range, time::Duration};

use crate::entropy::seeded::Chance;

/// The random faults of a [`VirtualCluster`](super::VirtualCluster). The seed decides when they happen, and to
/// which nodes and clients. Without any, every message arrives at once and nothing is lost.
///
/// ```
/// use std::time::Duration;
/// use roomcast::testing::Faults;
///
/// let ms = Duration::from_millis;
/// let faults = Faults::new()
///     .delay(ms(1)..ms(80))
///     .client_delay(ms(5)..ms(200))
///     .store_delay(ms(1)..ms(20))
///     .cuts(ms(2_000), ms(500))
///     .lost_connections(ms(1_000));
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "give it to `VirtualClusterBuilder::faults`"]
pub struct Faults {
    pub(super) delay: Delay,
    pub(super) client_delay: Delay,
    pub(super) duplicate: f64,
    pub(super) store_delay: Delay,
    pub(super) store_failures: f64,
    pub(super) cuts: Option<Outages>,
    pub(super) crashes: Option<Outages>,
    pub(super) lost: Option<Duration>,
    pub(super) silent: Option<Duration>,
}

/// How often something fails, and for how long, on average.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outages {
    pub(super) every: Duration,
    pub(super) lasting: Duration,
}

impl Faults {
    /// No faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long messages between nodes take. Those from one node to another keep their order, as with
    /// any adapter. Default: no time.
    pub fn delay(mut self, range: Range<Duration>) -> Self {
        self.delay = Delay(range);
        self
    }

    /// How long bytes take between a client and its node, each way. Default: no time.
    pub fn client_delay(mut self, range: Range<Duration>) -> Self {
        self.client_delay = Delay(range);
        self
    }

    /// The share of the messages between nodes that are delivered twice, from 0 to 1. The adapters of this
    /// crate deliver at most once; your own may not. Default 0.
    pub fn duplicates(mut self, share: f64) -> Self {
        self.duplicate = share;
        self
    }

    /// Delays requests to the store of users and presence, their answers, and its notifications of changes, each by
    /// a time in this range. Default: no delay.
    pub fn store_delay(mut self, range: Range<Duration>) -> Self {
        self.store_delay = Delay(range);
        self
    }

    /// Lets this share of the requests to the store of users and presence fail, from 0 to 1. Half of them are lost
    /// before the store gets them; the others are executed, and only the answer is lost. The connection
    /// on which it sends notifications breaks at this share of them. Default 0.
    pub fn store_failures(mut self, share: f64) -> Self {
        self.store_failures = share;
        self
    }

    /// Breaks a link between two nodes, on average at this interval and for this long; see
    /// [`VirtualCluster::cut`](super::VirtualCluster::cut). Default: never.
    ///
    /// # Panics
    /// If the interval is zero: the clock would not go on.
    #[track_caller]
    pub fn cuts(mut self, every: Duration, lasting: Duration) -> Self {
        refuse_zero(every);
        self.cuts = Some(Outages { every, lasting });
        self
    }

    /// Crashes a node, on average at this interval, and starts it again after this long; see
    /// [`VirtualCluster::crash`](super::VirtualCluster::crash). The last running node is not crashed.
    /// Default: never.
    ///
    /// # Panics
    /// If the interval is zero: the clock would not go on.
    #[track_caller]
    pub fn crashes(mut self, every: Duration, lasting: Duration) -> Self {
        refuse_zero(every);
        self.crashes = Some(Outages { every, lasting });
        self
    }

    /// Resets the connection of a client, on average at this interval; both ends notice at once.
    /// Default: never.
    ///
    /// # Panics
    /// If the interval is zero: the clock would not go on.
    #[track_caller]
    pub fn lost_connections(mut self, every: Duration) -> Self {
        refuse_zero(every);
        self.lost = Some(every);
        self
    }

    /// Makes the connection of a client pass nothing any more, on average at this interval. The node
    /// notices by a ping timeout, the client not at all. Default: never.
    ///
    /// # Panics
    /// If the interval is zero: the clock would not go on.
    #[track_caller]
    pub fn silent_connections(mut self, every: Duration) -> Self {
        refuse_zero(every);
        self.silent = Some(every);
        self
    }
}

/// A task that waits for no time would be the only one to run.
#[track_caller]
fn refuse_zero(every: Duration) {
    // What is drawn is in microseconds.
    assert!(
        every >= Duration::from_micros(1),
        "a fault needs an interval, of a microsecond at least"
    );
}

/// Between two times; none if that is empty.
#[derive(Debug, Clone, Default)]
pub(super) struct Delay(Range<Duration>);

impl Delay {
    pub(super) fn draw(&self, chance: &mut Chance) -> Duration {
        let Range { start, end } = self.0;
        let width = end.saturating_sub(start).as_micros();
        let width = u64::try_from(width).unwrap_or(u64::MAX);
        start + Duration::from_micros(chance.below(width))
    }
}

/// A time that is `mean` on average, and at most twice as long.
pub(super) fn around(mean: Duration, chance: &mut Chance) -> Duration {
    Delay(Duration::ZERO..mean * 2).draw(chance)
}
