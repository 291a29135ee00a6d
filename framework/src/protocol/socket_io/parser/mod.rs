//! Parsers: what packets look like on the wire.
//!
//! A hub speaks Socket.IO's default parser, text with binary attachments, unless
//! [`HubBuilder::parser`](crate::HubBuilder::parser) gives it another: `Msgpack` (feature
//! `msgpack`), or one of your own. Client and server must use the same parser; nothing on the wire
//! tells which one it is.
//!
//! # The contract
//!
//! A [`Parser`] translates between the packets of this module and chunks. Each [`Chunk`] is one
//! Engine.IO message; the chunks of a packet are sent without anything in between, whatever the
//! transport, and reach the peer's decoder in that order.
//!
//! - **Data** is JSON text. A binary value stands in it as `{"_placeholder":true,"num":N}`, where `N`
//!   is its index in the attachments. An object of that form whose `N` is no such index is an
//!   ordinary object.
//! - **Encoding** happens once for each emit, whatever the number of receivers, on the thread that
//!   emits. An error, or a panic, is the error of that emit
//!   ([`EmitError::Parser`](crate::EmitError::Parser)) and nobody gets it. If it is a reply that the
//!   protocol demands, its connection is closed. A text must not hold U+001E, which separates packets
//!   on long-polling: that is such an error too.
//! - **Decoding** happens with one [`Decoder`] for each connection, made for its first message and
//!   dropped with it. It is given every chunk in order. An error, or a panic, closes that connection
//!   with [`DisconnectReason::ForcedClose`](crate::DisconnectReason::ForcedClose), and the decoder is
//!   not called again. So does a packet whose data does not fit its type (see [`PacketType`]).
//! - **Memory** that a decoder holds, and that of the packet it returns, must stay within
//!   [`Limits`]; never allocate by a length that a peer declares. A chunk itself is never longer than
//!   [`max_http_buffer_size`](crate::HubBuilder::max_http_buffer_size).
//! - Neither may block: both run on a worker that serves other connections meanwhile. A decoder's
//!   `Drop` must not panic.
//!
//! # A parser of your own
//!
//! One that writes each packet as an array of JSON, and refuses binary:
//!
//! ```
//! use roomcast::parser::{
//!     Chunk, ChunkRef, Decoder, Limits, OwnedPacket, Packet, PacketType, Parser, ParserError,
//! };
//! use serde_json::value::RawValue;
//!
//! struct Arrays;
//!
//! impl Parser for Arrays {
//!     fn encode(&self, packet: &Packet<'_>) -> Result<Vec<Chunk>, ParserError> {
//!         if !packet.attachments.is_empty() {
//!             return Err(ParserError::new("this parser has no binary"));
//!         }
//!         let data: &RawValue = serde_json::from_str(packet.data.unwrap_or("null"))?;
//!         let kind = packet.kind.number();
//!         let text = serde_json::to_string(&(kind, packet.namespace, packet.id, data))?;
//!         Ok(vec![Chunk::Text(text)])
//!     }
//!
//!     fn decoder(&self) -> Box<dyn Decoder> {
//!         Box::new(Arrays)
//!     }
//! }
//!
//! impl Decoder for Arrays {
//!     fn add(&mut self, chunk: ChunkRef<'_>, _: &Limits) -> Result<Option<OwnedPacket>, ParserError> {
//!         let ChunkRef::Text(text) = chunk else {
//!             return Err(ParserError::new("binary"));
//!         };
//!         let (kind, namespace, id, data): (u8, String, _, Option<Box<RawValue>>) =
//!             serde_json::from_str(text)?;
//!         Ok(Some(OwnedPacket {
//!             kind: PacketType::from_number(kind).ok_or_else(|| ParserError::new("type"))?,
//!             namespace,
//!             id,
//!             data: data.map(|data| data.get().to_owned()),
//!             attachments: Vec::new(),
//!         }))
//!     }
//! }
//! ```

mod convert;
mod error;

pub use error::ParserError;

#[cfg(feature = "msgpack")]
pub use super::msgpack::Msgpack;

use super::packet::Kind;
use bytes::Bytes;

/// Translates packets to what is sent and back. The [module](self) tells the contract.
pub trait Parser: Send + Sync + 'static {
    /// The messages that make up a packet; at least one.
    ///
    /// # Errors
    /// If the packet cannot be written. It is then sent to nobody.
    fn encode(&self, packet: &Packet<'_>) -> Result<Vec<Chunk>, ParserError>;

    /// The decoder of a new connection.
    fn decoder(&self) -> Box<dyn Decoder>;
}

/// Puts together the packets that one client sends.
pub trait Decoder: Send {
    /// Takes the next message; returns the packet that it completes, if it does.
    ///
    /// # Errors
    /// If the message is not valid where it came. The connection is then closed.
    fn add(
        &mut self,
        chunk: ChunkRef<'_>,
        limits: &Limits,
    ) -> Result<Option<OwnedPacket>, ParserError>;
}

/// What a packet is for, and which data it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PacketType {
    /// A client asks to join a namespace, with an object or without data; the server agrees.
    Connect,
    /// Leaves a namespace. Without data.
    Disconnect,
    /// The data is an array: the event's name, then its arguments. Without a name it is ignored.
    Event,
    /// The answer to an event, whose id it has. The data is an array of arguments.
    Ack,
    /// The server refuses a CONNECT. The data is an object, or a string.
    ConnectError,
}

impl PacketType {
    const ALL: [Self; 5] = [
        Self::Connect,
        Self::Disconnect,
        Self::Event,
        Self::Ack,
        Self::ConnectError,
    ];

    /// Its number in the Socket.IO protocol, 0 to 4.
    ///
    /// ```
    /// assert_eq!(roomcast::parser::PacketType::Event.number(), 2);
    /// ```
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The type with this number in the Socket.IO protocol.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Connect => Self::Connect,
            Kind::Disconnect => Self::Disconnect,
            Kind::Event | Kind::BinaryEvent => Self::Event,
            Kind::Ack | Kind::BinaryAck => Self::Ack,
            Kind::ConnectError => Self::ConnectError,
        }
    }
}

/// A packet to encode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What it is for.
    pub kind: PacketType,
    /// The name of the namespace, which starts with `/`.
    pub namespace: &'a str,
    /// Asks for an answer with this id; in an ACK, answers the event that had it.
    pub id: Option<u64>,
    /// JSON text, with placeholders for the attachments.
    pub data: Option<&'a str>,
    /// The binary values.
    pub attachments: &'a [Bytes],
}

/// A packet that was decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedPacket {
    /// What it is for.
    pub kind: PacketType,
    /// The name of the namespace; it must start with `/` and hold no comma.
    pub namespace: String,
    /// Asks for an answer with this id; in an ACK, answers the event that had it.
    pub id: Option<u64>,
    /// JSON text, with placeholders for the attachments.
    pub data: Option<String>,
    /// The binary values.
    pub attachments: Vec<Bytes>,
}

/// One message to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// A text message, without U+001E.
    Text(String),
    /// A binary message.
    Binary(Bytes),
}

/// One message from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkRef<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
}

/// What one packet may cost.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Attachments of one packet, where each is a message of its own:
    /// [`max_attachments`](crate::HubBuilder::max_attachments).
    pub max_attachments: usize,
    /// Bytes of one packet, data and attachments together: what the messages of a packet may hold
    /// with the default parser,
    /// [`max_http_buffer_size`](crate::HubBuilder::max_http_buffer_size) × (`max_attachments` + 1).
    pub max_packet_bytes: usize,
}
