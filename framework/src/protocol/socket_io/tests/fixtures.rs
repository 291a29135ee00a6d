//! Every recorded vector, encoded and decoded.

use super::LIMITS;
use super::tree::{Tree, bytes};
use crate::protocol::socket_io::{
    Assembler, Data, DecodeError, Kind, Packet, Step, encode, with_attachments,
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Fixtures<'a> {
    encode: Vec<Encode>,
    #[serde(borrow)]
    decode: Vec<Decode<'a>>,
}

#[derive(Deserialize)]
struct Encode {
    name: String,
    packet: Described,
    encoded: String,
    attachments: Vec<String>,
}

#[derive(Deserialize)]
struct Described {
    r#type: u8,
    nsp: String,
    id: Option<u64>,
    data: Option<Tree>,
}

#[derive(Deserialize)]
struct Decode<'a> {
    name: String,
    chunks: Vec<Chunk>,
    #[serde(borrow)]
    packets: Vec<Recorded<'a>>,
    error: Option<String>,
    #[serde(default)]
    pending: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Chunk {
    Text(String),
    Binary {
        #[serde(rename = "$binary")]
        base64: String,
    },
}

#[derive(Deserialize)]
struct Recorded<'a> {
    r#type: u8,
    nsp: String,
    id: Option<f64>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

fn fixtures() -> Fixtures<'static> {
    serde_json::from_str(include_str!(
        "../../../../../tests/fixtures/encoders-socketio.json"
    ))
    .unwrap()
}

#[test]
fn packets_encode_as_recorded() {
    for case in fixtures().encode {
        // What the buffer held before must stay.
        let mut out = b"frame".to_vec();
        let attachments = encode(&mut out, &case.packet);
        let text = std::str::from_utf8(&out).unwrap();
        assert_eq!(
            text.strip_prefix("frame"),
            Some(case.encoded.as_str()),
            "{}",
            case.name
        );
        let recorded: Vec<_> = case.attachments.iter().map(|text| bytes(text)).collect();
        assert_eq!(attachments, recorded, "{}", case.name);
    }
}

