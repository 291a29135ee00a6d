//! One connection as its worker's shard sees it.

use std::{io, sync::Arc, task::Waker};

use actix::{Message, WeakRecipient};
use smallvec::SmallVec;

use super::{
    command::Done,
    draining::DrainStage,
    handshake::Handshake,
    held::Held,
    membership::RoomList,
    traffic::{Metered, Traffic},
};
use crate::{
    error::DisconnectReason,
    event::Collector,
    id::{ClientId, NamespaceId, SocketId},
    metrics::Metrics,
    protocol::websocket::deflate::WindowBits,
    transport::{
        frame::Frame,
        io::Io,
        outbox::{Flushed, Outbox, Pushed},
    },
};

pub(crate) struct Slot {
    pub(crate) generation: u32,
    pub(crate) io: Io,
    pub(crate) outbox: Outbox,
    /// In the list of slots to write.
    pub(crate) touched: bool,
    /// Takes no more frames: a close is under way.
    pub(crate) closing: bool,
    /// What we deflate its messages with, if that was agreed to.
    pub(crate) deflate: Option<WindowBits>,
    /// Its connection does not read, because its application has not caught up.
    pub(crate) paused: bool,
    pub(crate) heartbeat: Heartbeat,
    /// Ping timeouts that have been set and have not expired; only the last of them counts.
    pub(crate) timeouts: u16,
    /// In how many quarters of `idle_timeout` it has sent nothing.
    pub(crate) quiet: u8,
    /// What its outbox held when a hub that drains last looked whether its client takes anything.
    pub(crate) waited: u32,
    /// The [beat](super::state::State::beat) in which a full list of acks was last looked through.
    pub(crate) swept: u8,
    /// The epoch of the last batch that marked it; see `pending`.
    pub(crate) mark: u64,
    pub(crate) sockets: SmallVec<[Seat; 1]>,
    /// What waits for namespaces that are still connecting.
    pub(crate) held: Option<Box<Held>>,
    pub(crate) acks: Vec<Expected>,
    /// The connection's task, woken when a blocked outbox needs its socket's readiness.
    pub(crate) task: Option<Waker>,
    pub(crate) connection: WeakRecipient<Notice>,
    pub(crate) handshake: Arc<Handshake>,
    pub(crate) client: ClientId,
}

/// A socket of the connection: its client in one namespace.
pub(crate) struct Seat {
    pub(crate) namespace: NamespaceId,
    pub(crate) id: SocketId,
    pub(crate) rooms: RoomList,
    /// What the application keeps with it, as JSON.
    pub(crate) data: Option<Arc<String>>,
    /// The CONNECT reply has not been sent: what is emitted to it waits in [`Held`].
    pub(crate) connecting: bool,
    /// The [`Observer`](super::observer::Observer) is told when it goes.
    pub(crate) observed: bool,
    /// And when it leaves a room, since something was entered about it and a room.
    pub(crate) observed_in_rooms: bool,
    /// It is there for everyone to see: neither connecting nor about to go.
    pub(crate) settled: bool,
}

/// An ack that a socket owes us.
pub(crate) struct Expected {
    pub(crate) namespace: NamespaceId,
    pub(crate) id: u64,
    pub(crate) collector: Arc<Collector>,
}

/// Where a connection stands in the ping-pong (Engine.IO v4, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heartbeat {
    /// The next ping is due when the interval has passed.
    Resting,
    /// A ping is out.
    Awaiting {
        /// A packet other than the pong has restarted the timeout; once for each ping.
        extended: bool,
    },
}

/// What a shard tells a connection. The connection handles it as an actix message.
///
/// It names a socket by its own id: another one may have come to its namespace meanwhile, and
/// another namespace to the id of that one.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub(crate) enum Notice {
    /// The session ends, for this reason.
    Close(DisconnectReason),
    /// It ends because its transport failed so while it was written to. Told there, as the application's
    /// subscriber may emit.
    Broken(io::ErrorKind),
    /// It ends because the client does not take what is sent.
    TooSlow,
    /// The hub drains.
    Drain(DrainStage),
    /// Nothing more will be waited for.
    CutOff,
    /// `upgrade_timeout` has passed since a WebSocket asked to take over.
    UpgradeTimeout,
    /// `connect_timeout` has passed.
    ConnectTimeout,
    /// `idle_timeout` has passed.
    IdleTimeout,
    /// The socket expires soon.
    Expiring(SocketId),
    /// It has expired.
    Expired(SocketId),
    /// A task waits for an event of the socket, or gave one back.
    WaitersChanged(SocketId),
    /// The application disconnects the socket, or with `close` all of them and the connection.
    Disconnect {
        socket: SocketId,
        close: bool,
        /// Dropped when that is done.
        done: Option<Done>,
    },
    /// The client has come back on another connection.
    TakenOver,
}

impl Slot {
    pub(crate) fn seat(&self, namespace: NamespaceId) -> Option<&Seat> {
        self.sockets.iter().find(|seat| seat.namespace == namespace)
    }

    pub(crate) fn seat_mut(&mut self, namespace: NamespaceId) -> Option<&mut Seat> {
        self.sockets
            .iter_mut()
            .find(|seat| seat.namespace == namespace)
    }

    /// Must what is sent to this namespace wait for its CONNECT reply?
    pub(crate) fn holds(&self, namespace: NamespaceId) -> bool {
        self.held.is_some() && self.seat(namespace).is_some_and(|seat| seat.connecting)
    }

    /// Without sockets that are connecting nothing is held.
    pub(crate) fn hold_no_longer(&mut self) {
        if !self.sockets.iter().any(|seat| seat.connecting) {
            self.held = None;
        }
    }

    /// Puts a frame into the outbox; see [`Outbox::push`].
    pub(super) fn push(
        &mut self,
        frame: Frame,
        carries: u32,
        limit: usize,
        traffic: &Traffic,
    ) -> Pushed {
        let before = self.outbox.bytes();
        let pushed = self.outbox.push(frame, carries, limit);
        traffic.waits(before, self.outbox.bytes());
        pushed
    }

    /// Writes what the connection takes; see [`Outbox::flush`].
    pub(super) fn flush(&mut self, traffic: &Traffic) -> io::Result<Flushed> {
        let before = self.outbox.bytes();
        let io = &self.io;
        let flushed = self.outbox.flush(&Metered { io, traffic });
        traffic.waits(before, self.outbox.bytes());
        flushed
    }

    /// Drops what waits, and counts it: nothing more will be written.
    pub(super) fn discard(&mut self, metrics: &Metrics, traffic: &Traffic) {
        traffic.waits(self.outbox.bytes(), 0);
        let held = self.held.take().map_or(0, |held| held.packets());
        metrics.dropped_closed.add(self.outbox.discard() + held);
    }

    pub(crate) fn tell(&self, notice: Notice) {
        // Gone with the connection, or taken: each upgrade brings a slot of the mailbox with it.
        if let Some(connection) = self.connection.upgrade() {
            let _ = connection.try_send(notice);
        }
    }

    pub(crate) fn wake(&self) {
        if let Some(task) = &self.task {
            task.wake_by_ref();
        }
    }
}
