//! The parser against the recorded vectors of the reference, against itself and another
//! implementation, and against what hostile peers send.

#![expect(clippy::unwrap_used, reason = "tests")]

mod fixtures;
mod hostile;
mod properties;
mod values;

use super::super::parser::{OwnedPacket, Packet};
use super::{decode, encode};

const LIMIT: usize = 1_000_000;

fn borrowed(packet: &OwnedPacket) -> Packet<'_> {
    Packet {
        kind: packet.kind,
        namespace: &packet.namespace,
        id: packet.id,
        data: packet.data.as_deref(),
        attachments: &packet.attachments,
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| *byte != b' ').collect();
    let pairs = digits.chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).unwrap();
        u8::from_str_radix(pair, 16).unwrap()
    });
    pairs.collect()
}

/// An event whose data is this MessagePack value.
fn event(data: &str) -> Vec<u8> {
    bytes(&format!("83 a474797065 02 a36e7370 a12f a464617461 {data}"))
}

/// The JSON that the data of an event is read as.
fn json(data: &str) -> String {
    decode::packet(&event(data), LIMIT).unwrap().data.unwrap()
}

fn refused(message: &[u8]) -> String {
    decode::packet(message, LIMIT).unwrap_err().to_string()
}
