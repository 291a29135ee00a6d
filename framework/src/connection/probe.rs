//! A WebSocket that asks to take over a polling session (Engine.IO v4, section 8): the client sends
//! `2probe`, gets `3probe`, and changes over with `5`.

use std::{
    future::poll_fn,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::{Instant, timeout};

use super::{actor::Link, wire::Wire};
use crate::{
    protocol::websocket::{ControlFrame, Message, deflate::WindowBits},
    transport::{frame::Frame, io::Io, permit::Permit, poll::Travelling},
};

/// Messages that a client may send before it changes over; it needs two.
const MESSAGES: u8 = 16;

pub(super) struct Probe {
    wire: Wire,
    /// What may still be said before the upgrade.
    budget: u8,
    _claim: Permit,
    /// `3probe` has been sent.
    pub(super) answered: bool,
    pub(super) began: Instant,
}

pub(super) enum Step {
    Waiting,
    /// The WebSocket is gone; polling goes on.
    Failed,
    /// It said something else, or too much.
    Refused,
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
    /// `None` if the socket cannot be had.
    pub(super) fn start(
        io: Travelling,
        early: Bytes,
        deflate: Option<WindowBits>,
        permit: Permit,
    ) -> Option<Self> {
        let io = Io::arrived(io).inspect_err(|error| tracing::debug!(%error, "no upgrade"));
        Some(Self {
            wire: Wire::new(io.ok()?, early, deflate),
            budget: MESSAGES,
            _claim: permit,
            answered: false,
            began: Instant::now(),
        })
    }

    pub(super) fn step(&mut self, link: &Link, cx: &mut Context<'_>) -> Step {
        loop {
            // A socket that has just arrived is not known to be writable, while the probe may be
            // here already.
            match self.wire.poll_write_ready(cx) {
                Poll::Pending => return Step::Waiting,
                Poll::Ready(false) => return Step::Failed,
                Poll::Ready(true) => {}
            }
            let asked = match self.wire.next(link, cx, Asked::of) {
                Poll::Pending => return Step::Waiting,
                Poll::Ready(None) => return Step::Failed,
                Poll::Ready(Some(asked)) => asked,
            };
            let Some(budget) = self.budget.checked_sub(1) else {
                return Step::Refused;
            };
            self.budget = budget;
            let reply = match asked {
                Asked::Upgrade => return Step::Upgraded,
                Asked::Nothing => continue,
                Asked::Probe => {
                    self.answered = true;
                    Frame::engine("3probe").bytes
                }
                Asked::Pong(pong) => Bytes::copy_from_slice(&pong),
                Asked::Other => return Step::Refused,
            };
            // It has carried next to nothing, so it takes a few bytes, or is broken.
            if !self.wire.write_all(&reply) {
                return Step::Failed;
            }
        }
    }

    pub(super) fn into_wire(self) -> Wire {
        self.wire
    }

    /// Closes the WebSocket; the session is not concerned. It is cut if it takes longer.
    pub(super) fn refuse(mut self, patience: Duration) {
        let Some(io) = self.wire.io.take() else {
            return;
        };
        actix::spawn(async move {
            if timeout(patience, say_goodbye(&io)).await.is_err() {
                io.abort();
            }
            // The next attempt may come.
            drop(self);
        });
    }
}

/// Sends a close frame, and waits for the peer's end: to close at once could destroy the frame.
async fn say_goodbye(io: &Io) -> std::io::Result<()> {
    poll_fn(|cx| io.poll_write_ready(cx)).await?;
    io.try_write(&ControlFrame::close(None))?;
    io.shutdown_write();
    let mut ignored = [0; 256];
    loop {
        poll_fn(|cx| io.poll_read_ready(cx)).await?;
        match io.try_read(&mut ignored) {
            Ok(0) => return Ok(()),
            Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
}
