//! What carries a session: a WebSocket, or requests until one takes over.

use std::task::Context;

use super::{actor::Link, polling::Polling, wire::Wire};
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

    /// Takes a request; one that comes too late is dropped, and refused by whoever sent it.
    pub(super) fn request(&mut self, request: Request) {
        match (self, request) {
            (Self::Polling(polling), request) => polling.take(request),
            (Self::WebSocket(_), Request::Upgrade { io, early }) => {
                super::probe::Probe::start(io, early).refuse();
            }
            (Self::WebSocket(_), _) => {}
        }
    }

    /// Lets go of the transport; true if it was there.
    pub(super) fn end(&mut self) -> bool {
        match self {
            Self::WebSocket(wire) => wire.io.take().is_some(),
            Self::Polling(polling) => {
                polling.end();
                *self = Self::WebSocket(Wire::gone());
                true
            }
        }
    }
}
