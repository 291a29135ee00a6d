//! Engine.IO v4: packets, polling payloads, the open packet and the handshake's parameters.
//!
//! The session (heartbeat, upgrade, closing) lives in the connection; only its wire forms are here.

pub(crate) mod base64;
mod error;
mod open;
mod packet;
pub(crate) mod payload;
mod query;

pub(crate) use error::{HandshakeError, ParseError};
pub(crate) use open::Open;
pub(crate) use packet::Packet;
pub(crate) use query::{Query, pairs as query_pairs};

#[cfg(test)]
mod tests;
