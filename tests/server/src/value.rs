//! Values of any form, with binary anywhere in them, to send back what came.

use std::collections::BTreeMap;

use roomcast::Binary;
use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// The arguments of an event, however many.
pub(crate) type Values = Vec<Value>;

#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum Value {
    Plain(serde_json::Value),
    Binary(Binary),
    Array(Vec<Value>),
    Object(BTreeMap<String, Value>),
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = serde_json::Value::deserialize(deserializer)?;
        resolve(json).map_err(D::Error::custom)
    }
}

fn resolve(json: serde_json::Value) -> serde_json::Result<Value> {
    Ok(match json {
        serde_json::Value::Object(object) if object.contains_key("_placeholder") => {
            Value::Binary(serde_json::from_value(object.into())?)
        }
        serde_json::Value::Object(object) => {
            let members = object.into_iter();
            let members = members.map(|(key, value)| Ok((key, resolve(value)?)));
            Value::Object(members.collect::<serde_json::Result<_>>()?)
        }
        serde_json::Value::Array(elements) => {
            let elements = elements.into_iter().map(resolve);
            Value::Array(elements.collect::<serde_json::Result<_>>()?)
        }
        plain => Value::Plain(plain),
    })
}
