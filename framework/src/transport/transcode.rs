//! Packets in the form of a custom parser.

use bytes::Bytes;

use crate::{
    error::EmitError,
    protocol::{
        engine_io::payload::SEPARATOR,
        socket_io::parser::{Chunk, Packet, Parser, ParserError},
        websocket::{Opcode, frame},
    },
    supervision::catch,
};

/// The frames of a packet that the default parser has written as `text` and `attachments`.
pub(super) fn transcode(
    parser: &dyn Parser,
    text: &[u8],
    attachments: &[Bytes],
) -> Result<Bytes, ParserError> {
    let text = std::str::from_utf8(text).map_err(ParserError::new)?;
    let packet = Packet::read(text, attachments).map_err(ParserError::new)?;
    let chunks = catch(|| parser.encode(&packet))
        .map_err(|panic| ParserError::new(format!("the parser panicked: {panic}")))??;
    if chunks.is_empty() {
        return Err(ParserError::new("the parser made no message of the packet"));
    }
    let mut frames = Vec::new();
    for chunk in &chunks {
        match chunk {
            // On long-polling it would become several packets, the rest of them whatever was meant.
            Chunk::Text(text) if text.as_bytes().contains(&SEPARATOR) => {
                return Err(ParserError::new("the parser made a text with U+001E in it"));
            }
            Chunk::Text(text) => {
                let (header, len) = frame::encode_header(Opcode::Text, text.len() + 1);
                frames.extend_from_slice(&header[..len]);
                // An Engine.IO message.
                frames.push(b'4');
                frames.extend_from_slice(text.as_bytes());
            }
            Chunk::Binary(bytes) => frame::write(Opcode::Binary, bytes, &mut frames),
        }
    }
    Ok(frames.into())
}

impl From<ParserError> for EmitError {
    fn from(error: ParserError) -> Self {
        Self::Parser(error.into())
    }
}
