//! The wire protocols, as pure functions and state machines over bytes.
//!
//! Nothing here knows of sockets, actors or time: bytes go in, packets or errors come out, so that
//! everything a peer can send is testable and fuzzable without a network.

pub(crate) mod date;
pub(crate) mod engine_io;
pub(crate) mod socket_io;
pub(crate) mod websocket;
