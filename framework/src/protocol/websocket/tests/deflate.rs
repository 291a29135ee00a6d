//! permessage-deflate: what is agreed to, and messages through both directions.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::deflate::frames::deflate_frames;
use super::super::deflate::{Deflater, Effort, Inflater, Terms, WindowBits, negotiate};
use super::super::{Opcode, frame as sent};
use super::*;

pub(super) const RSV1: u8 = 0x40;

const FAST: Effort = Effort {
    level: 1,
    memory_level: 8,
};

fn bits(bits: u8) -> WindowBits {
    WindowBits::new(bits).unwrap()
}

fn answer_on(server: u8, client: u8, headers: &[&str]) -> Option<String> {
    let terms = Terms {
        server_window: bits(server),
        client_window: bits(client),
    };
    let agreed = negotiate(headers.iter().copied(), terms)?.to_string();
    let always = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    Some(agreed.strip_prefix(always).unwrap().to_owned())
}

fn answer(offer: &str) -> Option<String> {
    answer_on(15, 15, &[offer])
}

pub(super) fn deflated(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Deflater::new(FAST, WindowBits::MAX).deflate(payload, &mut out);
    out
}

/// As [`super::decode_chunks`], on a connection with permessage-deflate.
fn inflate_chunks<'c>(limits: &Limits, chunks: impl IntoIterator<Item = &'c [u8]>) -> Outcome {
    let mut decoder = Decoder::new();
    let mut inflater = Inflater::new();
    let mut messages = Vec::new();
    for chunk in chunks {
        let mut block = chunk.to_vec();
        let mut input = Input::new(&mut block);
        loop {
            match decoder.decode_inflating(&mut inflater, limits, &mut input) {
                Ok(Some(message)) => messages.push(message.into()),
                Ok(None) => break,
                Err(error) => {
                    return Outcome {
                        messages,
                        error: Some(error),
                    };
                }
            }
        }
    }
    Outcome::messages(messages)
}

fn inflate(stream: &[u8]) -> Outcome {
    let whole = inflate_chunks(&LIMITS, [stream]);
    let bytewise = inflate_chunks(&LIMITS, stream.chunks(1));
    assert_eq!(whole, bytewise, "in one block and byte by byte");
    whole
}

#[test]
fn an_offer_is_answered_with_what_was_agreed() {
    for (offer, expected) in [
        ("permessage-deflate", Some("")),
        ("permessage-deflate; client_max_window_bits", Some("")),
        (
            "permessage-deflate; client_max_window_bits=10",
            Some("; client_max_window_bits=10"),
        ),
        (
            "permessage-deflate; client_max_window_bits=8",
            Some("; client_max_window_bits=8"),
        ),
        (
            "permessage-deflate; server_max_window_bits=\"9\"",
            Some("; server_max_window_bits=9"),
        ),
        (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            Some(""),
        ),
        (
            "\tx-other; a=\"b,c;\\\"\" , permessage-deflate ;server_max_window_bits = 12",
            Some("; server_max_window_bits=12"),
        ),
        ("", None),
        ("x-webkit-deflate-frame", None),
        ("permessage-deflate-2", None),
        ("permessage-deflate; unknown", None),
        ("permessage-deflate; server_max_window_bits", None),
        ("permessage-deflate; server_max_window_bits=8", None),
        ("permessage-deflate; server_max_window_bits=16", None),
        ("permessage-deflate; server_max_window_bits=09", None),
        ("permessage-deflate; client_max_window_bits=\"", None),
        ("permessage-deflate; server_no_context_takeover=1", None),
        (
            "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
            None,
        ),
        ("permessage-deflate;", None),
        ("permessage-deflate; =15", None),
    ] {
        assert_eq!(answer(offer).as_deref(), expected, "{offer}");
    }
}

#[test]
fn the_first_offer_that_can_be_served_is_taken() {
    let offers = [
        "permessage-deflate; server_max_window_bits=8, permessage-deflate; broken=1",
        "permessage-deflate; server_max_window_bits=11, permessage-deflate",
    ];
    let agreed = answer_on(15, 15, &offers);
    assert_eq!(agreed.as_deref(), Some("; server_max_window_bits=11"));
}

