//! Events as JSON arrays, the name first.

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::{
    event::RawEvent,
    protocol::{
        socket_io::parser::{ChunkRef, Limits, OwnedPacket, PacketType, Parser},
        websocket::{Opcode, frame::split_sent},
    },
    shard::node::Node,
    supervision::catch,
    transport::{frame::Frame, plain::Plain},
};

pub(super) struct EventText {
    pub(super) array: Box<RawValue>,
    pub(super) attachments: Vec<Bytes>,
}

impl EventText {
    pub(super) fn received(event: &RawEvent) -> Option<Self> {
        let name = serde_json::to_string(event.name()).ok()?;
        let args = event.json();
        // Behind the bracket of the list of arguments.
        let args = args.get(1..)?;
        let comma = if args == "]" { "" } else { "," };
        Some(Self {
            array: RawValue::from_string(format!("[{name}{comma}{args}")).ok()?,
            attachments: event.attachments().to_vec(),
        })
    }

    /// `None` if the frame is no event.
    pub(super) fn sent(node: &Node, frame: &Frame) -> Option<Self> {
        let Some(parser) = node.parser.as_deref() else {
            let plain = Plain::of(frame);
            let packet = plain.packet()?;
            return Self::of(packet.kind, packet.data?, packet.attachments);
        };
        // It is the application's, and has written this; whether it can read it is another matter.
        let packet = catch(|| decode(parser, frame)).unwrap_or_else(|panic| {
            node.metrics.panics.add(1);
            tracing::error!(panic, "the decoder of a parser panicked");
            None
        })?;
        Self::of(packet.kind, &packet.data?, &packet.attachments)
    }

    fn of(kind: PacketType, array: &str, attachments: &[Bytes]) -> Option<Self> {
        if kind != PacketType::Event {
            return None;
        }
        Some(Self {
            array: RawValue::from_string(array.to_owned()).ok()?,
            attachments: attachments.to_vec(),
        })
    }
}

/// Reads back what the hub's own parser has written.
fn decode(parser: &dyn Parser, frame: &Frame) -> Option<OwnedPacket> {
    let limits = Limits {
        max_attachments: usize::MAX,
        max_packet_bytes: usize::MAX,
    };
    let mut decoder = parser.decoder();
    let mut rest = &*frame.bytes;
    while let Some((opcode, payload, behind)) = split_sent(rest) {
        rest = behind;
        let chunk = match opcode {
            // Behind Engine.IO's type.
            Opcode::Text => ChunkRef::Text(std::str::from_utf8(payload.get(1..)?).ok()?),
            Opcode::Binary => ChunkRef::Binary(payload),
            _ => return None,
        };
        if let Some(packet) = decoder.add(chunk, &limits).ok()? {
            return Some(packet);
        }
    }
    None
}
