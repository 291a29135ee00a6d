//! Each rule of RFC 6455 that a server holds a client to.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::super::CloseCode;
use super::*;

fn text(text: &str) -> Owned {
    Owned::Text(text.into())
}

fn binary(bytes: &[u8]) -> Owned {
    Owned::Binary(bytes.into())
}

#[test]
fn whole_messages_come_out_in_order() {
    let stream = [
        frame(FIN | TEXT, "h\u{e9}llo".as_bytes()),
        frame(FIN | BINARY, &[0, 255]),
        frame(FIN | PING, b"are you there"),
        frame(FIN | PONG, b""),
        frame(FIN | TEXT, b""),
    ];
    assert_eq!(
        decode(&stream.concat()),
        Outcome::messages([
            text("h\u{e9}llo"),
            binary(&[0, 255]),
            Owned::Ping(b"are you there".into()),
            Owned::Pong(Vec::new()),
            text(""),
        ])
    );
}

#[test]
fn every_length_encoding_is_read() {
    for len in [0, 1, 7, 8, 9, 125, 126, 127, 65_535, 65_536, 100_003] {
        let payload: Vec<u8> = (0..len).map(|index| index as u8).collect();
        let outcome = decode(&frame(FIN | BINARY, &payload));
        assert_eq!(
            outcome,
            Outcome::messages([binary(&payload)]),
            "{len} bytes"
        );
    }
}

#[test]
fn fragments_are_joined_and_control_frames_come_between() {
    let stream = [
        frame(TEXT, b"frag"),
        frame(FIN | PING, b"1"),
        frame(CONTINUATION, b""),
        frame(CONTINUATION, b"men"),
        frame(FIN | PONG, &[7; 125]),
        frame(FIN | CONTINUATION, b"ted"),
        frame(FIN | BINARY, b"next"),
    ];
    assert_eq!(
        decode(&stream.concat()),
        Outcome::messages([
            Owned::Ping(b"1".into()),
            Owned::Pong(vec![7; 125]),
            text("fragmented"),
            binary(b"next"),
        ])
    );
}

#[test]
fn a_message_of_empty_fragments_is_empty() {
    let stream = [
        frame(TEXT, b""),
        frame(CONTINUATION, b""),
        frame(FIN | CONTINUATION, b""),
    ];
    assert_eq!(decode(&stream.concat()), Outcome::messages([text("")]));
}

#[test]
fn unmasked_frames_are_refused() {
    assert_eq!(
        decode(&[FIN | TEXT, 2, b'h', b'i']),
        Outcome::error(Error::Unmasked)
    );
}

#[test]
fn reserved_bits_are_refused() {
    for bit in [0x40, 0x20, 0x10] {
        let outcome = decode(&frame(FIN | bit | TEXT, b"x"));
        assert_eq!(outcome, Outcome::error(Error::ReservedBit), "bit {bit:#x}");
    }
}

#[test]
fn reserved_opcodes_are_refused() {
    for opcode in (0x3..=0x7).chain(0xB..=0xF) {
        let outcome = decode(&frame(FIN | opcode, b""));
        assert_eq!(outcome, Outcome::error(Error::ReservedOpcode(opcode)));
    }
}

#[test]
fn control_frames_are_short_and_whole() {
    for opcode in [CLOSE, PING, PONG] {
        let fragmented = decode(&frame(opcode, b""));
        assert_eq!(
            fragmented,
            Outcome::error(Error::ControlFragmented),
            "opcode {opcode}"
        );
        let long = decode(&frame(FIN | opcode, &[0; 126]));
        assert_eq!(
            long,
            Outcome::error(Error::ControlTooLong),
            "opcode {opcode}"
        );
    }
}

#[test]
fn a_continuation_needs_a_message() {
    let error = Error::UnexpectedContinuation;
    assert_eq!(
        decode(&frame(FIN | CONTINUATION, b"x")),
        Outcome::error(error)
    );
    let after_whole = [frame(FIN | TEXT, b"x"), frame(CONTINUATION, b"y")].concat();
    assert_eq!(decode(&after_whole).error, Some(error));
    let after_end = [
        frame(TEXT, b"x"),
        frame(FIN | CONTINUATION, b"y"),
        frame(FIN | CONTINUATION, b"z"),
    ];
    let outcome = decode(&after_end.concat());
    assert_eq!(outcome.messages, [text("xy")]);
    assert_eq!(outcome.error, Some(error));
}

