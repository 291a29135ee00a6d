//! Payloads, without what differs from run to run.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};

/// A payload in JSON or MessagePack.
pub(crate) fn read(payload: &[u8]) -> Value {
    let mut value = decode(payload);
    // Classic: the sender's id, the packet, the options.
    if let Value::Array(parts) = &mut value {
        parts[0] = json!("<server>");
    }
    anonymous("", value)
}

/// The data of an entry: JSON, or MessagePack in base64.
pub(crate) fn field(text: &str) -> Value {
    anonymous(
        "",
        match text.starts_with('{') {
            true => decode(text.as_bytes()),
            false => decode(&base64(text)),
        },
    )
}

fn decode(payload: &[u8]) -> Value {
    match payload.first() {
        Some(b'{') => serde_json::from_slice(payload).unwrap(),
        _ => rmp_serde::from_slice::<Any>(payload).unwrap().0,
    }
}

/// Whether it has the form of a socket's id.
pub(crate) fn is_id(text: &str) -> bool {
    let in_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.len() == 20 && text.bytes().all(in_alphabet)
}

/// A date, which is an extension of MessagePack in some payloads of Node's, and a text for clients.
const DATE: &str = "<date>";

/// Whether it has the form that dates of JavaScript have in JSON.
fn is_date(text: &str) -> bool {
    text.len() == 24 && text.as_bytes()[10] == b'T' && text.ends_with('Z')
}

fn anonymous(key: &str, value: Value) -> Value {
    match (key, value) {
        ("uid", _) => json!("<server>"),
        ("requestId", _) => json!("<request>"),
        // Longer here than in the recordings, where nobody was busy.
        ("timeout", Value::Number(ms)) if ms.as_u64() >= Some(100) => json!("<milliseconds>"),
        // What a client sends differs from library to library.
        ("handshake", Value::Object(members)) => members.keys().cloned().collect(),
        ("", Value::String(text)) if is_id(&text) => json!("<socket>"),
        ("", Value::String(text)) if is_date(&text) => json!(DATE),
        (_, Value::Object(members)) => {
            let members = members.into_iter();
            members
                .map(|(key, value)| {
                    let value = anonymous(&key, value);
                    (key, value)
                })
                .collect::<Map<_, _>>()
                .into()
        }
        (key, Value::Array(values)) => {
            let values = values.into_iter().map(|value| anonymous("", value));
            let mut values: Vec<_> = values.collect();
            // Sets.
            if matches!(key, "rooms" | "except" | "sockets") {
                values.sort_by_key(ToString::to_string);
            }
            values.into()
        }
        ("id", _) => json!("<socket>"),
        (_, other) => other,
    }
}

/// What MessagePack holds, its bytes as `{"bytes": ..}`.
struct Any(Value);

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyVisitor).map(Self)
    }
}

struct AnyVisitor;

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what JSON has, or bytes")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Value, E> {
        Ok(json!({ "bytes": value }))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    /// An extension: a date of JavaScript's.
    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Value, D::Error> {
        deserializer.deserialize_any(serde::de::IgnoredAny)?;
        Ok(json!(DATE))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Any(value)) = seq.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((key, Any(value))) = map.next_entry::<String, _>()? {
            members.insert(key, value);
        }
        Ok(members.into())
    }
}

pub(crate) fn base64(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<_> = text.trim_end_matches('=').bytes().map(digit).collect();
    let bytes = digits.chunks(4).flat_map(|group| {
        let bits = group
            .iter()
            .fold(0u32, |bits, digit| bits << 6 | u32::from(*digit));
        let bits = bits << (6 * (4 - group.len()));
        bits.to_be_bytes()
            .into_iter()
            .skip(1)
            .take(group.len() * 3 / 4)
    });
    bytes.collect()
}
