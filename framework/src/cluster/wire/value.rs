//! One value of a message, read no further than asked.

use std::{borrow::Cow, fmt};

use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::{Data, MAX_VALUE_BYTES, WireError};
use crate::protocol::socket_io::{
    msgpack::{Input, Json, Token},
    plaintext,
};

/// A value in either form, whole and with nothing behind it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Json(&'a RawValue),
    Msgpack(&'a [u8]),
}

/// The members of an object, in their order.
pub(super) struct Object<'a>(SmallVec<[(Cow<'a, str>, Value<'a>); 6]>);

/// What 2^53 is to JavaScript: it counts no further exactly.
const MAX_SAFE: f64 = 9_007_199_254_740_992.0;

impl<'a> Value<'a> {
    pub(super) fn json(payload: &'a [u8]) -> Result<Self, WireError> {
        Ok(Self::Json(serde_json::from_str(text(payload)?)?))
    }

    pub(super) fn msgpack(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut input = Input::with_timestamps(payload);
        let value = input.value()?;
        input.end()?;
        Ok(Self::Msgpack(value))
    }

    pub(super) fn object(self) -> Result<Object<'a>, WireError> {
        match self {
            Self::Json(json) => json_object(json.get()),
            Self::Msgpack(bytes) => msgpack_object(bytes),
        }
    }

    pub(super) fn list(self) -> Result<SmallVec<[Self; 3]>, WireError> {
        match self {
            Self::Json(json) => {
                Ok(serde_json::Deserializer::from_str(json.get()).deserialize_seq(Elements)?)
            }
            Self::Msgpack(bytes) => msgpack_list(bytes),
        }
    }

    /// A text, or a number as one: rooms in JavaScript may be numbers.
    pub(super) fn text(self) -> Result<Cow<'a, str>, WireError> {
        const TEXT: WireError = WireError::Expected("text");
        match self {
            Self::Json(json) => match json.get().as_bytes() {
                [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => {
                    let text = json.get().get(1..=inner.len());
                    text.map(Cow::Borrowed).ok_or(TEXT)
                }
                [b'"', ..] => Ok(Cow::Owned(serde_json::from_str(json.get())?)),
                [b'-' | b'0'..=b'9', ..] => Ok(Cow::Borrowed(json.get())),
                _ => Err(TEXT),
            },
            Self::Msgpack(_) => match self.token()? {
                Token::Str(text) => Ok(String::from_utf8_lossy(text)),
                Token::Uint(number) => Ok(Cow::Owned(number.to_string())),
                Token::Int(number) => Ok(Cow::Owned(number.to_string())),
                Token::Float(number) => Ok(Cow::Owned(number.to_string())),
                _ => Err(TEXT),
            },
        }
    }

    /// A number that is not negative, without its fraction.
    pub(super) fn number(self) -> Result<u64, WireError> {
        const NUMBER: WireError = WireError::Expected("a number");
        let float = match self {
            Self::Json(json) => match json.get().parse() {
                Ok(number) => return Ok(number),
                Err(_) => serde_json::from_str(json.get()).map_err(|_| NUMBER)?,
            },
            Self::Msgpack(_) => match self.token()? {
                Token::Uint(number) => return Ok(number),
                Token::Float(float) => float,
                _ => return Err(NUMBER),
            },
        };
        match (0.0..=MAX_SAFE).contains(&float) {
            true => Ok(float as u64),
            false => Err(NUMBER),
        }
    }

    pub(super) fn flag(self) -> Result<bool, WireError> {
        let flag = match self {
            Self::Json(json) => serde_json::from_str(json.get()).ok(),
            Self::Msgpack(_) => match self.token()? {
                Token::Bool(flag) => Some(flag),
                _ => None,
            },
        };
        flag.ok_or(WireError::Expected("a boolean"))
    }

    /// An application's value, whatever it is.
    pub(super) fn data(self) -> Result<Data<'a>, WireError> {
        match self {
            Self::Json(json) => Ok(Data::json(json.get())),
            Self::Msgpack(bytes) => {
                let mut input = Input::with_timestamps(bytes);
                let first = input.token()?;
                let Json { text, attachments } = Json::read(first, &mut input, MAX_VALUE_BYTES)?;
                Ok(Data {
                    json: Cow::Owned(text),
                    attachments,
                })
            }
        }
    }

    /// An application's value as text alone.
    pub(super) fn plaintext(self) -> Result<Cow<'a, str>, WireError> {
        let Data { json, attachments } = self.data()?;
        if attachments.is_empty() {
            return Ok(json);
        }
        let mut out = Vec::new();
        plaintext(&json, &attachments, &mut out);
        let text = String::from_utf8(out).map_err(|_| WireError::Utf8)?;
        Ok(Cow::Owned(text))
    }

    pub(super) fn is_object(self) -> bool {
        match self {
            Self::Json(json) => json.get().starts_with('{'),
            Self::Msgpack(_) => matches!(self.token(), Ok(Token::Map(_))),
        }
    }

    pub(super) fn is_list(self) -> bool {
        match self {
            Self::Json(json) => json.get().starts_with('['),
            Self::Msgpack(_) => matches!(self.token(), Ok(Token::Array(_))),
        }
    }

    /// JavaScript's `null` or `undefined`.
    pub(super) fn is_nothing(self) -> bool {
        match self {
            Self::Json(json) => json.get() == "null",
            Self::Msgpack(_) => matches!(self.token(), Ok(Token::Nil | Token::Undefined)),
        }
    }

    fn is_undefined(self) -> bool {
        match self {
            Self::Json(_) => false,
            Self::Msgpack(_) => matches!(self.token(), Ok(Token::Undefined)),
        }
    }

    /// The first token of MessagePack.
    fn token(self) -> Result<Token<'a>, WireError> {
        match self {
            Self::Json(_) => Err(WireError::Expected("MessagePack")),
            Self::Msgpack(bytes) => Ok(Input::with_timestamps(bytes).token()?),
        }
    }
}

