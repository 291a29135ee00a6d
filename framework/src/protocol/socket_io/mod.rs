//! Socket.IO v5, default parser: packets, binary attachments and their wire forms.
//!
//! One packet is the text of one Engine.IO message, followed by its binary attachments as messages
//! of their own. Decoding borrows from the text and validates it once; encoding appends to a buffer
//! that may already hold the framing of the layers below.

mod assemble;
mod attachments;
mod binary;
mod decode;
pub(crate) mod encode;
mod error;
mod event_name;
#[cfg(feature = "msgpack")]
pub(crate) mod msgpack;
mod packet;
pub mod parser;
mod placeholder;
mod plaintext;

pub(crate) use assemble::{Assembler, Step};
pub(crate) use attachments::with_attachments;
pub use binary::Binary;
#[cfg(feature = "redis")]
pub(crate) use decode::is_event;
pub(crate) use decode::{elements, named};
pub(crate) use error::DecodeError;
pub(crate) use event_name::is_reserved;
pub(crate) use packet::{Data, Event, Kind, Packet};
pub(crate) use parser::Limits;
pub(crate) use plaintext::plaintext;

#[cfg(test)]
mod tests;