#[test]
fn no_message_begins_inside_another() {
    for (first, next) in [(TEXT, BINARY), (BINARY, FIN | TEXT), (TEXT, FIN | TEXT)] {
        let stream = [frame(first, b"x"), frame(next, b"y")].concat();
        assert_eq!(decode(&stream), Outcome::error(Error::ExpectedContinuation));
    }
}

#[test]
fn lengths_are_encoded_in_the_fewest_bytes() {
    for header in [
        [&[FIN | BINARY, 0x80 | 126][..], &125_u16.to_be_bytes()].concat(),
        [&[FIN | BINARY, 0x80 | 127][..], &65_535_u64.to_be_bytes()].concat(),
        [&[FIN | BINARY, 0x80 | 127][..], &0_u64.to_be_bytes()].concat(),
    ] {
        assert_eq!(
            decode(&header),
            Outcome::error(Error::LengthNotMinimal),
            "{header:x?}"
        );
    }
}

#[test]
fn the_top_bit_of_a_length_is_clear() {
    let header = [
        &[FIN | BINARY, 0x80 | 127][..],
        &(1_u64 << 63).to_be_bytes(),
    ]
    .concat();
    assert_eq!(decode(&header), Outcome::error(Error::LengthOutOfRange));
}

#[test]
fn a_message_may_reach_the_limit_and_not_exceed_it() {
    let limits = Limits {
        max_message: 200,
        ..LIMITS
    };
    let decode = |stream: &[Vec<u8>]| decode_chunks(&limits, [stream.concat().as_slice()]);
    let at_limit = Outcome::messages([binary(&[1; 200])]);
    let too_big = Outcome::error(Error::MessageTooBig);

    assert_eq!(decode(&[frame(FIN | BINARY, &[1; 200])]), at_limit);
    assert_eq!(decode(&[header(FIN | BINARY, 201)]), too_big);
    assert_eq!(decode(&[header(BINARY, 201)]), too_big);

    let begin = frame(BINARY, &[1; 150]);
    assert_eq!(
        decode(&[begin.clone(), frame(FIN | CONTINUATION, &[1; 50])]),
        at_limit
    );
    assert_eq!(decode(&[begin, header(FIN | CONTINUATION, 51)]), too_big);
}

#[test]
fn a_message_may_have_so_many_fragments_and_no_more() {
    let limits = Limits {
        max_fragments: 3,
        ..LIMITS
    };
    let decode = |stream: &[Vec<u8>]| decode_chunks(&limits, [stream.concat().as_slice()]);
    let (begin, next) = (frame(BINARY, b""), frame(CONTINUATION, b""));
    let end = frame(FIN | CONTINUATION, b"x");

    let at_limit = [begin.clone(), next.clone(), end.clone(), begin.clone(), end];
    let outcome = decode(&at_limit);
    assert_eq!(outcome, Outcome::messages([binary(b"x"), binary(b"x")]));

    let endless = [begin, next.clone(), next.clone(), next];
    assert_eq!(decode(&endless), Outcome::error(Error::TooManyFragments));
}

#[test]
fn fragmentation_can_be_switched_off() {
    let limits = Limits {
        max_fragments: 0,
        ..LIMITS
    };
    let whole = frame(FIN | TEXT, b"whole");
    let outcome = decode_chunks(&limits, whole.chunks(2));
    assert_eq!(outcome, Outcome::messages([text("whole")]));
    let outcome = decode_chunks(&limits, [frame(TEXT, b"x").as_slice()]);
    assert_eq!(outcome, Outcome::error(Error::TooManyFragments));
}

#[test]
fn text_is_utf8() {
    for invalid in [
        &b"\xFF"[..],
        b"a\x80",
        b"\xC0\xAF",
        b"\xED\xA0\x80",
        b"\xF4\x90\x80\x80",
        b"\xF8\x88\x80\x80\x80",
        b"cut \xE2\x82",
    ] {
        let outcome = decode(&frame(FIN | TEXT, invalid));
        assert_eq!(outcome, Outcome::error(Error::InvalidUtf8), "{invalid:x?}");
        let (head, tail) = invalid.split_at(invalid.len() / 2);
        let fragmented = [frame(TEXT, head), frame(FIN | CONTINUATION, tail)].concat();
        assert_eq!(
            decode(&fragmented),
            Outcome::error(Error::InvalidUtf8),
            "{invalid:x?}"
        );
    }
}

