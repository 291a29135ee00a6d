//! How a session ends: by whom, with what the peer is told, and how long we wait for it.

use std::task::{Context, Poll};

use super::{actor::Link, carrier::Carrier, draining::GOING_AWAY, wire::Wire};
use crate::{
    error::DisconnectReason,
    protocol::websocket::{Close, CloseCode, ControlFrame},
    transport::{frame::Frame, io::Io},
};

/// Where a connection stands. The sockets are disconnected when it leaves [`Open`](Self::Open).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Open,
    /// The sockets have left, and the close follows when their sessions have ended.
    Leaving,
    /// Our close frame is on its way, behind what was sent before; the shard's deadline runs.
    Closing {
        /// The peer has said all it will say.
        peer_done: bool,
        /// We have ended our side of the stream.
        shut: bool,
    },
    Over,
}

impl Ending {
    pub(super) fn is_over(self) -> bool {
        self == Self::Over
    }

    pub(super) fn is_closing(self) -> bool {
        matches!(self, Self::Closing { .. })
    }

    fn may_close(self) -> bool {
        matches!(self, Self::Open | Self::Leaving)
    }
}

impl Link {
    /// Ends the session: the peer gets what was sent before, then a close frame. Server-side
    /// closes of Engine.IO carry no code; protocol errors of WebSocket do.
    pub(super) fn end(&mut self, reason: DisconnectReason, code: Option<CloseCode>) {
        if self.ending != Ending::Open {
            // The close that follows is the same for all reasons.
            return;
        }
        if self.polling {
            return self.end_polling(reason);
        }
        self.close_with(
            reason,
            code.map(|code| Close { code, reason: "" }),
            code.is_some(),
        );
    }

    /// The peer has sent a close frame: it is echoed (RFC 6455 section 5.5.1).
    pub(super) fn peer_closed(&mut self, close: Option<Close<'_>>) {
        if let Ending::Closing { peer_done, .. } = &mut self.ending {
            *peer_done = true;
        } else {
            self.close_with(DisconnectReason::TransportClose, close, true);
        }
    }

    fn close_with(&mut self, reason: DisconnectReason, close: Option<Close<'_>>, peer_done: bool) {
        if !self.ending.may_close() {
            return;
        }
        self.leave_all(reason);
        self.shard
            .send(self.key, Frame::raw(&ControlFrame::close(close)));
        self.begin_close(peer_done);
    }

    /// Ends a session whose sockets have left.
    pub(super) fn close_drained(&mut self) {
        let reason = DisconnectReason::ServerShuttingDown;
        match self.polling {
            true => self.begin_close(false),
            false => self.close_with(reason, Some(GOING_AWAY), false),
        }
    }

    fn begin_close(&mut self, peer_done: bool) {
        self.shard.begin_close(self.key);
        self.ending = Ending::Closing {
            peer_done,
            shut: false,
        };
    }

    /// Ends a polling session. What the client did wrong ends it at once; what the server wants
    /// waits until the client has fetched all that was sent before, and the close.
    fn end_polling(&mut self, reason: DisconnectReason) {
        match reason {
            DisconnectReason::TransportClose
            | DisconnectReason::TransportError
            | DisconnectReason::ParseError => self.cut(reason),
            _ => {
                self.leave_all(reason);
                self.begin_close(false);
            }
        }
    }

    /// The client has fetched the close.
    pub(super) fn polled_off(&mut self) {
        if self.draining.is_some() {
            self.core.node.directory.polled_off.insert(self.session);
        }
        self.ending = Ending::Over;
    }

    /// A WebSocket has taken over.
    pub(super) fn upgraded(&mut self, wire: &Wire) {
        self.polling = false;
        let metrics = &self.core.node.metrics;
        metrics.polling_sessions.down();
        metrics.websocket_connections.up();
        if let Some(mut place) = self.core.node.directory.sessions.get_mut(&self.session) {
            place.requests = None;
        }
        if let Some(io) = &wire.io {
            // The client learns here that its session was closed while it changed over.
            let close = self.draining.map(|_| GOING_AWAY);
            let closing = self.ending.is_closing();
            let last = closing.then(|| Frame::raw(&ControlFrame::close(close)));
            self.shard.change_io(self.key, io.clone(), last);
            self.shard.deflate(self.key, wire.deflate);
        }
    }

    /// Ends a session whose peer does not answer: a close frame is tried, and not waited for.
    pub(super) fn end_silent_peer(&mut self, reason: DisconnectReason) {
        if self.polling {
            return self.cut(reason);
        }
        self.close_with(reason, None, true);
        self.shard.flush_and_cut(self.key);
        self.over(reason);
    }

    /// Cuts the connection.
    pub(super) fn cut(&mut self, reason: DisconnectReason) {
        self.shard.cut(self.key);
        self.over(reason);
    }

    /// `close_timeout` has passed.
    pub(super) fn cut_off(&mut self) {
        if self.ending.is_closing() {
            self.core.node.metrics.cut_closing.add(1);
            tracing::debug!(peer = ?self.handshake.address(), "did not close in time");
            self.not_answered();
        }
    }

    /// The peer's stream has ended, with or without a close frame before.
    pub(super) fn peer_ended(&mut self, reason: DisconnectReason) {
        self.over(reason);
    }

    pub(super) fn read_failed(&mut self, error: &std::io::Error) {
        tracing::debug!(%error, peer = ?self.handshake.address(), "connection failed");
        self.cut(DisconnectReason::TransportError);
    }

    fn over(&mut self, reason: DisconnectReason) {
        self.leave_all(reason);
        self.ending = Ending::Over;
    }

    /// Writes what waited for the transport, and ends our side of it when it is time.
    pub(super) fn write(&mut self, carrier: &mut Carrier, cx: &mut Context<'_>) {
        match carrier {
            Carrier::WebSocket(wire) => {
                if let Some(io) = &wire.io
                    && self.write_out(io, cx)
                {
                    self.shut_down(io);
                }
            }
            Carrier::Polling(polling) => {
                if self.write_out(&polling.io(), cx) {
                    polling.conclude(self);
                }
            }
        }
    }

    /// Whether nothing waits for the transport any more.
    fn write_out(&mut self, io: &Io, cx: &mut Context<'_>) -> bool {
        while self.shard.waits(self.key).1 {
            match io.poll_write_ready(cx) {
                Poll::Pending => return false,
                Poll::Ready(ready) => {
                    if let Err(error) = ready.and_then(|()| self.shard.write_out(self.key)) {
                        self.read_failed(&error);
                        return false;
                    }
                }
            }
        }
        true
    }

    fn shut_down(&mut self, io: &Io) {
        let drained = !self.shard.waits(self.key).0;
        if let Ending::Closing {
            peer_done: true,
            shut,
        } = &mut self.ending
            && drained
            && !std::mem::replace(shut, true)
        {
            // Then its side ends too, and the connection is over: closing at once could destroy
            // the close frame on its way.
            io.shutdown_write();
        }
    }
}
