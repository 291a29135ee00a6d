//! What each message asks for.

use std::{borrow::Cow, task::Context};

use bytes::Bytes;

use super::{actor::Link, dismissed, ending::Ending};
use crate::{
    error::DisconnectReason,
    event::{Answer, Incoming, Payload},
    protocol::{
        engine_io::{Packet as EnginePacket, ParseError},
        socket_io::{Data, DecodeError, Kind, Limits, Packet, Step, parser::ChunkRef},
        websocket::{self, ControlFrame, Message},
    },
    transport::frame::Frame,
};

/// Characters that are traced of a refused packet, or of the name of a namespace.
pub(super) const HEAD: usize = 64;

/// Whether a packet of Socket.IO is an event, by its type (section 1).
fn is_event(packet: &str) -> bool {
    packet.starts_with(['2', '5'])
}

impl Link {
    pub(super) fn message(&mut self, message: Message<'_>, cx: &mut Context<'_>) {
        if self.ending != Ending::Open {
            match message {
                Message::Close(close) => self.peer_closed(close),
                Message::Text(text) => self.last_words(text),
                _ => {}
            }
            return;
        }
        match message {
            Message::Text(text) => self.engine_packet(text, cx),
            Message::Binary(bytes) => {
                self.shard.heard(self.key);
                self.binary(bytes.into(), cx);
            }
            Message::Ping(payload) => {
                self.shard
                    .send(self.key, Frame::raw(&ControlFrame::pong(payload)));
            }
            Message::Pong(_) => {}
            Message::Close(close) => self.peer_closed(close),
        }
    }

    pub(super) fn engine_packet(&mut self, text: &str, cx: &mut Context<'_>) {
        match EnginePacket::decode(text) {
            Ok(EnginePacket::Message(text)) => {
                self.shard.heard(self.key);
                self.came(text.len());
                self.text(text, cx);
            }
            Ok(EnginePacket::Pong(_)) => {
                if self.shard.pong(self.key) {
                    self.seen_so_far();
                    dismissed::pong(self.session);
                }
            }
            Ok(EnginePacket::Binary(bytes)) => {
                self.shard.heard(self.key);
                self.binary(bytes, cx);
            }
            Ok(EnginePacket::Ping(_)) => {
                self.refused("client_ping", &"only the server pings", text);
                self.end(DisconnectReason::TransportError, None);
            }
            Ok(EnginePacket::Close) => self.end(DisconnectReason::TransportClose, None),
            // Without meaning on an open WebSocket session (section 7).
            Ok(EnginePacket::Open(_) | EnginePacket::Upgrade | EnginePacket::Noop) => {}
            Err(error) => {
                let reason = match error {
                    ParseError::Empty => "empty_packet",
                    ParseError::UnknownType(_) => "unknown_engine_packet",
                };
                self.refused(reason, &error, text);
                self.end(DisconnectReason::ParseError, None);
            }
        }
    }

    /// A packet that comes when the sockets have left: nobody handles it, only that the client is there still
    /// means something.
    pub(super) fn last_words(&self, text: &str) {
        match EnginePacket::decode(text) {
            Ok(EnginePacket::Pong(_)) => {
                self.shard.pong(self.key);
            }
            Ok(EnginePacket::Message(packet)) if is_event(packet) => {
                self.core.node.metrics.dropped_disconnected.add(1);
            }
            _ => {}
        }
    }

    pub(super) fn limits(&self) -> Limits {
        let config = &self.core.node.config;
        Limits {
            max_attachments: config.max_attachments,
            max_packet_bytes: config
                .max_http_buffer_size
                .saturating_mul(config.max_attachments.saturating_add(1)),
        }
    }

    fn text(&mut self, text: &str, cx: &mut Context<'_>) {
        if self.core.node.parser.is_some() {
            return self.chunk(ChunkRef::Text(text), cx);
        }
        match self.assembler.add_text(text, &self.limits()) {
            Ok(Step::Packet(packet)) => self.packet(packet, &[], text, cx),
            Ok(Step::Waiting) => {}
            Err(error) => self.invalid(error, text),
        }
    }

    /// Counts a packet for whoever watches the hub.
    fn came(&self, bytes: usize) {
        if let Some(watch) = &self.shard.watch {
            watch.incoming(bytes);
        }
    }

