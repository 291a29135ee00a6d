//! What holds for any bytes, cut anywhere.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::frame::{MAX_CLIENT_HEADER, MAX_CONTROL_PAYLOAD};
use super::super::utf8::Utf8Check;
use super::*;

/// Small, so that random streams reach them.
pub(super) const SMALL: Limits = Limits {
    max_message: 300,
    max_fragments: 6,
};

/// Bytes of a text that are sometimes not UTF-8.
fn almost_text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => "\\PC{0,40}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..8),
        1 => ("\\PC{1,4}", 0..4_usize).prop_map(|(text, cut)| {
            let mut bytes = text.into_bytes();
            bytes.truncate(bytes.len().saturating_sub(cut));
            bytes
        }),
    ]
}

/// Frames that are mostly valid one by one, in an order that often is not.
pub(super) fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        4 => Just(FIN | TEXT),
        2 => Just(FIN | BINARY),
        3 => Just(TEXT),
        2 => Just(BINARY),
        6 => Just(CONTINUATION),
        5 => Just(FIN | CONTINUATION),
        3 => Just(FIN | PING),
        2 => Just(FIN | PONG),
        1 => Just(FIN | CLOSE),
        1 => any::<u8>(),
    ];
    let payload = prop_oneof![
        6 => almost_text(),
        1 => vec(any::<u8>(), 100..320),
    ];
    (first, payload).prop_map(|(first, payload)| frame(first, &payload))
}

/// A stream of frames with, sometimes, a few bytes of it changed.
pub(super) fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    let changes = prop_oneof![
        3 => Just(Vec::new()),
        1 => vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ];
    (vec(any_frame(), 1..12), changes).prop_map(|(frames, changes)| {
        let mut stream = frames.concat();
        for (index, byte) in changes {
            let index = index.index(stream.len());
            if let Some(changed) = stream.get_mut(index) {
                *changed = byte;
            }
        }
        stream
    })
}

/// `stream` in pieces of the given lengths, over and over.
pub(super) fn cut<'s>(stream: &'s [u8], lengths: &[usize]) -> Vec<&'s [u8]> {
    let mut pieces = Vec::new();
    let mut rest = stream;
    for len in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, tail) = rest.split_at((*len).min(rest.len()));
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

proptest! {
    #[test]
    fn where_a_stream_is_cut_does_not_matter(
        stream in any_stream(),
        lengths in vec(1..40_usize, 1..8),
    ) {
        let whole = decode_chunks(&SMALL, [stream.as_slice()]);
        prop_assert_eq!(&decode_chunks(&SMALL, cut(&stream, &lengths)), &whole);
        prop_assert_eq!(&decode_chunks(&SMALL, stream.chunks(1)), &whole);
    }

    #[test]
    fn no_stream_makes_us_hold_more_than_the_limit(
        stream in prop_oneof![any_stream(), vec(any::<u8>(), 0..200)],
        lengths in vec(1..40_usize, 1..8),
    ) {
        const MOST: usize = SMALL.max_message + MAX_CONTROL_PAYLOAD + MAX_CLIENT_HEADER;
        let mut decoder = Decoder::new();
        let mut arrived = 0;
        for piece in cut(&stream, &lengths) {
            arrived += piece.len();
            let failed = feed(&mut decoder, &SMALL, piece, &mut Vec::new()).is_err();
            prop_assert!(decoder.held() <= MOST.min(2 * arrived));
            if failed {
                break;
            }
        }
    }

    #[test]
    fn text_in_pieces_is_refused_at_its_first_impossible_byte(
        bytes in vec(almost_text(), 0..4).prop_map(|texts| texts.concat()),
        lengths in vec(1..6_usize, 1..8),
    ) {
        let mut check = Utf8Check::default();
        let mut end = 0;
        for piece in cut(&bytes, &lengths) {
            end += piece.len();
            // The standard library tells an impossible byte from a text that is merely not finished.
            let possible = match std::str::from_utf8(&bytes[..end]) {
                Ok(_) => true,
                Err(error) => error.error_len().is_none(),
            };
            prop_assert_eq!(check.push(piece).is_ok(), possible);
            if !possible {
                break;
            }
        }
    }
}
