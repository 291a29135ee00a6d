//! Any polling body or query string: no panic, nothing behind the first error, and packets that
//! encode to what decodes to them.

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

fuzz_target!(|data: &[u8]| {
    let body = String::from_utf8_lossy(data);
    let mut encoded = Vec::new();
    let mut packets = Vec::new();
    let mut failed = false;
    for packet in payload::decode(&body) {
        assert!(!failed, "a packet behind an error");
        match packet {
            Ok(packet) => {
                payload::append(&mut encoded, &packet);
                packets.push(packet);
            }
            Err(_) => failed = true,
        }
    }
    if !packets.is_empty() {
        let encoded = String::from_utf8(encoded).expect("packets of text encode to text");
        let decoded: Result<Vec<_>, _> = payload::decode(&encoded).collect();
        assert_eq!(decoded, Ok(packets));
    }

    // The same bytes as a single WebSocket message, and as a query.
    let _ = Packet::decode(&body);
    let _ = Query::parse(&body).is_v4();
});
