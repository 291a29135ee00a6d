//! Any messages of one connection: no panic, limits kept, and packets whose parts can be read.
//!
//! The input is cut at 0x1E like a polling body; a message that starts with `b` is binary, any
//! other is text.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../../framework/src"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the target drives the decoder alone"
)]
mod framework {
    pub(crate) mod protocol {
        pub(crate) mod date;
        pub(crate) mod socket_io;
    }
}

use framework::protocol;
use protocol::socket_io::{
    Assembler, Binary, Data, Limits, Packet, Step, is_reserved, with_attachments,
};
use serde::de::IgnoredAny;

/// Small, so that short inputs reach them.
const LIMITS: Limits = Limits {
    max_attachments: 3,
    max_packet_bytes: 256,
};

fuzz_target!(|data: &[u8]| {
    let mut decoder = Assembler::default();
    for message in data.split(|byte| *byte == 0x1e) {
        let result = if let Some(bytes) = message.strip_prefix(b"b") {
            let attachment = bytes::Bytes::copy_from_slice(bytes);
            decoder.add_binary(attachment, &LIMITS).map(|whole| {
                if let Some(whole) = whole {
                    let packet = whole.packet().expect("a text that was valid before");
                    assert_eq!(packet.attachments, whole.attachments.len());
                    assert!(packet.attachments <= LIMITS.max_attachments);
                    assert!(held(&whole.attachments) <= LIMITS.max_packet_bytes);
                    with_attachments(&whole.attachments, || read(&packet));
                }
            })
        } else {
            let text = String::from_utf8_lossy(message);
            decoder.add_text(&text, &LIMITS).map(|step| {
                if let Step::Packet(packet) = step {
                    assert_eq!(packet.attachments, 0);
                    read(&packet);
                }
            })
        };
        if result.is_err() {
            return;
        }
    }
});

fn held(attachments: &[bytes::Bytes]) -> usize {
    attachments.iter().map(bytes::Bytes::len).sum()
}

/// Reads everything that a server would.
fn read(packet: &Packet<'_>) {
    assert!(packet.nsp.starts_with('/'));
    match &packet.data {
        Data::None => {}
        Data::Object(json) | Data::Ack(json) | Data::Error(json) => {
            serde_json::from_str::<IgnoredAny>(json).expect("validated JSON");
        }
        Data::Event(event) => {
            assert!(!is_reserved(&event.name));
            let args = format!("[{}]", event.args);
            serde_json::from_str::<Vec<IgnoredAny>>(&args).expect("arguments without the name");
            let _ = serde_json::from_str::<Vec<Binary>>(&args);
        }
    }
}
