//! Any bytes from a client, in read blocks of any length: no panic, bounded memory, and the same messages wherever
//! the blocks end.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../../framework/src/protocol/websocket/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the target drives the decoder alone"
)]
mod websocket;

use websocket::deflate::Inflater;
use websocket::frame::{MAX_CLIENT_HEADER, MAX_CONTROL_PAYLOAD};
use websocket::{Decoder, Error, Input, Limits};

/// Small, so that short inputs reach them.
const LIMITS: Limits = Limits {
    max_message: 512,
    max_fragments: 8,
};

fuzz_target!(|data: &[u8]| {
    let Some((block, stream)) = data.split_first() else {
        return;
    };
    let block = usize::from(*block).max(1);
    for deflate in [false, true] {
        let in_blocks = decode(stream, block, deflate);
        let at_once = decode(stream, stream.len().max(1), deflate);
        assert_eq!(in_blocks, at_once, "in blocks of {block} and at once");
    }
});

/// What a decoder says of `stream`, read in blocks of `block` bytes, with or without permessage-deflate.
fn decode(stream: &[u8], block: usize, deflate: bool) -> (Vec<String>, Result<(), Error>) {
    let mut decoder = Decoder::new();
    let mut inflater = deflate.then(Inflater::new);
    let mut messages = Vec::new();
    for block in stream.chunks(block) {
        let mut block = block.to_vec();
        let mut input = Input::new(&mut block);
        loop {
            let decoded = match &mut inflater {
                None => decoder.decode(&LIMITS, &mut input),
                Some(inflater) => decoder.decode_inflating(inflater, &LIMITS, &mut input),
            };
            match decoded {
                Ok(Some(message)) => messages.push(format!("{message:?}")),
                Ok(None) => break,
                Err(error) => return (messages, Err(error)),
            }
        }
        assert!(input.is_empty());
        assert!(decoder.held() <= LIMITS.max_message + MAX_CONTROL_PAYLOAD + MAX_CLIENT_HEADER);
    }
    (messages, Ok(()))
}
