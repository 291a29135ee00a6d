//! The frames that we send, to the byte. The oracle reads them back at random.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::super::{Close, CloseCode, ControlFrame, Opcode, frame};

#[test]
fn lengths_take_the_fewest_bytes() {
    for (len, header) in [
        (0, &[0x82, 0][..]),
        (125, &[0x82, 125]),
        (126, &[0x82, 126, 0, 126]),
        (65_535, &[0x82, 126, 0xFF, 0xFF]),
        (65_536, &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
    ] {
        let (bytes, used) = frame::encode_header(Opcode::Binary, len);
        assert_eq!(&bytes[..used], header, "{len} bytes");
    }
}

#[test]
fn frames_are_appended() {
    let mut out = vec![0xAA];
    frame::write(Opcode::Text, b"hi", &mut out);
    assert_eq!(out, [0xAA, 0x81, 2, b'h', b'i']);
}

#[test]
fn control_frames() {
    assert_eq!(*ControlFrame::ping(b""), [0x89, 0]);
    assert_eq!(*ControlFrame::pong(b"abc"), *b"\x8A\x03abc");
    assert_eq!(*ControlFrame::close(None), [0x88, 0]);
    let going_away = Close {
        code: CloseCode::GOING_AWAY,
        reason: "drain",
    };
    assert_eq!(
        *ControlFrame::close(Some(going_away)),
        *b"\x88\x07\x03\xE9drain"
    );
}

#[test]
fn control_payloads_are_cut_to_what_fits() {
    assert_eq!(ControlFrame::ping(&[1; 126])[..2], [0x89, 125]);

    // 120 bytes, then a character of four, where 123 have room.
    let long = format!("{}\u{1f600}", "x".repeat(120));
    let frame = ControlFrame::close(Some(Close {
        code: CloseCode::NORMAL,
        reason: &long,
    }));
    let close = Close::parse(&frame[2..]).unwrap().unwrap();
    assert_eq!(close.reason, "x".repeat(120));
    assert_eq!(frame[1], 122);
}

#[test]
fn a_close_code_that_must_not_be_sent_is_no_value() {
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000] {
        assert_eq!(CloseCode::new(code), None);
    }
    assert_eq!(CloseCode::new(4000).map(CloseCode::get), Some(4000));
}
