//! A JSON value as the fixtures tag it: ordered, with binary values, and with numbers and lone
//! surrogates as they are written.

use crate::protocol::engine_io::Packet;
use crate::protocol::socket_io::Binary;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;

pub(in super::super) enum Tree {
    /// Numbers, literals and strings that Rust cannot hold.
    Raw(Box<RawValue>),
    Text(String),
    Binary(Binary),
    Array(Vec<Tree>),
    Object(Members),
}

pub(in super::super) struct Members(Vec<(String, Tree)>);

impl Tree {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn elements(&self) -> &[Tree] {
        match self {
            Self::Array(elements) => elements,
            _ => &[],
        }
    }

    pub(super) fn member(&self, key: &str) -> Option<&Tree> {
        match self {
            Self::Object(Members(members)) => {
                members.iter().find(|(k, _)| k == key).map(|(_, v)| v)
            }
            _ => None,
        }
    }

    /// What a tag of the fixtures stands for.
    fn untag(members: Members) -> Self {
        match members.0.as_slice() {
            [(tag, Self::Text(base64))] if tag == "$binary" => {
                Self::Binary(Binary::from(bytes(base64)))
            }
            [(tag, Self::Text(iso))] if tag == "$date" => Self::Text(iso.clone()),
            // What `JSON.stringify` makes of undefined, NaN and the infinities.
            [(tag, _)] if tag == "$undefined" || tag == "$number" => {
                Self::Raw(RawValue::NULL.to_owned())
            }
            _ => Self::Object(members),
        }
    }
}

pub(in super::super) fn bytes(base64: &str) -> Vec<u8> {
    match Packet::decode(&format!("b{base64}")) {
        Ok(Packet::Binary(bytes)) => bytes.into_owned(),
        other => panic!("not binary: {other:?}"),
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let json = raw.get();
        match json.as_bytes().first() {
            Some(b'[') => serde_json::from_str(json).map(Self::Array),
            Some(b'{') => serde_json::from_str(json).map(Self::untag),
            Some(b'"') => Ok(serde_json::from_str(json).map_or(Self::Raw(raw), Self::Text)),
            _ => Ok(Self::Raw(raw)),
        }
        .map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Raw(raw) => raw.serialize(serializer),
            Self::Text(text) => text.serialize(serializer),
            Self::Binary(binary) => binary.serialize(serializer),
            Self::Array(elements) => elements.serialize(serializer),
            Self::Object(Members(members)) => {
                serializer.collect_map(members.iter().map(|(key, value)| (key, value)))
            }
        }
    }
}