    fn binary(&mut self, bytes: Cow<'_, [u8]>, cx: &mut Context<'_>) {
        self.came(bytes.len());
        if self.core.node.parser.is_some() {
            return self.chunk(ChunkRef::Binary(&bytes), cx);
        }
        let attachment = Bytes::from(bytes.into_owned());
        let complete = match self.assembler.add_binary(attachment, &self.limits()) {
            Ok(None) => return,
            Ok(Some(complete)) => complete,
            Err(error) => return self.invalid(error, "(binary)"),
        };
        match complete.packet() {
            Ok(packet) => self.packet(packet, &complete.attachments, "(binary event)", cx),
            Err(error) => self.invalid(error, "(binary event)"),
        }
    }

    pub(super) fn packet(
        &mut self,
        packet: Packet<'_>,
        attachments: &[Bytes],
        text: &str,
        cx: &mut Context<'_>,
    ) {
        let Packet {
            kind,
            nsp,
            id,
            data,
            ..
        } = packet;
        if kind == Kind::Connect {
            let auth = match data {
                Data::Object(auth) => Some(auth),
                _ => None,
            };
            if !self.connect(nsp, auth, cx) {
                self.unexpected("connect_twice", "already connected to this namespace", text);
            }
            return;
        }
        let Some(client) = self.clients.find(nsp) else {
            if self.was_under_way(kind, nsp) {
                return;
            }
            return self.unexpected("not_connected", "not connected to this namespace", text);
        };
        match (kind, data) {
            (Kind::Disconnect, _) => {
                self.leave(client, DisconnectReason::ClientNamespaceDisconnect);
            }
            (Kind::Event | Kind::BinaryEvent, Data::Event(event)) => {
                let payload = Payload {
                    args: event.args,
                    attachments,
                };
                let incoming = Incoming {
                    name: &event.name,
                    payload,
                    ack: id,
                };
                self.event(client, incoming, cx);
            }
            // An event without a payload has no name, so nobody handles it (section 1).
            (Kind::Event | Kind::BinaryEvent, _) => self.core.node.metrics.unhandled.add(1),
            (Kind::Ack | Kind::BinaryAck, data) => {
                let args = match data {
                    Data::Ack(array) => array,
                    _ => "[]",
                };
                self.ack(client, id, args, attachments);
            }
            (Kind::Connect | Kind::ConnectError, _) => {
                self.unexpected("connect_error", "only the server sends these", text);
            }
        }
    }

    fn ack(&mut self, client: usize, id: Option<u64>, args: &str, attachments: &[Bytes]) {
        let Some(client) = self.clients.get(client) else {
            return;
        };
        let namespace = client.socket.scope().id;
        let collector = id.and_then(|id| self.shard.take_ack(self.key, namespace, id));
        // One that nobody waits for any more is as good as none.
        match collector.filter(|collector| !collector.closed()) {
            Some(collector) => {
                let took = collector.age().as_secs_f64();
                self.core.node.metrics.ack_duration.record(took);
                collector.answer(Answer {
                    socket: Some(client.socket.id()),
                    args: args.into(),
                    attachments: attachments.to_vec(),
                });
            }
            None => self.core.node.metrics.acks_ignored.add(1),
        }
    }

    /// A packet that Socket.IO forbids in this state: Node closes with `forced close`.
    fn unexpected(&mut self, reason: &'static str, why: &str, text: &str) {
        self.refused(reason, &why, text);
        self.end(
            match self.shard.can_tell(self.key) {
                true => DisconnectReason::ForcedClose,
                false => DisconnectReason::ForcedServerClose,
            },
            None,
        );
    }

    pub(super) fn invalid(&mut self, error: DecodeError, text: &str) {
        self.refused(error.reason(), &error, text);
        self.end(DisconnectReason::ForcedClose, None);
    }

    /// Bytes that are not WebSocket.
    pub(super) fn protocol_error(&mut self, error: websocket::Error) {
        self.refused(error.reason(), &error, "");
        self.end(DisconnectReason::TransportError, Some(error.close_code()));
    }

    /// The client does what its transport forbids.
    pub(super) fn violation(&mut self, reason: &'static str) {
        if self.ending == Ending::Open {
            self.refused(reason, &"not allowed while polling", "");
        }
        self.cut(DisconnectReason::TransportError);
    }

    pub(super) fn refused(
        &self,
        reason: &'static str,
        error: &dyn std::fmt::Display,
        packet: &str,
    ) {
        self.core.node.metrics.refused_packets.add(reason);
        tracing::debug!(
            peer = ?self.handshake.address(),
            reason,
            %error,
            packet = packet.chars().take(HEAD).collect::<String>(),
            "packet refused",
        );
    }
}
