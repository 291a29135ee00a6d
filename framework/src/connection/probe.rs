//! A WebSocket that asks to take over a polling session (Engine.IO v4, section 8): the client sends
//! `2probe`, gets `3probe`, and changes over with `5`.

use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::time::Instant;

use super::{actor::Link, wire::Wire};
use crate::{
    protocol::websocket::{ControlFrame, Message},
    transport::{frame::Frame, io::Io, poll::Travelling},
};

pub(super) struct Probe {
    /// `None` if the socket could not be had.
    wire: Option<Wire>,
    /// `3probe` has been sent.
    pub(super) answered: bool,
    pub(super) began: Instant,
}

pub(super) enum Step {
    Waiting,
    /// The WebSocket is closed or gone; polling goes on.
    Failed,
    Upgraded,
}

/// What a message on the new WebSocket asks for.
enum Asked {
    Probe,
    Upgrade,
    Pong(ControlFrame),
    Nothing,
    /// Anything else ends the attempt, not the session.
    Other,
}

impl Asked {
    fn of(message: Message<'_>) -> Self {
        match message {
            Message::Text("2probe") => Self::Probe,
            Message::Text("5") => Self::Upgrade,
            Message::Ping(payload) => Self::Pong(ControlFrame::pong(payload)),
            Message::Pong(_) => Self::Nothing,
            Message::Text(_) | Message::Binary(_) | Message::Close(_) => Self::Other,
        }
    }
}

impl Probe {
    pub(super) fn start(io: Travelling, early: Bytes) -> Self {
        let io = Io::arrived(io).inspect_err(|error| tracing::debug!(%error, "no upgrade"));
        Self {
            wire: io.ok().map(|io| Wire::new(io, early)),
            answered: false,
            began: Instant::now(),
        }
    }

    pub(super) fn step(&mut self, link: &Link, cx: &mut Context<'_>) -> Step {
        loop {
            let Some(wire) = &mut self.wire else {
                return Step::Failed;
            };
            let asked = match wire.next(link, cx, Asked::of) {
                Poll::Pending => return Step::Waiting,
                Poll::Ready(None) => return Step::Failed,
                Poll::Ready(Some(asked)) => asked,
            };
            let reply = match asked {
                Asked::Upgrade => return Step::Upgraded,
                Asked::Nothing => continue,
                Asked::Probe => {
                    self.answered = true;
                    Frame::engine("3probe").bytes
                }
                Asked::Pong(pong) => Bytes::copy_from_slice(&pong),
                Asked::Other => {
                    self.close();
                    return Step::Failed;
                }
            };
            // A socket that has carried next to nothing takes a few bytes, or is broken.
            if !wire.write_all(&reply) {
                return Step::Failed;
            }
        }
    }

    pub(super) fn into_wire(self) -> Wire {
        self.wire.unwrap_or_else(Wire::gone)
    }

    /// Closes the WebSocket; the session is not concerned.
    pub(super) fn refuse(mut self) {
        self.close();
    }

    fn close(&mut self) {
        if let Some(wire) = self.wire.take() {
            wire.write_all(&ControlFrame::close(None));
            wire.shutdown();
        }
    }
}