#[test]
fn characters_may_be_cut_by_fragments() {
    let whole = "\u{3ba}\u{f4}\u{20ac}\u{1f600}\u{10ffff}x";
    let bytes = whole.as_bytes();
    for size in 1..bytes.len() {
        let mut stream = frame(TEXT, b"");
        for piece in bytes.chunks(size) {
            stream.extend(frame(CONTINUATION, piece));
        }
        stream.extend(frame(FIN | CONTINUATION, b""));
        assert_eq!(
            decode(&stream),
            Outcome::messages([text(whole)]),
            "{size} bytes each"
        );
    }
}

#[test]
fn invalid_text_is_refused_before_its_fragment_ends() {
    // Autobahn 6.4.1 to 6.4.4: U+110000 is impossible from its second byte on.
    let payload = b"\xCE\xBA\xF4\x90";
    let mut cut = header(TEXT, 1000);
    cut.extend(&frame(TEXT, payload)[6..]);
    let mut decoder = Decoder::new();
    let mut messages = Vec::new();
    let (before, impossible) = cut.split_at(cut.len() - 1);
    assert_eq!(feed(&mut decoder, &LIMITS, before, &mut messages), Ok(()));
    assert_eq!(
        feed(&mut decoder, &LIMITS, impossible, &mut messages),
        Err(Error::InvalidUtf8)
    );
}

#[test]
fn binary_may_be_anything() {
    let stream = [frame(BINARY, b"\xFF"), frame(FIN | CONTINUATION, b"\xC0")].concat();
    assert_eq!(decode(&stream), Outcome::messages([binary(b"\xFF\xC0")]));
}

#[test]
fn close_frames_say_why() {
    let close = |payload: &[u8]| decode(&frame(FIN | CLOSE, payload));
    assert_eq!(close(b""), Outcome::messages([Owned::Close(None)]));
    let bye = Owned::Close(Some((1000, "bye \u{263a}".into())));
    assert_eq!(close(b"\x03\xE8bye \xE2\x98\xBA"), Outcome::messages([bye]));
    assert_eq!(close(b"\x03"), Outcome::error(Error::CloseTruncated));
    assert_eq!(
        close(b"\x03\xE8\xE2\x98"),
        Outcome::error(Error::InvalidUtf8)
    );
}

#[test]
fn close_codes_are_the_ones_that_may_be_sent() {
    let valid = (1000..=1003).chain(1007..=1014).chain(3000..=4999);
    let valid: Vec<u16> = valid.collect();
    for code in 0..=u16::MAX {
        let stream = frame(FIN | CLOSE, &code.to_be_bytes());
        let expected = if valid.contains(&code) {
            Outcome::messages([Owned::Close(Some((code, String::new())))])
        } else {
            Outcome::error(Error::CloseCode(code))
        };
        assert_eq!(decode_chunks(&LIMITS, [stream.as_slice()]), expected);
    }
}

#[test]
fn nothing_is_read_after_a_close_frame() {
    let stream = [
        frame(BINARY, b"unfinished"),
        frame(FIN | CLOSE, b""),
        frame(FIN | TEXT, b"too late"),
        vec![0xFF; 20],
    ];
    assert_eq!(
        decode(&stream.concat()),
        Outcome::messages([Owned::Close(None)])
    );
}

#[test]
fn there_is_no_way_on_after_an_error() {
    for first in [FIN | 0x40 | TEXT, FIN | 0x7] {
        let mut decoder = Decoder::new();
        let mut messages = Vec::new();
        let error = feed(&mut decoder, &LIMITS, &frame(first, b"x"), &mut messages).unwrap_err();
        let valid = frame(FIN | TEXT, b"valid");
        let again = feed(&mut decoder, &LIMITS, &valid, &mut messages);
        assert_eq!((again, messages), (Err(error), Vec::new()));
    }
    // Found in the payload rather than in a header.
    let stream = [frame(FIN | TEXT, b"\xFF"), frame(FIN | TEXT, b"valid")];
    let mut decoder = Decoder::new();
    for bytes in &stream {
        let result = feed(&mut decoder, &LIMITS, bytes, &mut Vec::new());
        assert_eq!(result, Err(Error::InvalidUtf8));
    }
}

#[test]
fn each_error_has_its_close_code() {
    assert_eq!(Error::InvalidUtf8.close_code().get(), 1007);
    assert_eq!(Error::MessageTooBig.close_code().get(), 1009);
    assert_eq!(Error::TooManyFragments.close_code().get(), 1009);
    assert_eq!(Error::Unmasked.close_code().get(), 1002);
    assert_eq!(
        Error::CloseCode(1005).close_code(),
        CloseCode::PROTOCOL_ERROR
    );
}
