//! How a session ends: by whom, with what the peer is told, and how long we wait for it.

use std::task::{Context, Poll};

use super::{actor::Link, wire::Wire};
use crate::{
    error::DisconnectReason,
    protocol::websocket::{Close, CloseCode, ControlFrame},
    transport::frame::Frame,
};

/// Where a connection stands. The sockets are disconnected when it leaves [`Open`](Self::Open).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Open,
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
}

impl Link {
    /// Ends the session: the peer gets what was sent before, then a close frame. Server-side
    /// closes of Engine.IO carry no code; protocol errors of WebSocket do.
    pub(super) fn end(&mut self, reason: DisconnectReason, code: Option<CloseCode>) {
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
        if self.ending != Ending::Open {
            return;
        }
        self.leave_all(reason);
        self.shard
            .send(self.key, Frame::raw(&ControlFrame::close(close)));
        self.shard.begin_close(self.key);
        self.ending = Ending::Closing {
            peer_done,
            shut: false,
        };
    }

    /// Ends a session whose peer does not answer: a close frame is tried, and not waited for.
    pub(super) fn end_silent_peer(&mut self, reason: DisconnectReason) {
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
        if matches!(self.ending, Ending::Closing { .. }) {
            self.core.node.metrics.cut_closing.add(1);
            tracing::debug!(peer = ?self.handshake.address(), "did not close in time");
            self.cut(DisconnectReason::TransportClose);
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

    /// Writes what waited for the socket, and ends our side of the stream when it is time.
    pub(super) fn write(&mut self, wire: &Wire, cx: &mut Context<'_>) {
        let Some(io) = &wire.io else { return };
        while self.shard.waits(self.key).1 {
            match io.poll_write_ready(cx) {
                Poll::Pending => return,
                Poll::Ready(ready) => {
                    if let Err(error) = ready.and_then(|()| self.shard.drain(self.key)) {
                        return self.read_failed(&error);
                    }
                }
            }
        }
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
