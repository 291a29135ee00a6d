use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use super::{AdapterError, AdapterFuture, Message};
use crate::id::EntryId;

/// A log in which every node finds all events in one order, its own too, and a store of sessions:
/// what [connection state recovery](crate::HubBuilder::connection_state_recovery) across nodes rests
/// on. From an adapter that has one, [`Adapter::recovery_log`](super::Adapter::recovery_log).
///
/// Such an adapter hands over the entries of its log with
/// [`Inbound::receive_entry`](super::Inbound::receive_entry), one at a time for each namespace and
/// in their order.
pub trait RecoveryLog: Send + Sync {
    /// The newest entry of the namespace's log that has been handed over, or is about to be.
    fn head(&self, namespace: &str) -> EntryId;

    /// Ready once everything up to there has been handed over.
    fn delivered(&self, namespace: &str, up_to: EntryId) -> AdapterFuture<'_, ()>;

    /// Keeps a session for so long, for the node that its client comes back to. It is encoded here,
    /// and taken over when what this returns is called, under a lock; one that does not find room is
    /// not kept.
    fn save<'a>(
        &'a self,
        session: &StoredSession<'_>,
        time: Duration,
    ) -> Box<dyn FnOnce() + Send + 'a>;

    /// How many sessions have been taken over and are not kept yet; lost, should the node end now.
    fn unsaved(&self) -> usize;

    /// Takes a session that was kept: each can be taken once.
    fn take<'a>(
        &'a self,
        pid: &'a str,
    ) -> AdapterFuture<'a, Result<Option<StoredSession<'static>>, AdapterError>>;

    /// Whether the log has this entry, and no entry behind it has been removed or lost.
    fn reaches_back_to<'a>(
        &'a self,
        namespace: &'a str,
        entry: EntryId,
    ) -> AdapterFuture<'a, Result<bool, AdapterError>>;

    /// The next entries behind `after`, up to and with `up_to`: as many as the adapter reads at
    /// once, of which it gives those of the namespace to `found`. The last one read; `None` if there
    /// was none.
    fn read<'a>(
        &'a self,
        namespace: &'a str,
        after: EntryId,
        up_to: EntryId,
        found: &'a mut (dyn FnMut(EntryId, Message<'_>) + Send),
    ) -> AdapterFuture<'a, Result<Option<EntryId>, AdapterError>>;
}

/// A session whose client is away, as every node can keep it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSession<'a> {
    /// The id of the socket.
    pub id: Cow<'a, str>,
    /// What its client shows to come back to it.
    pub pid: Cow<'a, str>,
    /// The rooms it was in, its private one included.
    pub rooms: Vec<Cow<'a, str>>,
    /// The socket's data, one JSON value. Binary values that Node's servers keep in it are in the
    /// form that `JSON.stringify` gives a `Buffer`.
    pub data: Cow<'a, str>,
    /// What roomcast's nodes keep besides.
    pub extra: Option<SessionExtra<'a>>,
}

/// What only roomcast's nodes keep of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionExtra<'a> {
    /// An entry up to which the client has certainly seen everything.
    pub floor: EntryId,
    /// A name of what was kept, which nothing else has.
    pub copy: Cow<'a, str>,
    /// When the [socket's time](crate::Socket::expires_in) is over, if it has one.
    pub expires: Option<SystemTime>,
}
