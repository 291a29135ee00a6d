//! The packets of `socket.io-msgpack-parser` 3: each is one binary message, a MessagePack map.
//!
//! | module | holds |
//! | --- | --- |
//! | `input` | bytes to tokens |
//! | `decode` | tokens to the members of a packet |
//! | `json` | the tokens of its data to JSON text and attachments |
//! | `encode` | packets and JSON text to bytes |
//! | `date` | how JSON writes a date |
//!
//! Neither way recurses, nor builds a tree: nesting costs a few bytes a level, and no stack.

mod decode;
mod encode;
mod error;
mod input;
mod json;

#[cfg(test)]
mod tests;

#[cfg(feature = "redis")]
pub(crate) use {
    encode::{begin_array, begin_map, number, text, value},
    error::Error as MsgpackError,
    input::{Input, Token},
    json::Json,
};

use super::parser::{Chunk, ChunkRef, Decoder, Limits, OwnedPacket, Packet, Parser, ParserError};
use error::Error;

/// The parser of clients that use
/// [`socket.io-msgpack-parser`](https://www.npmjs.com/package/socket.io-msgpack-parser) 3.
/// Needs the feature `msgpack`.
///
/// Packets are smaller where they hold numbers or binary, and binary values are not limited in
/// number. Text is neither smaller nor faster than with the default parser.
///
/// ```
/// use roomcast::{parser::Msgpack, prelude::*};
/// # #[derive(EventHandlers)] #[handles()] struct Chat;
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
/// # }
///
/// let hub = Hub::builder().namespace::<Chat>("/").parser(Msgpack).build()?;
/// # Ok::<_, roomcast::BuildError>(())
/// ```
///
/// # Values
///
/// What JSON does not have is read as follows:
///
/// | from a client | here |
/// | --- | --- |
/// | `Buffer`, `ArrayBuffer`, typed array | [`Binary`](crate::Binary) |
/// | `undefined` | absent in an object, null in an array |
/// | `Date` | a string, as `JSON.stringify` writes it: `2023-11-14T22:13:20.123Z` |
/// | NaN, the infinities | null |
/// | a key that is a number, boolean or nil | its text |
/// | text that is not UTF-8 | U+FFFD in the place of each fault, as Node reads it |
/// | another extension | a list: its number and its bytes |
///
/// What the server sends holds integers in their shortest form, floats as 64 bits, and
/// [`Binary`](crate::Binary) as `Buffer`.
///
/// # Limits
///
/// A message is at most [`max_http_buffer_size`](crate::HubBuilder::max_http_buffer_size) long, and
/// what becomes of it in memory at most that times
/// [`max_attachments`](crate::HubBuilder::max_attachments) + 1. Data may be nested 128 levels deep.
/// A message beyond that, or one that is not a packet, closes the connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Msgpack;

impl Parser for Msgpack {
    fn encode(&self, packet: &Packet<'_>) -> Result<Vec<Chunk>, ParserError> {
        let bytes = encode::packet(packet).map_err(ParserError::new)?;
        Ok(vec![Chunk::Binary(bytes.into())])
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(Msgpack)
    }
}

/// Each message is a packet: there is nothing to remember.
impl Decoder for Msgpack {
    fn add(
        &mut self,
        chunk: ChunkRef<'_>,
        limits: &Limits,
    ) -> Result<Option<OwnedPacket>, ParserError> {
        let packet = match chunk {
            ChunkRef::Binary(bytes) => decode::packet(bytes, limits.max_packet_bytes),
            ChunkRef::Text(_) => Err(Error::Text),
        };
        packet.map(Some).map_err(ParserError::new)
    }
}
