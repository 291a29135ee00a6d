//! What clients and nodes say to each other, as Socket.IO carries it.

use serde::{Deserialize, Serialize};

/// Members of a room. Those who connect one after the other share one, so they are on all nodes.
pub(crate) const ROOM: u64 = 10;

/// Said by everybody, as long as people's messages are.
pub(crate) const TEXT: &str = "Somebody says what people say: a sentence, or two if need be.";

/// Who a client is, for nodes that follow presence.
#[derive(Deserialize, Serialize)]
pub(crate) struct Auth {
    pub(crate) user: u64,
    pub(crate) room: u64,
}

/// What one member of a room says to all of them.
#[derive(Deserialize, Serialize)]
pub(crate) struct Message {
    /// The place of the one who says it among the members of the room.
    pub(crate) from: usize,
    /// Counts what that member has said, from 0.
    pub(crate) sequence: u64,
    /// When, in microseconds since 1970: all clocks here are one.
    pub(crate) at: u64,
    pub(crate) text: String,
}