#[test]
fn smaller_windows_of_ours_are_kept_to_where_the_client_can() {
    for (offer, expected) in [
        ("permessage-deflate", "; server_max_window_bits=12"),
        (
            "permessage-deflate; client_max_window_bits",
            "; server_max_window_bits=12; client_max_window_bits=10",
        ),
        (
            "permessage-deflate; client_max_window_bits=9; server_max_window_bits=14",
            "; server_max_window_bits=12; client_max_window_bits=9",
        ),
    ] {
        assert_eq!(
            answer_on(12, 10, &[offer]).as_deref(),
            Some(expected),
            "{offer}"
        );
    }
}

#[test]
fn the_examples_of_the_rfc_are_inflated() {
    // RFC 7692 sections 7.2.3.1 (a deflate block), 7.2.3.3 (stored), 7.2.3.4 (final) and 7.2.3.5 (two blocks).
    for payload in [
        &[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00][..],
        &[
            0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00,
        ],
        &[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
        &[
            0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00,
        ],
    ] {
        let outcome = inflate(&frame(FIN | RSV1 | TEXT, payload));
        assert_eq!(outcome, Outcome::messages([Owned::Text("Hello".into())]));
    }
    // Section 7.2.3.6: nothing.
    let outcome = inflate(&frame(FIN | RSV1 | BINARY, &[0]));
    assert_eq!(outcome, Outcome::messages([Owned::Binary(Vec::new())]));
}

#[test]
fn no_message_can_refer_to_an_earlier_one() {
    // Section 7.2.3.2: with context takeover, the second is "Hello" again.
    let first = frame(FIN | RSV1 | TEXT, &[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0]);
    let second = frame(FIN | RSV1 | TEXT, &[0xF2, 0x00, 0x11, 0x00, 0x00]);
    let outcome = inflate(&[first, second].concat());
    assert_eq!(outcome.messages.len(), 1);
    assert_eq!(outcome.error, Some(Error::InvalidDeflate));
}

#[test]
fn a_deflated_message_may_be_fragmented_around_control_frames() {
    let payload = deflated("so and so on, ".repeat(99).as_bytes());
    let (head, tail) = payload.split_at(5);
    let stream = [
        frame(RSV1 | TEXT, head),
        frame(FIN | PING, b"now"),
        frame(CONTINUATION, &[]),
        frame(FIN | CONTINUATION, tail),
        frame(FIN | TEXT, b"plain"),
    ];
    let expected = [
        Owned::Ping(b"now".into()),
        Owned::Text("so and so on, ".repeat(99)),
        Owned::Text("plain".into()),
    ];
    assert_eq!(inflate(&stream.concat()), Outcome::messages(expected));
}

#[test]
fn rsv1_means_nothing_elsewhere() {
    for (plain, stream) in [
        (vec![], frame(FIN | RSV1 | PING, b"")),
        (vec![], frame(FIN | RSV1 | CONTINUATION, b"")),
        (frame(TEXT, b"a"), frame(FIN | RSV1 | CONTINUATION, b"b")),
        (vec![], frame(FIN | RSV1 | 0x20 | TEXT, b"")),
    ] {
        let outcome = inflate(&[plain, stream].concat());
        assert_eq!(outcome, Outcome::error(Error::ReservedBit));
    }
    let not_negotiated = decode(&frame(FIN | RSV1 | TEXT, &[0]));
    assert_eq!(not_negotiated, Outcome::error(Error::ReservedBit));
}

#[test]
fn text_is_checked_when_it_is_inflated() {
    let outcome = inflate(&frame(FIN | RSV1 | TEXT, &deflated(b"\xC3\x28")));
    assert_eq!(outcome, Outcome::error(Error::InvalidUtf8));
    // Its compressed form need not be text.
    let outcome = inflate(&[frame(RSV1 | TEXT, &deflated(b"ok")), frame(FIN, b"")].concat());
    assert_eq!(outcome, Outcome::messages([Owned::Text("ok".into())]));
}

#[test]
fn what_is_not_deflate_is_refused() {
    for payload in [
        &[0x07][..],                                    // reserved block type
        &[0x00, 0x05, 0x00, 0xFA, 0xFE, 0x48],          // lengths that do not match
        &[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 1], // more after a final block
    ] {
        let outcome = inflate(&frame(FIN | RSV1 | BINARY, payload));
        assert_eq!(
            outcome,
            Outcome::error(Error::InvalidDeflate),
            "{payload:?}"
        );
    }
}

#[test]
fn a_bomb_stops_at_the_limit() {
    let bomb = deflated(&vec![0; 64 << 20]);
    assert!(bomb.len() < LIMITS.max_message);
    let outcome = inflate_chunks(&LIMITS, [frame(FIN | RSV1 | BINARY, &bomb).as_slice()]);
    assert_eq!(outcome, Outcome::error(Error::MessageTooBig));

    let exact = vec![7; LIMITS.max_message];
    let stream = frame(FIN | RSV1 | BINARY, &deflated(&exact));
    assert_eq!(inflate_chunks(&LIMITS, [&*stream]).messages.len(), 1);
    let one_more = vec![7; LIMITS.max_message + 1];
    let stream = frame(FIN | RSV1 | BINARY, &deflated(&one_more));
    let outcome = inflate_chunks(&LIMITS, [&*stream]);
    assert_eq!(outcome, Outcome::error(Error::MessageTooBig));
}

#[test]
fn only_what_gains_is_deflated() {
    let long = "long ".repeat(400);
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    })
    .take(2000)
    .collect();
    let mut plain = Vec::new();
    sent::write(Opcode::Text, b"short", &mut plain);
    sent::write(Opcode::Text, long.as_bytes(), &mut plain);
    sent::write(Opcode::Binary, &noise, &mut plain);
    let mut deflater = Deflater::new(FAST, WindowBits::MAX);
    let out = deflate_frames(&plain, 1024, &mut deflater).unwrap();

    assert!(out.starts_with(b"\x81\x05short\xC1"), "{:x?}", &out[..8]);
    assert!(out.ends_with(&noise));
    assert!(out.len() < plain.len() - 1900);
    assert!(deflate_frames(&out, 1024, &mut deflater).is_none(), "twice");
    assert!(deflate_frames(b"\x81\x05short", 5, &mut deflater).is_none());
}

