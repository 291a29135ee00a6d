//! Any polling body or query string: no panic, and packets that encode to what decodes to them.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../../framework/src/protocol/engine_io/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the target drives the codec alone"
)]
mod engine_io;

use engine_io::{Packet, Query, payload};

/// The packets of a body, up to the first that does not decode.
fn decode(body: &str) -> Vec<Packet<'_>> {
    let mut packets = Vec::new();
    let mut rest = Some(body);
    while let Some(body) = rest {
        let (packet, behind) = payload::split(body);
        let Ok(packet) = Packet::decode(packet) else {
            break;
        };
        packets.push(packet);
        rest = behind;
    }
    packets
}

fuzz_target!(|data: &[u8]| {
    let body = String::from_utf8_lossy(data);
    let packets = decode(&body);
    let mut encoded = Vec::new();
    for packet in &packets {
        match packet {
            Packet::Binary(bytes) => payload::append_binary(&mut encoded, bytes),
            packet => {
                let mut text = Vec::new();
                packet.encode_text(&mut text);
                payload::append_text(&mut encoded, &text);
            }
        }
    }
    let encoded = String::from_utf8(encoded).expect("packets of text encode to text");
    if !packets.is_empty() {
        assert_eq!(decode(&encoded), packets);
    }

    // The same bytes as a single WebSocket message, and as a query.
    let _ = Packet::decode(&body);
    let _ = Query::parse(&body).is_v4();
});
