//! The codec against the recorded vectors of the reference implementation.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::{Packet, ParseError, base64, payload};
use proptest::prelude::*;
use serde_json::Value;

fn fixtures() -> Value {
    serde_json::from_str(include_str!(
        "../../../../tests/fixtures/encoders-engineio.json"
    ))
    .unwrap()
}

fn cases(name: &str) -> Vec<Value> {
    fixtures()[name].as_array().unwrap().clone()
}

fn binary(value: &Value) -> Option<Vec<u8>> {
    value["$binary"].as_str().map(base64::decode)
}

/// The packet that a fixture describes.
fn packet(described: &Value) -> Packet<'_> {
    // `message(0)` is a call that only JavaScript allows; it encodes as an empty message.
    let data = described["data"].as_str().unwrap_or("");
    match described["type"].as_str().unwrap() {
        "open" => Packet::Open(data),
        "close" => Packet::Close,
        "ping" => Packet::Ping(data),
        "pong" => Packet::Pong(data),
        "message" => match binary(&described["data"]) {
            Some(bytes) => Packet::Binary(bytes.into()),
            None => Packet::Message(data),
        },
        "upgrade" => Packet::Upgrade,
        "noop" => Packet::Noop,
        other => panic!("unknown type {other} in the fixtures"),
    }
}

fn expected(described: &Value) -> Option<Packet<'_>> {
    (described["type"] != "error").then(|| packet(described))
}

fn text_of(packet: &Packet<'_>) -> String {
    let mut out = Vec::new();
    packet.encode_text(&mut out);
    String::from_utf8(out).unwrap()
}

fn append(payload: &mut Vec<u8>, packet: &Packet<'_>) {
    match packet {
        Packet::Binary(bytes) => payload::append_binary(payload, bytes),
        packet => payload::append_text(payload, text_of(packet).as_bytes()),
    }
}

/// The packets of a body, up to the first that does not decode.
fn decode(body: &str) -> Vec<Result<Packet<'_>, ParseError>> {
    let mut packets = Vec::new();
    let mut rest = Some(body);
    while let Some(body) = rest.take() {
        let (packet, behind) = payload::split(body);
        packets.push(Packet::decode(packet));
        rest = behind.filter(|_| packets.last().is_some_and(Result::is_ok));
    }
    packets
}

#[test]
fn packets_encode_as_recorded() {
    for case in cases("encode") {
        let packet = packet(&case["packet"]);
        assert_eq!(text_of(&packet), case["polling"], "{}", case["name"]);
        match binary(&case["websocket"]) {
            Some(bytes) => assert_eq!(packet, Packet::Binary(bytes.into()), "{}", case["name"]),
            None => assert_eq!(text_of(&packet), case["websocket"], "{}", case["name"]),
        }
    }
}

#[test]
fn payloads_encode_as_recorded() {
    for case in cases("encodePayload") {
        let mut out = Vec::new();
        for described in case["packets"].as_array().unwrap() {
            append(&mut out, &packet(described));
        }
        assert_eq!(
            String::from_utf8(out).unwrap(),
            case["encoded"],
            "{}",
            case["name"]
        );
    }
}

#[test]
fn packets_and_payloads_decode_as_recorded() {
    for case in cases("decode") {
        let input = case["input"].as_str().unwrap();
        assert_eq!(
            Packet::decode(input).ok(),
            expected(&case["asPacket"]),
            "{input:?}"
        );

        let packets: Vec<_> = decode(input).into_iter().map(Result::ok).collect();
        let recorded = case["asPayload"].as_array().unwrap();
        assert_eq!(
            packets,
            recorded.iter().map(expected).collect::<Vec<_>>(),
            "{input:?}"
        );
    }
}

#[test]
fn errors_tell_what_was_wrong() {
    assert_eq!(Packet::decode(""), Err(ParseError::Empty));
    assert_eq!(Packet::decode("é"), Err(ParseError::UnknownType('é')));
}

/// Payload text without the separator, which no JSON message holds.
const TEXT: &str = "[^\u{1e}]{0,12}";

fn any_packet() -> impl Strategy<Value = (u8, String, Vec<u8>)> {
    (0..8u8, TEXT, any::<Vec<u8>>())
}

fn build<'a>((kind, text, bytes): &'a (u8, String, Vec<u8>)) -> Packet<'a> {
    match kind {
        0 => Packet::Open(text),
        1 => Packet::Close,
        2 => Packet::Ping(text),
        3 => Packet::Pong(text),
        4 => Packet::Message(text),
        5 => Packet::Upgrade,
        6 => Packet::Noop,
        _ => Packet::Binary(bytes.as_slice().into()),
    }
}

proptest! {
    #[test]
    fn packets_survive_the_text_form(parts in any_packet()) {
        let packet = build(&parts);
        let text = text_of(&packet);
        prop_assert_eq!(Packet::decode(&text), Ok(packet));
    }

    #[test]
    fn packets_survive_a_payload(parts in prop::collection::vec(any_packet(), 1..6)) {
        let packets: Vec<_> = parts.iter().map(build).collect();
        let mut body = Vec::new();
        for packet in &packets {
            append(&mut body, packet);
        }
        let body = String::from_utf8(body)?;
        let decoded: Result<Vec<_>, _> = decode(&body).into_iter().collect();
        prop_assert_eq!(decoded, Ok(packets));
    }

    #[test]
    fn any_body_is_read_or_refused_in_its_own_memory(
        body in prop_oneof!["[0-7b\u{1e}A-Za-z+/=\u{e9}]{0,80}", any::<String>()],
    ) {
        let measured = allocation_counter::measure(|| {
            let mut rest = Some(body.as_str());
            while let Some(body) = rest.take() {
                let (packet, behind) = payload::split(body);
                rest = behind.filter(|_| Packet::decode(packet).is_ok());
            }
        });
        // Base64 is rounded up to whole groups.
        prop_assert!(measured.bytes_max as usize <= body.len() + 2);
    }
}
