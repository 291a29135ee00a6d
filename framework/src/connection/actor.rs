use std::{rc::Rc, sync::Arc};

use actix::{Actor, AsyncContext, Handler};
use bytes::Bytes;
use tokio::sync::oneshot;

use super::{
    carrier::Carrier,
    clients::{Client, Clients},
    context::ConnectionContext,
    dismissed,
    drive::Drive,
    ending::Ending,
    leaving::tell_left,
    polling::Polling,
    spans,
    spent::Spent,
    wire::Wire,
};
use crate::{
    error::DisconnectReason,
    id::{SessionId, SlotKey},
    namespace::{Core, Handshake},
    protocol::{engine_io::Open, socket_io::Assembler, websocket::deflate::WindowBits},
    shard::{
        admission::Place,
        directory::{Requests, SessionPlace},
        draining::DrainStage,
        local::LocalShard,
        monitor::figures::Figure,
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
    pub(super) spent: Spent,
    pub(super) ending: Ending,
    /// The hub drains, and this connection was told.
    pub(super) draining: Option<DrainStage>,
    /// Requests carry the session, not yet a WebSocket.
    pub(super) polling: bool,
    pub(super) paused: bool,
    /// Clients have left since they were last run.
    pub(super) farewells: bool,
    /// A turn has begun. Still set at the next one, it panicked half-way.
    pub(super) in_turn: bool,
}

/// A connection that is about to be opened.
pub(crate) struct Opening {
    pub(crate) core: Arc<Core>,
    pub(crate) handshake: Handshake,
    pub(crate) place: Place,
}

impl Connection {
    /// Starts a connection on this thread. `early` came with the handshake; `deflate` is the window
    /// to deflate with, if the handshake agreed to it.
    pub(crate) fn start(
        opening: Opening,
        shard: LocalShard,
        session: SessionId,
        io: Io,
        early: Bytes,
        deflate: Option<WindowBits>,
    ) {
        let carrier = Carrier::WebSocket(Wire::new(io.clone(), early, deflate));
        Self::run(opening, shard, session, io, carrier);
    }

    /// Starts a polling session on this thread. `first` is the GET that asked for it; the open
    /// packet answers it.
    pub(crate) fn start_polling(
        opening: Opening,
        shard: LocalShard,
        session: SessionId,
        first: oneshot::Sender<Answer>,
    ) {
        let io = Rc::new(PollIo::default());
        io.wait(first);
        let carrier = Carrier::Polling(Box::new(Polling::new(Rc::clone(&io))));
        Self::run(opening, shard, session, Io::Poll(io), carrier);
    }

    fn run(opening: Opening, shard: LocalShard, session: SessionId, io: Io, carrier: Carrier) {
        let Opening {
            core,
            handshake,
            place: reserved,
        } = opening;
        ConnectionContext::run(|address| {
            let handshake = Arc::new(handshake);
            let polling = matches!(carrier, Carrier::Polling(_));
            spans::begin(&core, session, &handshake, polling);
            let requests = polling.then(|| Requests::new(address.clone().recipient()).into());
            let key = shard.open(
                io,
                address.recipient().downgrade(),
                &handshake,
                session.client(),
            );
            if let Carrier::WebSocket(wire) = &carrier {
                shard.deflate(key, wire.deflate);
            }
            let place = SessionPlace { requests };
            let draining = core.node.is_open().is_err();
            core.node.directory.sessions.insert(session, place);
            core.node.metrics.connections.up();
            core.node.metrics.carriers(polling).up();
            if let Some(monitor) = &core.node.monitor {
                monitor.count(Figure::RawConnection, 1);
            }
            let link = Link {
                core,
                shard,
                key,
                session,
                handshake,
                assembler: Assembler::default(),
                clients: Clients::default(),
                spent: Spent::default(),
                ending: Ending::Open,
                // A handshake that was under way when the hub began to drain.
                draining: draining.then_some(DrainStage::WhenIdle),
                polling,
                paused: false,
                farewells: false,
                in_turn: false,
            };
            reserved.occupy();
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
            Notice::Broken(error) => {
                tracing::debug!(%error, "a connection failed while it was written to");
                self.link.cut(DisconnectReason::TransportError);
            }
            Notice::TooSlow => self.link.cut(DisconnectReason::SlowConsumer),
            Notice::Drain(stage) => self.link.told_to_drain(stage),
            Notice::ConnectTimeout => self.link.connect_timeout(),
            Notice::IdleTimeout => self.link.idle_timeout(),
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
            Notice::Disconnect {
                socket,
                close,
                done: _done,
            } => self.link.server_disconnect(socket, close),
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
        if self.ending == Ending::Open
            && let Some(monitor) = &node.monitor
        {
            let reason = DisconnectReason::TransportError.as_str();
            monitor.count(Figure::RawDisconnection(reason), 1);
        }
        node.directory.sessions.remove(&self.session);
        for client in self.clients.drain() {
            let Client {
                socket,
                phase,
                left,
                ..
            } = client;
            let rooms = self.shard.unseat(self.key, socket.scope());
            socket.has_left(rooms);
            if left.is_none() && !phase.is_connecting() {
                tell_left(node, &socket, DisconnectReason::TransportError);
            }
            // First the ticket that may be in it: after that it would be void.
            drop(phase);
            socket.forget();
        }
        self.spent.forget(self.session);
        dismissed::forget(self.session);
        self.shard.close(self.key);
        node.metrics.connections.down();
        // Before the place is free: who drains reads the counts when the last one is.
        self.count_drained();
        node.admission.leave(self.handshake.address());
        node.metrics.carriers(self.polling).down();
        spans::end(self.session);
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
