//! Values by the table in the parser's documentation.

use super::{bytes, decode, encode, event, json, refused};
use crate::protocol::socket_io::parser::{Packet, PacketType};

#[test]
fn numbers_of_every_width_are_read() {
    assert_eq!(
        json("95 00 7f cc80 cdffff ceffffffff"),
        "[0,127,128,65535,4294967295]"
    );
    assert_eq!(json("91 cfffffffffffffffff"), "[18446744073709551615]");
    assert_eq!(json("94 ff e0 d080 d18000"), "[-1,-32,-128,-32768]");
    assert_eq!(
        json("92 d280000000 d38000000000000000"),
        "[-2147483648,-9223372036854775808]"
    );
    // A positive number in a signed form.
    assert_eq!(json("91 d30000000000000001"), "[1]");
    assert_eq!(json("92 ca3fc00000 cb3ff8000000000000"), "[1.5,1.5]");
    assert_eq!(
        json("92 cb7ff8000000000000 cbfff0000000000000"),
        "[null,null]"
    );
}

#[test]
fn javascripts_own_values_become_json() {
    assert_eq!(json("92 d40000 c0"), "[null,null]");
    assert_eq!(
        json("91 83 a161 d40000 a162 01 a163 d40000"),
        r#"[{"b":1}]"#
    );
    assert_eq!(
        json("91 d7000000018bcfe5687b"),
        r#"["2023-11-14T22:13:20.123Z"]"#
    );
    assert_eq!(json("91 d7007fffffffffffffff"), "[null]");
}

#[test]
fn binary_and_extensions_become_attachments() {
    let packet = decode::packet(
        &event("93 c40101 c7020002 03 d80501020304050607080910111213141516"),
        1000,
    );
    let packet = packet.unwrap();
    assert_eq!(
        packet.data.as_deref(),
        Some(concat!(
            r#"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1},"#,
            r#"[5,{"_placeholder":true,"num":2}]]"#
        ))
    );
    let expected = [
        bytes("01"),
        bytes("0203"),
        bytes("01020304050607080910111213141516"),
    ];
    assert_eq!(packet.attachments, expected);
    // A date of another flavour is an extension like any other.
    assert_eq!(
        json("91 d6ff00000000"),
        r#"[[-1,{"_placeholder":true,"num":0}]]"#
    );
}