/// Compressible and not.
pub(super) fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..2000),
        (vec(any::<u8>(), 1..30), 1..300_usize).prop_map(|(part, times)| part.repeat(times)),
        "\\PC{0,400}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn what_is_deflated_is_inflated_to_the_same(
        payloads in vec(any_payload(), 1..4),
        level in 0..=9_u8,
        memory_level in 1..=9_u8,
        window in 9..=15_u8,
    ) {
        let effort = Effort { level, memory_level };
        let mut deflater = Deflater::new(effort, bits(window));
        let mut inflater = Inflater::new();
        for payload in payloads {
            let mut out = b"before".to_vec();
            deflater.deflate(&payload, &mut out);
            let inflated = inflater.inflate(out.strip_prefix(b"before").unwrap(), payload.len());
            prop_assert_eq!(inflated.unwrap(), payload);
        }
    }

    #[test]
    fn where_a_deflated_stream_is_cut_does_not_matter(
        payloads in vec(any_payload(), 1..4),
        block in 1..200_usize,
    ) {
        let frames = payloads.iter().map(|payload| frame(FIN | RSV1 | BINARY, &deflated(payload)));
        let stream = frames.collect::<Vec<_>>().concat();
        let expected = Outcome::messages(payloads.into_iter().map(Owned::Binary).collect::<Vec<_>>());
        prop_assert_eq!(inflate_chunks(&LIMITS, stream.chunks(block)), expected);
    }

    #[test]
    fn no_payload_inflates_beyond_the_limit(
        payload in prop_oneof![vec(any::<u8>(), 0..300), any_payload().prop_map(|p| deflated(&p))],
        limit in 0..3000_usize,
    ) {
        if let Ok(inflated) = Inflater::new().inflate(&payload, limit) {
            prop_assert!(inflated.len() <= limit);
            prop_assert!(inflated.capacity() <= limit + 1);
        }
    }
}
