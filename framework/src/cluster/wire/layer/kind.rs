use super::super::{Message, WireError};

pub(super) const INITIAL_HEARTBEAT: u8 = 1;
pub(super) const HEARTBEAT: u8 = 2;
pub(super) const BROADCAST: u8 = 3;
pub(super) const SOCKETS_JOIN: u8 = 4;
pub(super) const SOCKETS_LEAVE: u8 = 5;
pub(super) const DISCONNECT_SOCKETS: u8 = 6;
pub(super) const FETCH_SOCKETS: u8 = 7;
pub(super) const FETCH_SOCKETS_RESPONSE: u8 = 8;
pub(super) const SERVER_SIDE_EMIT: u8 = 9;
pub(super) const SERVER_SIDE_EMIT_RESPONSE: u8 = 10;
pub(super) const BROADCAST_CLIENT_COUNT: u8 = 11;
pub(super) const BROADCAST_ACK: u8 = 12;
pub(super) const ADAPTER_CLOSE: u8 = 13;

/// The type of a message.
///
/// # Errors
/// If these adapters have no such message.
pub(crate) fn kind(message: &Message<'_>) -> Result<u8, WireError> {
    Ok(match message {
        Message::Broadcast { .. } => BROADCAST,
        Message::Join { .. } => SOCKETS_JOIN,
        Message::Leave { .. } => SOCKETS_LEAVE,
        Message::Disconnect { .. } => DISCONNECT_SOCKETS,
        Message::FetchSockets { .. } => FETCH_SOCKETS,
        Message::Sockets { .. } => FETCH_SOCKETS_RESPONSE,
        Message::ServerSideEmit { .. } => SERVER_SIDE_EMIT,
        Message::ServerSideAck { .. } => SERVER_SIDE_EMIT_RESPONSE,
        Message::ClientCount { .. } => BROADCAST_CLIENT_COUNT,
        Message::ClientAck { .. } => BROADCAST_ACK,
        Message::AllRooms { .. } | Message::Rooms { .. } => return Err(WireError::Unsupported),
    })
}