#[test]
fn keys_are_text_or_become_it() {
    assert_eq!(
        json("91 86 01 00 ff 00 c3 00 c0 00 cb3ff8000000000000 00 a122 00"),
        r#"[{"1":0,"-1":0,"true":0,"null":0,"1.5":0,"\"":0}]"#
    );
    for key in [
        "c40161",
        "90",
        "80",
        "d40000",
        "d7000000000000000000",
        "d50100 00",
    ] {
        let no_key = "a key that is no text, number, boolean or nil";
        assert_eq!(refused(&event(&format!("91 81 {key} 00"))), no_key, "{key}");
        assert_eq!(
            refused(&event(&format!("91 81 {key} d40000"))),
            no_key,
            "{key}"
        );
    }
    // Repeated keys stay, for whoever reads the JSON.
    assert_eq!(json("91 82 a161 01 a161 02"), r#"[{"a":1,"a":2}]"#);
}

#[test]
fn text_that_is_not_utf8_is_read_as_node_does() {
    assert_eq!(json("91 a3ff4162"), "[\"\u{fffd}Ab\"]");
    // A lone surrogate.
    assert_eq!(json("91 a3eda080"), "[\"\u{fffd}\u{fffd}\u{fffd}\"]");
    assert_eq!(json("91 a30a0022"), r#"["\n\u0000\""]"#);
}

#[test]
fn of_a_member_that_is_there_twice_the_last_counts() {
    let twice = bytes("84 a464617461 91c40101 a36e7370 a12f a474797065 02 a464617461 91a161");
    let packet = decode::packet(&twice, 1000).unwrap();
    assert_eq!(packet.data.as_deref(), Some(r#"["a"]"#));
    assert!(packet.attachments.is_empty());
}

#[test]
fn integers_may_be_written_as_floats_and_ids_may_not_be_negative() {
    let packet = |kind: &str, id: &str| {
        let kind = format!("a474797065 {kind} a36e7370 a12f a464617461 90");
        decode::packet(&bytes(&format!("84 {kind} a26964 {id}")), 1000)
    };
    let id = |id| {
        packet("03", id)
            .map(|packet| packet.id)
            .map_err(|error| error.to_string())
    };
    assert_eq!(id("cfffffffffffffffff"), Ok(Some(u64::MAX)));
    assert_eq!(id("cb4000000000000000"), Ok(Some(2)));
    assert_eq!(id("d40000"), Ok(None));
    for other in [
        "ff",
        "cb3ff8000000000000",
        "cbbff0000000000000",
        "cb7ff8000000000000",
        "cb7e37e43c8800759c",
    ] {
        assert_eq!(id(other), Err("invalid packet id".to_owned()), "{other}");
    }
    let kind = packet("cb4008000000000000", "00").unwrap().kind;
    assert_eq!(kind, PacketType::Ack);
}

#[test]
fn data_fits_its_type() {
    let packet = |kind: u8, data: &str| {
        let head = "83 a36e7370 a12f a464617461";
        decode::packet(
            &bytes(&format!("{head} {data} a474797065 {kind:02x}")),
            1000,
        )
    };
    for (kind, valid, invalid) in [
        (0, &["d40000", "80"][..], &["c0", "90", "a0", "c400"][..]),
        (1, &["d40000"], &["c0", "80"]),
        (2, &["90", "91a0"], &["d40000", "c0", "80", "d600000000 00"]),
        (3, &["90"], &["d40000", "80"]),
        (
            4,
            &["80", "a0"],
            &["d40000", "c0", "90", "d7000000000000000000"],
        ),
    ] {
        for data in valid {
            assert!(packet(kind, data).is_ok(), "{kind} {data}");
        }
        for data in invalid {
            let error = packet(kind, data).unwrap_err().to_string();
            assert_eq!(error, "invalid payload", "{kind} {data}");
        }
    }
}

fn encoded(json: &str, attachments: &[bytes::Bytes]) -> Result<Vec<u8>, String> {
    let packet = Packet {
        kind: PacketType::Event,
        namespace: "/",
        id: None,
        data: Some(json),
        attachments,
    };
    encode::packet(&packet).map_err(|error| error.to_string())
}

/// The bytes of Node, which writes the namespace last.
fn node(data: &str) -> Result<Vec<u8>, String> {
    let message = format!("83 a474797065 02 a464617461 {data} a36e7370 a12f");
    Ok(bytes(&message))
}

#[test]
fn json_is_written_in_the_shortest_form() {
    assert_eq!(
        encoded("[0,-0,127,128,-1,-32,-33,65536]", &[]),
        node("98 00 00 7f cc80 ff e0 d0df ce00010000")
    );
    assert_eq!(
        encoded("[1.0,1e3,18446744073709551616]", &[]),
        node("93 cb3ff0000000000000 cb408f400000000000 cb43f0000000000000")
    );
    assert_eq!(
        encoded(r#"[ {"a":[true , false,null],"\u00e9":{}} ]"#, &[]),
        node("91 82 a161 93c3c2c0 a2c3a9 80")
    );
    let sixteen = format!("[{}0]", "0,".repeat(15));
    assert_eq!(
        encoded(&sixteen, &[]),
        node(&format!("dc0010 {}", "00".repeat(16)))
    );
}

#[test]
fn attachments_stand_in_the_places_of_their_placeholders() {
    let attachments = [
        bytes::Bytes::from_static(b"\x01"),
        bytes::Bytes::from_static(b"\x02"),
    ];
    let json = r#"[{"num":1,"_placeholder":true},{"x":{"_placeholder":true,"num":0}}]"#;
    assert_eq!(
        encoded(json, &attachments),
        node("92 c40102 81 a178 c40101")
    );
    // Data that only looks like one.
    for (plain, hex) in [
        (
            r#"[{"_placeholder":true,"num":2}]"#,
            "91 82 ac5f706c616365686f6c646572 c3 a36e756d 02",
        ),
        (
            r#"[{"_placeholder":1,"num":0}]"#,
            "91 82 ac5f706c616365686f6c646572 01 a36e756d 00",
        ),
    ] {
        assert_eq!(encoded(plain, &attachments), node(hex));
    }
}

#[test]
fn what_is_no_json_is_not_written() {
    for json in ["[", "]", "[nul]", r#"["\ud800"]"#, r#"["a]"#, "[}"] {
        // Only this one has a form: brackets are taken to match.
        assert_eq!(encoded(json, &[]).is_ok(), json == "[}", "{json}");
    }
}
