//! The value that applications put into events to send and receive bytes.

use super::attachments;
use bytes::Bytes;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt;
use std::ops::Deref;

/// Bytes in an event or an answer, sent as a binary attachment instead of as JSON.
///
/// It may stand anywhere in the value, also more than once. JavaScript clients see a `Buffer` or an
/// `ArrayBuffer`, and send one, a typed array, a `Blob` or a `File`. Cloning shares the bytes.
///
/// ```
/// use roomcast::Binary;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Upload {
///     name: String,
///     content: Binary,
/// }
///
/// let upload = Upload {
///     name: "hello.txt".into(),
///     content: Binary::from("hello".as_bytes()),
/// };
/// assert_eq!(upload.content.len(), 5);
/// ```
///
/// Outside of events it serializes as serde's bytes, which in JSON are an array of numbers, and
/// deserializes from bytes or from a sequence of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Binary(pub Bytes);

impl Deref for Binary {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Binary {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Bytes> for Binary {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl From<Vec<u8>> for Binary {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

/// Copies the bytes; [`Bytes::from_static`] spares that for constants.
impl From<&[u8]> for Binary {
    fn from(bytes: &[u8]) -> Self {
        Self(Bytes::copy_from_slice(bytes))
    }
}

impl From<Binary> for Bytes {
    fn from(binary: Binary) -> Self {
        binary.0
    }
}

impl Serialize for Binary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(num) = attachments::push(&self.0) else {
            return serializer.serialize_bytes(&self.0);
        };
        let mut placeholder = serializer.serialize_map(Some(2))?;
        placeholder.serialize_entry("_placeholder", &true)?;
        placeholder.serialize_entry("num", &num)?;
        placeholder.end()
    }
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            // Asking JSON for bytes would also turn a string into bytes.
            deserializer.deserialize_any(BinaryVisitor)
        } else {
            deserializer.deserialize_byte_buf(BinaryVisitor)
        }
    }
}

struct BinaryVisitor;

impl<'de> Visitor<'de> for BinaryVisitor {
    type Value = Binary;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("binary data")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Binary, E> {
        Ok(Binary::from(bytes))
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Binary, E> {
        Ok(Binary::from(bytes))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Binary, A::Error> {
        // Grows by what arrives: the length that a sequence announces is the peer's word.
        let mut bytes = Vec::new();
        while let Some(byte) = numbers.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Binary, A::Error> {
        let placeholder = Placeholder::deserialize(MapAccessDeserializer::new(map))?;
        Some(placeholder)
            .filter(|placeholder| placeholder.marker)
            .and_then(|placeholder| attachments::get(placeholder.num))
            .map(Binary)
            .ok_or_else(|| A::Error::custom("placeholder without an attachment"))
    }
}

#[derive(serde::Deserialize)]
struct Placeholder {
    #[serde(rename = "_placeholder")]
    marker: bool,
    num: f64,
}
