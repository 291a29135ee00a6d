//! What decoding takes, measured at the allocator: also what a call takes and frees again.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::deflate::Inflater;
use super::super::frame::{MAX_CLIENT_HEADER, MAX_CONTROL_PAYLOAD};
use super::deflate::{RSV1, deflated};
use super::properties::{SMALL, any_frame, cut};
use super::*;

/// What the decoder may hold.
const MOST: usize = SMALL.max_message + MAX_CONTROL_PAYLOAD + MAX_CLIENT_HEADER;

/// Frames, some of them deflated, and some of those bombs.
fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    let bomb = (any::<u8>(), 0..100_000_usize, any::<bool>()).prop_map(|(byte, len, text)| {
        let opcode = if text { TEXT } else { BINARY };
        frame(FIN | RSV1 | opcode, &deflated(&vec![byte; len]))
    });
    let junk = vec(any::<u8>(), 0..300).prop_map(|bytes| frame(FIN | RSV1 | BINARY, &bytes));
    let huge = any::<u32>().prop_map(|len| header(FIN | BINARY, len.into()));
    let frames = vec(
        prop_oneof![6 => any_frame(), 2 => bomb, 1 => junk, 1 => huge],
        1..8,
    );
    frames.prop_map(|frames| frames.concat())
}

/// The most bytes that are allocated at one time while `stream` is decoded.
fn peak(stream: &[u8], lengths: &[usize], mut inflater: Option<Inflater>) -> usize {
    let mut blocks: Vec<_> = cut(stream, lengths)
        .into_iter()
        .map(<[u8]>::to_vec)
        .collect();
    let mut decoder = Decoder::new();
    let measured = allocation_counter::measure(|| {
        for block in &mut blocks {
            let mut input = Input::new(block);
            let mut next = || match &mut inflater {
                None => decoder
                    .decode(&SMALL, &mut input)
                    .is_ok_and(|m| m.is_some()),
                Some(inflater) => decoder
                    .decode_inflating(inflater, &SMALL, &mut input)
                    .is_ok_and(|message| message.is_some()),
            };
            while next() {}
        }
    });
    measured.bytes_max as usize
}

proptest! {
    #[test]
    fn no_stream_takes_more_than_the_limit(
        stream in any_stream(),
        lengths in vec(1..200_usize, 1..8),
    ) {
        // A buffer that grows is there twice while it is copied.
        prop_assert!(peak(&stream, &lengths, None) <= 2 * MOST);
        // What is inflated stands beside its compressed form.
        prop_assert!(peak(&stream, &lengths, Some(Inflater::new())) <= 3 * MOST);
    }
}
