use std::{rc::Rc, sync::Arc};

use actix::{Actor, AsyncContext, Handler};
use bytes::Bytes;
use tokio::sync::oneshot;
use tracing::Span;

use super::{
    carrier::Carrier,
    clients::{Client, Clients},
    context::ConnectionContext,
    drive::Drive,
    ending::Ending,
    polling::Polling,
    spans,
    wire::Wire,
};
use crate::{
    error::DisconnectReason,
    id::{SessionId, SlotKey},
    namespace::{Core, Handshake},
    protocol::{engine_io::Open, socket_io::Assembler, websocket::deflate::WindowBits},
    shard::{
        directory::{Requests, SessionPlace},
        local::LocalShard,
        slot::Notice,
    },
    transport::{
        frame::Frame,
        io::Io,
        poll::{Answer, PollIo, Request},
    },
};

/// A transport session and the sockets in it.
pub(crate) struct Connection {
    pub(super) carrier: Carrier,
    pub(super) link: Link,
}

/// Everything of a connection but its bytes.
pub(super) struct Link {
    pub(super) core: Arc<Core>,
    pub(super) shard: LocalShard,
    pub(super) key: SlotKey,
    pub(super) session: SessionId,
    pub(super) handshake: Arc<Handshake>,
    pub(super) assembler: Assembler,
    pub(super) clients: Clients,
    pub(super) ending: Ending,
    /// Requests carry the session, not yet a WebSocket.
    pub(super) polling: bool,
    pub(super) paused: bool,
    /// Clients have left since they were last run.
    pub(super) farewells: bool,
    /// A turn has begun. Still set at the next one, it panicked half-way.
    pub(super) in_turn: bool,
    /// What traces show of it, if anyone looks.
    pub(super) span: Option<Box<Span>>,
}

impl Connection {
    /// Starts a connection on this thread. `early` came with the handshake; `deflate` is the window
    /// to deflate with, if the handshake agreed to it.
    pub(crate) fn start(
        core: Arc<Core>,
        shard: LocalShard,
        session: SessionId,
        handshake: Handshake,
        io: Io,
        early: Bytes,
        deflate: Option<WindowBits>,
    ) {
        let carrier = Carrier::WebSocket(Wire::new(io.clone(), early, deflate));
        Self::run(core, shard, session, handshake, io, carrier);
    }

    /// Starts a polling session on this thread. `first` is the GET that asked for it; the open
    /// packet answers it.
    pub(crate) fn start_polling(
        core: Arc<Core>,
        shard: LocalShard,
        session: SessionId,
        handshake: Handshake,
        first: oneshot::Sender<Answer>,
    ) {
        let io = Rc::new(PollIo::default());
        io.wait(first);
        let carrier = Carrier::Polling(Box::new(Polling::new(Rc::clone(&io))));
        Self::run(core, shard, session, handshake, Io::Poll(io), carrier);
    }

    fn run(
        core: Arc<Core>,
        shard: LocalShard,
        session: SessionId,
        handshake: Handshake,
        io: Io,
        carrier: Carrier,
    ) {
        ConnectionContext::run(|address| {
            let handshake = Arc::new(handshake);
            let polling = matches!(carrier, Carrier::Polling(_));
            let span = spans::connection(&core, &handshake, polling);
            let requests = polling.then(|| Requests::new(address.clone().recipient()).into());
            let key = shard.open(io, address.recipient().downgrade(), &handshake);
            if let Carrier::WebSocket(wire) = &carrier {
                shard.deflate(key, wire.deflate);
            }
            let place = SessionPlace { requests };
            core.node.directory.sessions.insert(session, place);
            core.node.metrics.connections.up();
            core.node.metrics.carriers(polling).up();
            let link = Link {
                core,
                shard,
                key,
                session,
                handshake,
                assembler: Assembler::default(),
                clients: Clients::default(),
                ending: Ending::Open,
                polling,
                paused: false,
                farewells: false,
                in_turn: false,
                span,
            };
            link.shard.send(key, link.open_packet());
            Self { carrier, link }
        });
    }
}

impl Link {
    fn open_packet(&self) -> Frame {
        let config = &self.core.node.config;
        let open = Open {
            sid: self.session.reveal(),
            upgrades: match self.polling && config.allows_upgrades() {
                true => &["websocket"],
                false => &[],
            },
            ping_interval: config.ping_interval,
            ping_timeout: config.ping_timeout,
            max_payload: config.max_http_buffer_size,
        };
        let mut text = Vec::with_capacity(128);
        // Numbers and plain strings always serialize.
        let _ = open.encode(&mut text);
        Frame::engine(&String::from_utf8_lossy(&text))
    }
}

impl Actor for Connection {
    type Context = ConnectionContext;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.spawn(Drive);
    }

    // Reached while unwinding after a panic too, where another panic would abort the process.
    fn stopped(&mut self, _: &mut Self::Context) {
        tracing::trace!(peer = ?self.link.handshake.address(), "connection ended");
    }
}

impl Handler<Notice> for Connection {
    type Result = ();

    fn handle(&mut self, notice: Notice, _: &mut Self::Context) {
        match notice {
            Notice::Close(DisconnectReason::PingTimeout) => {
                self.link.end_silent_peer(DisconnectReason::PingTimeout);
            }
            Notice::Close(reason) => self.link.cut(reason),
            Notice::TooSlow => self.link.cut(DisconnectReason::SlowConsumer),
            Notice::ShuttingDown => self.link.end(DisconnectReason::ServerShuttingDown, None),
            Notice::ConnectTimeout => self.link.connect_timeout(),
            Notice::CutOff => self.link.cut_off(),
            Notice::TakenOver => self.link.end_silent_peer(DisconnectReason::TakenOver),
            Notice::UpgradeTimeout => {
                if let Carrier::Polling(polling) = &mut self.carrier {
                    polling.upgrade_timeout(&self.link);
                }
            }
            Notice::Expiring(socket) => self.link.expiring(socket),
            Notice::Expired(socket) => self.link.expired(socket),
            Notice::WaitersChanged(socket) => self.link.waiters_changed(socket),
            Notice::Disconnect { socket, close } => self.link.server_disconnect(socket, close),
        }
    }
}

impl Handler<Request> for Connection {
    type Result = ();

    // Acted on in the turn that follows the messages.
    fn handle(&mut self, request: Request, _: &mut Self::Context) {
        let patience = self.link.core.node.config.close_timeout;
        self.carrier.request(request, patience);
    }
}

impl Drop for Link {
    /// Nothing of a connection is left behind, in whatever state its task ends.
    fn drop(&mut self) {
        let node = &self.core.node;
        node.directory.sessions.remove(&self.session);
        for client in self.clients.drain() {
            let Client { socket, phase, .. } = client;
            let rooms = self.shard.unseat(self.key, socket.scope());
            socket.has_left(rooms);
            // First the ticket that may be in it: after that it would be void.
            drop(phase);
            socket.forget();
        }
        self.shard.close(self.key);
        node.metrics.connections.down();
        node.metrics.carriers(self.polling).down();
        node.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokio aligns a task to 128 bytes; with this size and what actix adds, that of a connection
    /// takes five such lines. A few bytes more cost every idle connection another.
    #[test]
    fn a_connection_fits_its_task() {
        assert!(
            size_of::<Connection>() <= 248,
            "{}",
            size_of::<Connection>()
        );
    }
}
