//! What broke other implementations.

use super::{LIMITS, event};
use crate::protocol::socket_io::{Assembler, DecodeError, Limits, Step, decode::decode};
use bytes::Bytes;

const ONE: &str = r#"51-["a",{"_placeholder":true,"num":0}]"#;

fn start(text: &str, limits: &Limits) -> Result<Assembler, DecodeError> {
    let mut decoder = Assembler::default();
    decoder.add_text(text, limits).map(|_| decoder)
}

#[test]
fn nesting_costs_no_stack() {
    let depth = 1_000_000;
    let nested = format!(r#"2["a",{}{}]"#, "[".repeat(depth), "]".repeat(depth));
    assert_eq!(event(&nested).unwrap().0, "a");
    for open in ["[", "{\"a\":", "[{\"a\":"] {
        let broken = format!(r#"2["a",{}"#, open.repeat(depth));
        assert_eq!(decode(&broken), Err(DecodeError::InvalidPayload));
    }
}

#[test]
fn binary_packets_nest_to_a_depth_that_can_be_read() {
    let nested = |depth: usize| {
        let text = format!(r#"51-["a",{}{}]"#, "[".repeat(depth), "]".repeat(depth));
        start(
            &text,
            &Limits {
                max_packet_bytes: usize::MAX,
                ..LIMITS
            },
        )
        .err()
    };
    assert_eq!(nested(127), None);
    assert_eq!(nested(128), Some(DecodeError::TooDeep { limit: 128 }));
    assert_eq!(nested(1_000_000), Some(DecodeError::TooDeep { limit: 128 }));
}

#[test]
fn an_attachment_counts_as_often_as_it_is_named() {
    let assembled = |text: &str, sizes: &[usize]| {
        let mut decoder = start(text, &LIMITS).unwrap();
        let mut results = sizes
            .iter()
            .map(|size| decoder.add_binary(Bytes::from(vec![0; *size]), &LIMITS));
        results.try_for_each(|result| result.map(|_| ()))
    };
    let named = |times: usize| {
        let all = vec![r#"{"_placeholder":true,"num":0}"#; times].join(",");
        format!(r#"52-["a",{all},{{"_placeholder":true,"num":1}}]"#)
    };
    assert_eq!(assembled(&named(3), &[300_000, 50_000]), Ok(()));
    let limit = LIMITS.max_packet_bytes;
    let refused = Err(DecodeError::TooLarge { limit });
    assert_eq!(assembled(&named(4), &[300_000, 50_000]), refused);
    assert_eq!(assembled(&named(30_000), &[200]), refused);
    // One that nobody names counts, too.
    assert_eq!(assembled(r#"51-["a"]"#, &[limit]), refused);
}

#[test]
fn text_between_attachments_is_refused() {
    for text in [r#"2["b"]"#, ONE, "", "1", "\u{fffd}"] {
        let mut decoder = start(ONE, &LIMITS).unwrap();
        let error = decoder.add_text(text, &LIMITS).unwrap_err();
        assert_eq!(error, DecodeError::UnexpectedText);
        assert!(!decoder.is_waiting(), "what was in progress must be freed");
    }
}

#[test]
fn binary_that_nothing_announced_is_refused() {
    let mut decoder = Assembler::default();
    for _ in 0..2 {
        let error = decoder.add_binary(Bytes::new(), &LIMITS).unwrap_err();
        assert_eq!(error, DecodeError::UnexpectedBinary);
        let step = decoder.add_text(r#"2["a"]"#, &LIMITS);
        assert!(matches!(step, Ok(Step::Packet(_))));
    }
}

#[test]
fn announced_attachments_are_limited_before_any_arrives() {
    let limits = Limits {
        max_attachments: 2,
        ..LIMITS
    };
    assert!(start(r#"52-["a"]"#, &limits).is_ok());
    for (count, refused) in [
        ("3", 3),
        ("11", 11),
        ("1e9", 1_000_000_000),
        ("1e300", usize::MAX),
    ] {
        assert_eq!(
            start(&format!(r#"5{count}-["a"]"#), &limits).err(),
            Some(DecodeError::TooManyAttachments {
                count: refused,
                limit: 2
            })
        );
    }
    for count in [
        "", "0", "0.5", "-1", "inf", "nan", "1e999", "0x1", " 1", "1 ", "é", ".", "e", "+",
    ] {
        assert_eq!(
            decode(&format!(r#"5{count}-["a"]"#)),
            Err(DecodeError::IllegalAttachments),
            "{count}"
        );
    }
}

#[test]
fn the_bytes_of_a_packet_are_limited_together() {
    let limits = Limits {
        max_packet_bytes: ONE.len() + 4,
        ..LIMITS
    };
    let too_large = DecodeError::TooLarge {
        limit: ONE.len() + 4,
    };
    let text = ONE.replace("51-", "52-");

    let mut decoder = start(&text, &limits).unwrap();
    assert!(
        decoder
            .add_binary(vec![0; 2].into(), &limits)
            .unwrap()
            .is_none()
    );
    assert!(
        decoder
            .add_binary(vec![0; 2].into(), &limits)
            .unwrap()
            .is_some()
    );

    let mut decoder = start(&text, &limits).unwrap();
    assert!(
        decoder
            .add_binary(vec![0; 2].into(), &limits)
            .unwrap()
            .is_none()
    );
    assert_eq!(
        decoder.add_binary(vec![0; 3].into(), &limits).unwrap_err(),
        too_large
    );
    assert!(!decoder.is_waiting());

    let long = format!(r#"51-["{}"]"#, "a".repeat(ONE.len()));
    assert_eq!(start(&long, &limits).err(), Some(too_large));
    // Text alone is bounded where messages are received.
    assert!(start(&format!(r#"2["{}"]"#, "a".repeat(ONE.len())), &limits).is_ok());
}

#[test]
fn text_cut_inside_a_character_is_refused_and_harmless() {
    let text = r#"2/日本,7["é€🚀",{"k":"\u00e9🚀"}]"#;
    let decoded = decode(text).unwrap();
    assert_eq!((decoded.nsp, decoded.id), ("/日本", Some(7)));
    for end in 0..text.len() {
        // What a lossy reader hands over after a cut inside of a character.
        let cut = String::from_utf8_lossy(&text.as_bytes()[..end]);
        let _ = decode(&cut);
        if cut.contains('[') {
            assert_eq!(decode(&cut), Err(DecodeError::InvalidPayload), "{cut}");
        }
    }
}

#[test]
fn half_a_character_in_an_escape_stays_the_readers_matter() {
    assert_eq!(event(r#"2["a","\ud83d"]"#).unwrap().1, r#""\ud83d""#);
    assert!(start(&ONE.replace(r#""a""#, r#""a","\ud83d",1e999"#), &LIMITS).is_ok());
    assert_eq!(event(r#"2["\ud83d"]"#), Err(DecodeError::InvalidPayload));
}

#[test]
fn an_idle_connection_pays_one_pointer() {
    assert_eq!(size_of::<Assembler>(), size_of::<usize>());
}
