//! What carries a session: a WebSocket, or requests until one takes over.

use std::{task::Context, time::Duration};

use super::{actor::Link, polling::Polling, probe::Probe, wire::Wire};
use crate::transport::poll::Request;

pub(super) enum Carrier {
    WebSocket(Wire),
    Polling(Box<Polling>),
}

impl Carrier {
    /// Reads what there is, as far as the link takes it.
    pub(super) fn read(&mut self, link: &mut Link, cx: &mut Context<'_>) {
        if let Self::Polling(polling) = self {
            let Some(wire) = polling.read(link, cx) else {
                return;
            };
            link.upgraded(&wire);
            *self = Self::WebSocket(wire);
        }
        if let Self::WebSocket(wire) = self {
            wire.read(link, cx);
        }
    }

    /// Whether something has come that is not yet handled.
    pub(super) fn has_more(&self) -> bool {
        match self {
            Self::WebSocket(wire) => wire.has_more(),
            Self::Polling(polling) => polling.has_more(),
        }
    }

    /// Takes a request; one that comes too late is dropped, and refused by whoever sent it. A
    /// WebSocket that is not wanted gets `patience` to close.
    pub(super) fn request(&mut self, request: Request, patience: Duration) {
        match (self, request) {
            (Self::Polling(polling), request) => polling.take(request),
            (
                Self::WebSocket(_),
                Request::Upgrade {
                    io, early, permit, ..
                },
            ) => {
                if let Some(probe) = Probe::start(io, early, None, permit) {
                    probe.refuse(patience);
                }
            }
            (Self::WebSocket(_), _) => {}
        }
    }

    /// Lets go of the transport; true if it was there. `patience` is what a peer gets to take the rest,
    /// and a WebSocket that was about to take over to close.
    pub(super) fn end(&mut self, patience: Duration) -> bool {
        match self {
            Self::WebSocket(wire) => wire.io.take().map(|io| io.let_go(patience)).is_some(),
            Self::Polling(polling) => {
                polling.end(patience);
                *self = Self::WebSocket(Wire::gone());
                true
            }
        }
    }
}
