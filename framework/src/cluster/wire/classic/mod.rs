//! `@socket.io/redis-adapter` 8's `createAdapter`, and `@socket.io/redis-emitter` 5.
//!
//! Broadcasts are MessagePack, on the namespace's channel or that of their only room. Requests and
//! answers are JSON, but for events that want answers and those answers: they may hold binary.
//! Requests in the form of version 6 and before, which name one socket, are read too.

mod channels;
mod decode;
mod encode;

pub(crate) use channels::Channels;
pub(crate) use decode::{Answer, Broadcast, Request};
pub(crate) use encode::{Sender, encode};

const SOCKETS: u64 = 0;
const ALL_ROOMS: u64 = 1;
const REMOTE_JOIN: u64 = 2;
const REMOTE_LEAVE: u64 = 3;
const REMOTE_DISCONNECT: u64 = 4;
const REMOTE_FETCH: u64 = 5;
const SERVER_SIDE_EMIT: u64 = 6;
const BROADCAST: u64 = 7;
const BROADCAST_CLIENT_COUNT: u64 = 8;
const BROADCAST_ACK: u64 = 9;

/// The uid of those that only send.
pub(crate) const EMITTER: &str = "emitter";

/// Begins the id of a request that wants only the ids of sockets (type 0), so that its answer, which
/// names it, is written so. Nodes' own ids hold letters, digits, `-` and `_`.
const IDS_ONLY: char = '\0';
