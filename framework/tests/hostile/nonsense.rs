//! Packets that make no sense.

use std::collections::BTreeMap;

use crate::stage::{Stage, echo};
use crate::wire::{BINARY, CLOSE, CONTINUATION, FIN, MODES, PING, PONG, TEXT, Wire, frame, text};

#[actix_web::test]
async fn every_refused_packet_costs_its_connection_and_is_counted_by_its_reason() {
    let upload = |attachments: &str, placeholder: &str| {
        text(&format!(r#"45{attachments}-["upload",{placeholder}]"#))
    };
    let good = r#"{"_placeholder":true,"num":0}"#;
    let nested = [&*"[".repeat(200), &*"]".repeat(200)].concat();
    let half = upload("2", good);
    let binary = frame(FIN | BINARY, b"x");
    let cases: Vec<(&str, Option<u16>, Vec<u8>)> = vec![
        // In the middle of binary packets.
        (
            "unexpected_text",
            None,
            [half.clone(), text(r#"42["echo","x"]"#)].concat(),
        ),
        (
            "unexpected_text",
            None,
            [half.clone(), binary.clone(), text("41")].concat(),
        ),
        ("unexpected_binary", None, binary.clone()),
        (
            "unexpected_binary",
            None,
            [upload("1", good), binary.clone(), binary].concat(),
        ),
        ("too_many_attachments", None, upload("11", good)),
        (
            "too_many_attachments",
            None,
            upload("18446744073709551615", good),
        ),
        (
            "too_many_attachments",
            None,
            upload("99999999999999999999999", good),
        ),
        ("illegal_attachments", None, upload("0", good)),
        ("illegal_attachments", None, upload("-1", good)),
        ("illegal_attachments", None, upload("", good)),
        ("too_deep", None, upload("1", &nested)),
        // Placeholders that stand for something else.
        (
            "illegal_placeholder",
            None,
            upload("1", r#"{"_placeholder":true,"num":1}"#),
        ),
        (
            "illegal_placeholder",
            None,
            upload("1", r#"{"_placeholder":true,"num":-1}"#),
        ),
        (
            "illegal_placeholder",
            None,
            upload("1", r#"{"_placeholder":true,"num":"0"}"#),
        ),
        (
            "illegal_placeholder",
            None,
            upload("1", r#"{"_placeholder":true,"num":1e9}"#),
        ),
        (
            "illegal_placeholder",
            None,
            upload("1", r#"{"_placeholder":true}"#),
        ),
        // Texts that are none.
        (
            "invalid_utf8",
            Some(1007),
            frame(FIN | TEXT, b"42[\"\xE2\x82\"]"),
        ),
        (
            "invalid_utf8",
            Some(1007),
            frame(FIN | TEXT, b"42[\"\xE2\x82"),
        ),
        ("invalid_utf8", Some(1007), frame(TEXT, b"42[\"\xFF")),
        // Packets in the wrong state.
        ("connect_twice", None, text("40")),
        ("not_connected", None, text("42/lingering,[\"x\"]")),
        ("connect_error", None, text(r#"44{"message":"no"}"#)),
        ("client_ping", None, text("2")),
        // Not packets.
        ("empty_packet", None, text("")),
        ("unknown_engine_packet", None, text("9")),
        ("unknown_type", None, text("47")),
        ("invalid_payload", None, text(r#"42["echo""#)),
        ("invalid_payload", None, text("42{}")),
        ("reserved_name", None, text(r#"42["disconnect"]"#)),
        (
            "illegal_id",
            None,
            text(r#"4299999999999999999999["echo","x"]"#),
        ),
        // Not WebSocket.
        ("reserved_opcode", Some(1002), frame(FIN | 0x3, b"")),
        ("reserved_bit", Some(1002), frame(FIN | 0x20 | TEXT, b"40")),
        ("unmasked", Some(1002), vec![FIN | TEXT, 1, b'3']),
        ("control_too_long", Some(1002), frame(FIN | PING, &[0; 126])),
        ("control_fragmented", Some(1002), frame(PING, b"")),
        (
            "unexpected_continuation",
            Some(1002),
            frame(FIN | CONTINUATION, b"x"),
        ),
        (
            "expected_continuation",
            Some(1002),
            [frame(TEXT, b"4"), text("2")].concat(),
        ),
        ("close_truncated", Some(1002), frame(FIN | CLOSE, &[3])),
        ("close_code", Some(1002), frame(FIN | CLOSE, &[0, 1])),
    ];
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        let mut expected = BTreeMap::new();
        for (reason, close, bytes) in &cases {
            let mut wire = Wire::join(&stage.server).await;
            let shown = bytes.escape_ascii().to_string();
            wire.write(bytes).await;
            let (before, code) = wire.ended().await;
            *expected.entry(*reason).or_insert(0) += 1;
            assert_eq!(stage.refused(), expected, "{mode:?}: {shown}");
            assert_eq!(code, *close, "{mode:?}: {shown}");
            // The one complete upload of the lot is answered by nothing, as it asks for nothing.
            assert_eq!(before, [], "{mode:?}: {shown}");
        }
        stage.serves_others().await;
        stage.clear().await;
    }
}

#[actix_web::test]
async fn nothing_before_a_connect_is_taken_for_an_event() {
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        for (count, packet) in (1..).zip(["42[\"echo\",\"x\"]", "41", "431[]"]) {
            let mut wire = Wire::open(&stage.server).await;
            wire.text(packet).await;
            assert_eq!(wire.ended().await, (vec![], None));
            assert_eq!(stage.refused(), [("not_connected", count)].into());
        }
        // Nor while `connect` is running.
        let mut wire = Wire::open(&stage.server).await;
        wire.text(r#"40{"slow":true}"#).await;
        wire.text(r#"42["echo","x"]"#).await;
        assert_eq!(wire.ended().await, (vec![], None));
        assert_eq!(stage.refused(), [("not_connected", 4)].into());
        stage.clear().await;
    }
}

#[actix_web::test]
async fn what_is_strange_but_allowed_costs_nothing() {
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        let mut wire = Wire::join(&stage.server).await;
        let strange = [
            text(r#"42["nobody handles this",1]"#),
            text(r#"42["echo",{"not":"a string"}]"#),
            text(r#"42["echo"]"#),
            text("439[1]"),
            text("3"),
            text("6"),
            frame(FIN | PONG, b"unasked"),
            // A placeholder where no binary was announced is an object like any other.
            text(r#"42["echo",{"_placeholder":true,"num":0}]"#),
        ];
        wire.write(&strange.concat()).await;
        echo(&mut wire).await;
        let stats = stage.stats();
        assert_eq!((stats.unhandled, stats.acks_ignored), (1, 1));
        assert_eq!(stats.rejected, [("payload", 3)].into());
        assert_eq!(stats.refused_packets, [].into());
        drop(wire);
        stage.clear().await;
    }
}
