//! Polling payloads: the packets of one HTTP body, separated by 0x1E.

use super::error::ParseError;
use super::packet::Packet;

const SEPARATOR: u8 = 0x1e;

/// The packets of a polling body, in order.
///
/// Ends after the first packet that cannot be decoded: those before it count, those behind it do
/// not. An empty body and a doubled or trailing separator hold an empty packet, which is an error.
pub(crate) fn decode(body: &str) -> impl Iterator<Item = Result<Packet<'_>, ParseError>> {
    let mut failed = false;
    body.split(char::from(SEPARATOR)).map_while(move |text| {
        if failed {
            return None;
        }
        let packet = Packet::decode(text);
        failed = packet.is_err();
        Some(packet)
    })
}

/// Appends a packet to a payload, behind a separator unless it is the first.
///
/// A message that holds 0x1E would split in two; JSON never does, it escapes the character.
pub(crate) fn append(payload: &mut Vec<u8>, packet: &Packet<'_>) {
    if !payload.is_empty() {
        payload.push(SEPARATOR);
    }
    packet.encode_text(payload);
}
