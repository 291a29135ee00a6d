use std::fmt;

/// What has happened in a [`VirtualCluster`](super::VirtualCluster) so far: with it a test shows that the faults it
/// is about did occur.
///
/// ```
/// use roomcast::testing::Report;
///
/// fn something_was_lost(report: &Report) -> bool {
///     report.dropped > 0 || report.lost_connections > 0
/// }
/// # assert!(!something_was_lost(&Report::default()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Report {
    /// Messages that nodes have sent to other nodes, counted for each receiver.
    pub messages: u64,
    /// Of those, how many were on their way for a time.
    pub delayed: u64,
    /// Of those, how many have come twice.
    pub duplicated: u64,
    /// Of those, how many were lost: between nodes that were cut off, or with a node that crashed.
    pub dropped: u64,
    /// Questions to the store of users and presence that failed, but for those of nodes that were isolated.
    pub store_failures: u64,
    /// Connections of clients that were opened.
    pub connections: u64,
    /// Of those, how many were reset.
    pub lost_connections: u64,
    /// Of those, how many went silent.
    pub silent_connections: u64,
    /// How often nodes were cut off from each other or isolated.
    pub cuts: u64,
    /// How often a node crashed.
    pub crashes: u64,
    /// A digest of every byte that clients have received, and when. The same seed gives the same.
    pub digest: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} messages between nodes ({} delayed, {} duplicated, {} dropped), \
             {} failures of the store, {} connections ({} lost, {} silent), {} cuts, {} crashes, digest {:016x}",
            self.messages,
            self.delayed,
            self.duplicated,
            self.dropped,
            self.store_failures,
            self.connections,
            self.lost_connections,
            self.silent_connections,
            self.cuts,
            self.crashes,
            self.digest
        )
    }
}

/// FNV-1a: a digest that does not depend on the process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    pub(super) fn number(self) -> u64 {
        self.0
    }
}
