//! What the adapters that publish have in common.

use std::io::Write;

use bytes::Bytes;

use super::outbox::Command;
use crate::cluster::{
    adapter::{Message, PublishError},
    wire::WireError,
};

/// PUBLISH or SPUBLISH of a message.
pub(super) fn command(
    name: &str,
    channel: &str,
    payload: &[u8],
    slot: u16,
    message: &Message<'_>,
) -> Command {
    Command {
        awaited: is_awaited(message),
        // Done twice is as done once, unless the opposite was asked for in between: what was sent first goes with
        // its connection, or was done before.
        resend: is_change(message),
        ..raw(name, channel, payload, slot)
    }
}

/// The same of anything. An event that may have reached some is not repeated.
pub(super) fn raw(name: &str, channel: &str, payload: &[u8], slot: u16) -> Command {
    let mut bytes = Vec::with_capacity(64 + channel.len() + payload.len());
    // RESP: an array of bulk strings. Writing to memory does not fail.
    let _ = write!(
        bytes,
        "*3\r\n${}\r\n{name}\r\n${}\r\n{channel}\r\n${}\r\n",
        name.len(),
        channel.len(),
        payload.len(),
    );
    bytes.extend_from_slice(payload);
    bytes.extend_from_slice(b"\r\n");
    Command {
        bytes: Bytes::from(bytes),
        slot,
        resend: false,
        awaited: false,
    }
}

/// Whether somebody may wait for what comes of it: refused rather than dropped.
pub(super) fn is_awaited(message: &Message<'_>) -> bool {
    is_request(message) || is_change(message)
}

/// Whether an answer is waited for.
pub(super) fn is_request(message: &Message<'_>) -> bool {
    match message {
        Message::Broadcast { request, .. } | Message::ServerSideEmit { request, .. } => {
            request.is_some()
        }
        Message::FetchSockets { .. } | Message::AllRooms { .. } => true,
        _ => false,
    }
}

/// Whether the sender may wait until it is done: the [barrier](crate::adapter::Adapter::barrier) that
/// tells so must not pass one that was dropped or lost.
fn is_change(message: &Message<'_>) -> bool {
    matches!(
        message,
        Message::Join { .. } | Message::Leave { .. } | Message::Disconnect { .. }
    )
}

pub(super) fn not_encoded(error: WireError) -> PublishError {
    PublishError::Encode(Box::new(error))
}
