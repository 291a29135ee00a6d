//! What adapters write into Redis and read from it: bytes to [`Message`]s and back, in the forms of
//! the Node adapters. No connection, no clock, no state.
//!
//! | module | form | who speaks it |
//! | --- | --- | --- |
//! | `classic` | the requests of `@socket.io/redis-adapter`, and its broadcasts | `createAdapter`, `@socket.io/redis-emitter` |
//! | `layer` | the messages of `socket.io-adapter`'s cluster adapter | `createShardedAdapter`, the streams adapter's channels |
//! | `entry` | the same as the fields of a stream's entry, and sessions | `@socket.io/redis-streams-adapter` |
//!
//! Each is told once, for JSON and MessagePack alike, with `write` and `value`. Event data is never
//! taken apart: as JSON it is borrowed from what was received, as MessagePack it is transcoded
//! in one pass.

mod answers;
mod channel;
pub(crate) mod classic;
pub(crate) mod entry;
mod error;
pub(crate) mod layer;
mod options;
mod packet;
mod value;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use channel::{Channel, Place};
pub(crate) use error::WireError;

use super::adapter::{Data, Flags, Message, Options, SocketDetails};

/// So much memory an event or answer from MessagePack may take. Redis cuts off a subscriber of
/// whom 32 MiB wait (`client-output-buffer-limit`), and base64 and JSON need more than binary.
const MAX_VALUE_BYTES: usize = 64 << 20;
