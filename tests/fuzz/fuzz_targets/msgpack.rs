//! Any message to the msgpack parser: no panic, limits kept, and a packet that survives being sent.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../../framework/src"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the target drives the parser alone"
)]
mod framework {
    pub(crate) mod protocol {
        pub(crate) mod date;
        pub(crate) mod socket_io;
    }
}

use framework::protocol;
use protocol::socket_io::parser::{Chunk, ChunkRef, Limits, Msgpack, OwnedPacket, Packet, Parser};
use serde::de::IgnoredAny;

/// The brackets that end the data are not counted.
const DEPTH: usize = 128;

fuzz_target!(|message: &[u8]| {
    // Small, so that short inputs reach it.
    if let Some(packet) = read(message, 256) {
        let attached: usize = packet.attachments.iter().map(bytes::Bytes::len).sum();
        let text = packet.data.as_ref().map_or(0, String::len);
        assert!(text + attached <= 256 + DEPTH);
    }
    let Some(packet) = read(message, usize::MAX) else {
        return;
    };
    if let Some(data) = &packet.data {
        serde_json::from_str::<IgnoredAny>(data).expect("data that is JSON");
    }
    let _ = packet.checked();
    // What looks like a placeholder becomes one when it is sent again.
    if packet.attachments.is_empty() {
        assert_eq!(read(&write(&packet), usize::MAX), Some(packet));
    }
});

fn read(message: &[u8], max_packet_bytes: usize) -> Option<OwnedPacket> {
    let limits = Limits {
        max_attachments: 0,
        max_packet_bytes,
    };
    let read = Msgpack.decoder().add(ChunkRef::Binary(message), &limits);
    read.ok()
        .map(|packet| packet.expect("a packet for each message"))
}

fn write(packet: &OwnedPacket) -> Vec<u8> {
    let packet = Packet {
        kind: packet.kind,
        namespace: &packet.namespace,
        id: packet.id,
        data: packet.data.as_deref(),
        attachments: &packet.attachments,
    };
    match Msgpack
        .encode(&packet)
        .expect("a packet that was read")
        .as_slice()
    {
        [Chunk::Binary(bytes)] => bytes.to_vec(),
        other => panic!("one binary message, not {other:?}"),
    }
}
