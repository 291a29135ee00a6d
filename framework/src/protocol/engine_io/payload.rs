//! Polling payloads: the packets of one HTTP body, separated by 0x1E.

use super::base64;

/// What is between two packets.
pub(crate) const SEPARATOR: u8 = 0x1e;

/// The first packet of a polling body, and what follows it; `None` for what follows the last.
///
/// An empty body and a doubled or trailing separator hold an empty packet, which does not decode.
pub(crate) fn split(body: &str) -> (&str, Option<&str>) {
    match body.split_once(char::from(SEPARATOR)) {
        Some((packet, rest)) => (packet, Some(rest)),
        None => (body, None),
    }
}

/// Appends a packet, its type included, behind a separator unless it is the first.
///
/// A message that holds 0x1E would split in two; JSON never does, it escapes the character.
pub(crate) fn append_text(payload: &mut Vec<u8>, packet: &[u8]) {
    separate(payload);
    payload.extend_from_slice(packet);
}

/// Appends a binary message.
pub(crate) fn append_binary(payload: &mut Vec<u8>, bytes: &[u8]) {
    separate(payload);
    payload.push(b'b');
    base64::encode(bytes, payload);
}

fn separate(payload: &mut Vec<u8>) {
    if !payload.is_empty() {
        payload.push(SEPARATOR);
    }
}