/// Encodes through the functions that a server uses, or through a bare header for the packets that
/// only clients send.
fn encode(out: &mut Vec<u8>, packet: &Described) -> Vec<Bytes> {
    let Described { nsp, id, data, .. } = packet;
    let kind = Kind::from_digit(b'0' + packet.r#type).unwrap();
    let data = data.as_ref();
    let elements = data.map(Tree::elements).unwrap_or_default();
    let sid = data.and_then(|data| data.member("sid")?.text());
    let pid = data.and_then(|data| data.member("pid")?.text());
    let message = data.and_then(|data| data.member("message")?.text());
    match (kind, sid, message, elements) {
        (Kind::Disconnect, ..) => encode::disconnect(out, nsp),
        (Kind::Connect, Some(sid), ..) => encode::connect(out, nsp, sid, pid).unwrap(),
        (Kind::ConnectError, _, Some(message), _) => {
            let data = data.and_then(|data| data.member("data"));
            encode::connect_error(out, nsp, message, data).unwrap();
        }
        (Kind::Event, _, _, [Tree::Text(name), args @ ..]) => {
            return encode::event(out, nsp, *id, name, |to| push_all(to, args)).unwrap();
        }
        (Kind::Ack, ..) => {
            return encode::ack(out, nsp, id.unwrap(), |to| push_all(to, elements)).unwrap();
        }
        _ => {
            encode::header(out, kind, nsp, *id);
            if let Some(data) = data {
                serde_json::to_writer(out, data).unwrap();
            }
        }
    }
    Vec::new()
}

fn push_all(to: &mut encode::Args<'_>, values: &[Tree]) -> serde_json::Result<()> {
    values.iter().try_for_each(|value| to.push(value))
}

/// Where this decoder refuses what the reference accepts, with the reason.
const REFUSED: [(&str, &str); 2] = [
    (
        "event huge id",
        "the reference rounds it, so that no answer would match",
    ),
    (
        "placeholder num fractional",
        "the reference resolves it to undefined",
    ),
];

#[test]
fn packets_decode_as_recorded() {
    for case in fixtures().decode {
        let mut decoder = Assembler::default();
        let mut packets = 0;
        let error = feed(&mut decoder, &case.chunks, |packet, attachments| {
            let recorded = &case.packets[packets];
            assert_matches(&packet, attachments, recorded, &case.name);
            packets += 1;
        })
        .err();

        if REFUSED.iter().any(|(name, _)| *name == case.name) {
            assert!(error.is_some(), "{}", case.name);
            continue;
        }
        assert_eq!(packets, case.packets.len(), "{}", case.name);
        assert_eq!(decoder.is_waiting(), case.pending, "{}", case.name);
        match (&error, case.error.as_deref()) {
            // The reference takes the blank for type 0 and then misses an object.
            (Some(_), Some(_)) if case.name == "event leading space" => {}
            (error, recorded) => assert_eq!(error.map(words), recorded.map(class), "{}", case.name),
        }
    }
}

fn feed(
    decoder: &mut Assembler,
    chunks: &[Chunk],
    mut seen: impl FnMut(Packet<'_>, &[Bytes]),
) -> Result<(), DecodeError> {
    for chunk in chunks {
        match chunk {
            Chunk::Text(text) => {
                if let Step::Packet(packet) = decoder.add_text(text, &LIMITS)? {
                    seen(packet, &[]);
                }
            }
            Chunk::Binary { base64 } => {
                if let Some(whole) = decoder.add_binary(bytes(base64).into(), &LIMITS)? {
                    seen(whole.packet()?, &whole.attachments);
                }
            }
        }
    }
    Ok(())
}

/// The reference's messages for an error of ours.
fn words(error: DecodeError) -> &'static str {
    match error {
        DecodeError::UnknownType(_) => "unknown packet type",
        DecodeError::IllegalAttachments => "Illegal attachments",
        DecodeError::TooManyAttachments { .. } => "too many attachments",
        DecodeError::IllegalPlaceholder => "illegal attachments",
        DecodeError::InvalidPayload | DecodeError::ReservedName => "invalid payload",
        DecodeError::UnexpectedText => "got plaintext data when reconstructing a packet",
        DecodeError::UnexpectedBinary => "got binary data when not reconstructing a packet",
        other => panic!("no vector should give {other:?}"),
    }
}

/// Drops the type from `unknown packet type 7`.
fn class(message: &str) -> &str {
    if message.starts_with("unknown packet type") {
        "unknown packet type"
    } else {
        message
    }
}

fn assert_matches(packet: &Packet<'_>, attachments: &[Bytes], recorded: &Recorded<'_>, name: &str) {
    // The reference forgets that a packet was binary once it is whole.
    let kind = match packet.kind {
        Kind::BinaryEvent => Kind::Event,
        Kind::BinaryAck => Kind::Ack,
        other => other,
    };
    assert_eq!(kind.digit(), b'0' + recorded.r#type, "{name}");
    assert_eq!(packet.nsp, recorded.nsp, "{name}");
    assert_eq!(packet.id.map(|id| id as f64), recorded.id, "{name}");
    let data = match &packet.data {
        Data::None => None,
        Data::Object(json) | Data::Ack(json) | Data::Error(json) => Some(*json),
        Data::Event(event) => Some(event.array),
    };
    let recorded = recorded.data.map(RawValue::get);
    if data == recorded {
        // Also the way for what Rust cannot hold: deep nesting and lone surrogates.
        return;
    }
    let value = |json| serde_json::from_str::<Value>(json).unwrap();
    let mut data = with_attachments(attachments, || value(data.unwrap()));
    if !attachments.is_empty() {
        resolve(&mut data, attachments);
    }
    let mut recorded = value(recorded.unwrap());
    if name == "json __proto__" {
        // Assigning this key is JavaScript's own peculiarity.
        recorded[1]["__proto__"] = serde_json::json!({ "x": 1 });
    }
    round(&mut data);
    round(&mut recorded);
    assert_eq!(data, recorded, "{name}");
}

/// Puts the fixtures' tag in the place of each placeholder.
fn resolve(value: &mut Value, attachments: &[Bytes]) {
    if value["_placeholder"] == true {
        let bytes = &attachments[value["num"].as_u64().unwrap() as usize];
        let mut text = Vec::new();
        crate::protocol::engine_io::Packet::Binary(bytes.as_ref().into()).encode_text(&mut text);
        let base64 = String::from_utf8(text).unwrap();
        *value = serde_json::json!({ "$binary": base64.strip_prefix('b') });
        return;
    }
    match value {
        Value::Array(values) => values.iter_mut().for_each(|v| resolve(v, attachments)),
        Value::Object(map) => map.values_mut().for_each(|v| resolve(v, attachments)),
        _ => {}
    }
}

/// Makes every number a double, as JavaScript has no others.
fn round(value: &mut Value) {
    match value {
        Value::Number(number) => *value = number.as_f64().into(),
        Value::Array(values) => values.iter_mut().for_each(round),
        Value::Object(map) => map.values_mut().for_each(round),
        _ => {}
    }
}
