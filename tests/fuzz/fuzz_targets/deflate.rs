//! Any offer of permessage-deflate and any compressed message: no panic, limits kept, and payloads that come out as
//! they went in.
//!
//! The first byte chooses the parameters.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../../framework/src/protocol/websocket/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the target drives the extension alone"
)]
mod websocket;

use websocket::deflate::frames::deflate_frames;
use websocket::deflate::{Deflater, Effort, Inflater, Terms, WindowBits, negotiate};
use websocket::{Opcode, frame};

/// Small, so that short inputs reach it.
const LIMIT: usize = 4096;

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else {
        return;
    };
    let window = WindowBits::new(9 + choice % 7).expect("9 to 15");
    offer(&String::from_utf8_lossy(data), window);
    bomb(data);
    round_trip(data, choice % 10, window);
});

fn offer(header: &str, window: WindowBits) {
    let terms = Terms {
        server_window: window,
        client_window: window,
    };
    if let Some(agreed) = negotiate([header], terms) {
        assert!(agreed.server_window <= window);
        // What we answer is an offer that would be answered alike.
        let answer = agreed.to_string();
        assert_eq!(negotiate([answer.as_str()], terms), Some(agreed));
    }
}

fn bomb(payload: &[u8]) {
    let mut inflater = Inflater::new();
    let mut inflated = None;
    let measured = allocation_counter::measure(|| {
        inflated = inflater.inflate(payload, LIMIT).ok();
    });
    assert!(inflated.is_none_or(|bytes| bytes.len() <= LIMIT));
    // The output is there twice while it grows.
    assert!(measured.bytes_max as usize <= 2 * LIMIT);
}

fn round_trip(payload: &[u8], level: u8, window: WindowBits) {
    let effort = Effort {
        level,
        memory_level: level.max(1),
    };
    let mut plain = Vec::new();
    frame::write(Opcode::Binary, payload, &mut plain);
    let mut deflater = Deflater::new(effort, window);
    let mut deflated = Vec::new();
    deflater.deflate(payload, &mut deflated);
    let inflated = Inflater::new().inflate(&deflated, payload.len());
    assert_eq!(inflated.as_deref(), Ok(payload));
    // The same again: nothing of a message stays in the compressor.
    if let Some(frames) = deflate_frames(&plain, 0, &mut deflater) {
        assert!(frames.len() < plain.len());
        assert!(frames.ends_with(&deflated));
    }
}
