//! What is sent: a packet encoded and framed once, shared by all its receivers.

use std::num::NonZeroU32;

use bytes::{Buf, Bytes};

use super::transcode::transcode;
use crate::{
    config::SlowConsumer,
    protocol::{
        socket_io::parser::{Parser, ParserError},
        websocket::{Opcode, frame},
    },
};

/// Room in front of a text for the longest header its frame can need.
const HEADER_ROOM: usize = frame::MAX_SERVER_HEADER;

/// A hint for the first allocation: most packets fit.
const USUAL: usize = 256;

/// One packet as WebSocket frames, a text and its attachments without a gap, and how it may be
/// treated when its receiver is slow. Cloning shares the bytes.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) bytes: Bytes,
    pub(crate) handling: Handling,
}

/// What may happen to a frame on its way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Handling {
    pub(crate) slow_consumer: SlowConsumer,
    /// Frames of one key replace each other under [`SlowConsumer::Latest`].
    pub(crate) key: u64,
    /// Dropped where the transport is not writable.
    pub(crate) volatile: bool,
    /// Where its offset goes, while it has none.
    pub(crate) offset_at: Option<NonZeroU32>,
    /// May be compressed where that was agreed to; false once it is.
    pub(crate) compress: bool,
}

impl Default for Handling {
    fn default() -> Self {
        Self {
            slow_consumer: SlowConsumer::default(),
            key: 0,
            volatile: false,
            offset_at: None,
            compress: true,
        }
    }
}

impl Handling {
    /// Nothing but [`SlowConsumer::Close`] can happen to it, so it may be merged with others.
    pub(crate) fn is_plain(self) -> bool {
        self.slow_consumer == SlowConsumer::Close && !self.volatile
    }

    pub(crate) fn compress(self, compress: bool) -> Self {
        Self { compress, ..self }
    }
}

impl Frame {
    /// A packet that may not be dropped.
    fn plain(bytes: Bytes) -> Self {
        Self {
            bytes,
            handling: Handling::default(),
        }
    }

    pub(crate) fn with(self, handling: Handling) -> Self {
        let offset_at = handling.offset_at.or(self.handling.offset_at);
        Self {
            handling: Handling {
                offset_at,
                ..handling
            },
            ..self
        }
    }

    /// An Engine.IO packet as a text frame.
    pub(crate) fn engine(packet: &str) -> Self {
        let mut text = Text::new();
        text.0.extend_from_slice(packet.as_bytes());
        Self::plain(text.finish())
    }

    /// A Socket.IO packet: `write` appends its text and returns the attachments it refers to, and
    /// `parser`, if there is one, gives it another form.
    pub(crate) fn packet<E: From<ParserError>>(
        parser: Option<&dyn Parser>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<Vec<Bytes>, E>,
    ) -> Result<Self, E> {
        let mut text = Text::new();
        text.0.push(b'4');
        let attachments = write(&mut text.0)?;
        Ok(Self::freeze(parser, text, &attachments)?)
    }

    /// The packet that is written as `text` and `attachments`, which does not change any more.
    fn freeze(
        parser: Option<&dyn Parser>,
        text: Text,
        attachments: &[Bytes],
    ) -> Result<Self, ParserError> {
        if let Some(parser) = parser {
            return transcode(parser, text.packet(), attachments).map(Self::plain);
        }
        let head = text.finish();
        if attachments.is_empty() {
            return Ok(Self::plain(head));
        }
        let room: usize = attachments.iter().map(|a| a.len() + HEADER_ROOM).sum();
        let mut bytes = Vec::with_capacity(head.len() + room);
        bytes.extend_from_slice(&head);
        for attachment in attachments {
            frame::write(Opcode::Binary, attachment, &mut bytes);
        }
        Ok(Self::plain(bytes.into()))
    }

    /// A WebSocket control frame, or several frames as they are.
    pub(crate) fn raw(frames: &[u8]) -> Self {
        Self::plain(Bytes::copy_from_slice(frames))
    }
}

/// A text frame in the making: the header is put before the text once its length is known.
struct Text(Vec<u8>);

impl Text {
    fn new() -> Self {
        let mut bytes = Vec::with_capacity(USUAL);
        bytes.resize(HEADER_ROOM, 0);
        Self(bytes)
    }

    /// The text of the Socket.IO packet in it.
    fn packet(&self) -> &[u8] {
        self.0.get(HEADER_ROOM + 1..).unwrap_or_default()
    }

    fn finish(mut self) -> Bytes {
        let (header, len) = frame::encode_header(Opcode::Text, self.0.len() - HEADER_ROOM);
        let start = HEADER_ROOM - len;
        self.0[start..HEADER_ROOM].copy_from_slice(&header[..len]);
        let mut bytes = Bytes::from(self.0);
        bytes.advance(start);
        bytes
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_text_is_framed_with_the_shortest_header() {
        assert_eq!(Frame::engine("2").bytes, &b"\x81\x012"[..]);
        let long = "x".repeat(200);
        let frame = Frame::engine(&long).bytes;
        assert_eq!(frame[..4], [0x81, 126, 0, 200]);
        assert_eq!(frame.len(), 204);
    }

    #[test]
    fn attachments_follow_their_text_without_a_gap() {
        let frame = Frame::packet(None, |out| {
            out.extend_from_slice(br#"51-["e",0]"#);
            Ok::<_, ParserError>(vec![Bytes::from_static(b"xy")])
        })
        .unwrap();
        assert_eq!(frame.bytes, &b"\x81\x0b451-[\"e\",0]\x82\x02xy"[..]);
    }
}