impl<'a> Object<'a> {
    /// A payload: JSON if it is an object in JSON, MessagePack otherwise. JSON is gone through once.
    pub(super) fn read(payload: &'a [u8]) -> Result<Self, WireError> {
        match payload.first() {
            Some(b'{') => json_object(text(payload)?),
            _ => Value::msgpack(payload)?.object(),
        }
    }

    /// A member, whatever its value; of those with one name the last, as in JavaScript.
    pub(super) fn any(&self, key: &str) -> Option<Value<'a>> {
        let member = self.0.iter().rfind(|(name, _)| name == key);
        member
            .map(|(_, value)| *value)
            .filter(|value| !value.is_undefined())
    }

    /// A member that is something.
    pub(super) fn get(&self, key: &str) -> Option<Value<'a>> {
        self.any(key).filter(|value| !value.is_nothing())
    }

    pub(super) fn need(&self, key: &'static str) -> Result<Value<'a>, WireError> {
        self.get(key).ok_or(WireError::Missing(key))
    }

    pub(super) fn optional_text(&self, key: &str) -> Result<Option<Cow<'a, str>>, WireError> {
        self.get(key).map(Value::text).transpose()
    }
}

fn text(payload: &[u8]) -> Result<&str, WireError> {
    std::str::from_utf8(payload).map_err(|_| WireError::Utf8)
}

fn json_object(text: &str) -> Result<Object<'_>, WireError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let members = json.deserialize_map(Members)?;
    json.end()?;
    Ok(Object(members))
}

fn msgpack_object(bytes: &[u8]) -> Result<Object<'_>, WireError> {
    let mut input = Input::with_timestamps(bytes);
    let Token::Map(members) = input.token()? else {
        return Err(WireError::Expected("an object"));
    };
    let mut object = SmallVec::new();
    for _ in 0..members {
        let Token::Str(key) = input.token()? else {
            return Err(WireError::Expected("a text as a key"));
        };
        object.push((String::from_utf8_lossy(key), Value::Msgpack(input.value()?)));
    }
    Ok(Object(object))
}

fn msgpack_list(bytes: &[u8]) -> Result<SmallVec<[Value<'_>; 3]>, WireError> {
    let mut input = Input::with_timestamps(bytes);
    let Token::Array(elements) = input.token()? else {
        return Err(WireError::Expected("a list"));
    };
    let mut list = SmallVec::new();
    for _ in 0..elements {
        list.push(Value::Msgpack(input.value()?));
    }
    Ok(list)
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = SmallVec<[(Cow<'de, str>, Value<'de>); 6]>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = SmallVec::new();
        while let Some(Key(key)) = map.next_key()? {
            members.push((key, Value::Json(map.next_value()?)));
        }
        Ok(members)
    }
}

/// Borrowed unless it is escaped.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

struct Elements;

impl<'de> Visitor<'de> for Elements {
    type Value = SmallVec<[Value<'de>; 3]>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = SmallVec::new();
        while let Some(element) = list.next_element()? {
            elements.push(Value::Json(element));
        }
        Ok(elements)
    }
}
