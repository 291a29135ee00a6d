//! The log that all nodes share, where there is one: the cluster layer provides it.

use std::{sync::Arc, time::Duration};

use super::{directory::RoomName, offset::Offset, retained::Saved, uplink::Elsewhere};
use crate::{
    id::{PrivateId, SocketId},
    transport::frame::Frame,
};
use tokio::time::Instant;

/// The events of a namespace on all nodes, in one order, and the sessions whose clients may come
/// back to any of them.
pub(crate) trait SharedLog: Send + Sync {
    /// The newest event that this node has begun to deliver. Those behind it find every socket that
    /// is there by now.
    fn head(&self) -> Offset;

    /// Ready once this node has delivered everything up to there.
    fn delivered(&self, up_to: Offset) -> Elsewhere<()>;

    /// What keeps a session for the node that its client comes back to: taken over when it is
    /// called, which takes little.
    fn keeping<'a>(&'a self, session: &Saved, time: Duration) -> Box<dyn FnOnce() + Send + 'a>;

    /// Takes a session: nobody else gets it. The copy of one that is still here is given up with
    /// it.
    fn take(&self, pid: PrivateId) -> Elsewhere<Result<Option<Stored>, Unreachable>>;

    /// Whether this event and all behind it are still there.
    fn reaches_back_to(&self, offset: Offset) -> Elsewhere<Result<bool, Unreachable>>;

    /// The events behind `after`, up to and with `up_to`, for a socket.
    fn missed(
        &self,
        by: Absent,
        after: Offset,
        up_to: Offset,
    ) -> Elsewhere<Result<Vec<Frame>, NotReplayed>>;
}

/// A session as every node can keep it.
pub(crate) struct Stored {
    pub(crate) id: SocketId,
    pub(crate) rooms: Arc<[RoomName]>,
    pub(crate) data: Option<Arc<String>>,
    /// What roomcast's nodes keep besides; `None` from others.
    pub(crate) floor: Option<Offset>,
    /// The name of the copy.
    pub(crate) copy: Option<SocketId>,
    /// When the socket's time is over.
    pub(crate) expires: Option<Instant>,
}

/// A socket whose client was away.
pub(crate) struct Absent {
    pub(crate) id: SocketId,
    pub(crate) rooms: Arc<[RoomName]>,
    /// It may have missed so much.
    pub(crate) max_bytes: usize,
}

/// The log cannot be asked.
#[derive(Debug)]
pub(crate) struct Unreachable;

/// Why a client does not get what it missed.
#[derive(Debug)]
pub(crate) enum NotReplayed {
    Unreachable,
    TooMuch,
    /// Part of it was removed before it had been read.
    Trimmed,
}
