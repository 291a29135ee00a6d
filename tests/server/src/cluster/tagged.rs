//! Values that JSON cannot hold, in requests and answers: `{"$binary":[bytes]}`, `{"$date":ISO}`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::json;

use crate::value::Value;

#[derive(Debug)]
pub(super) struct Tagged(pub(super) Value);

impl<'de> Deserialize<'de> for Tagged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = serde_json::Value::deserialize(deserializer)?;
        untag(json).map(Self).map_err(D::Error::custom)
    }
}

impl Serialize for Tagged {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        tag(&self.0).serialize(serializer)
    }
}

/// The arguments themselves.
pub(super) fn untagged(args: &[Tagged]) -> Vec<&Value> {
    args.iter().map(|Tagged(value)| value).collect()
}

fn untag(json: serde_json::Value) -> serde_json::Result<Value> {
    Ok(match json {
        serde_json::Value::Object(mut object) => {
            if let Some(bytes) = object.remove("$binary") {
                return Ok(Value::Binary(
                    serde_json::from_value::<Vec<u8>>(bytes)?.into(),
                ));
            }
            if let Some(date) = object.remove("$date") {
                return Ok(Value::Plain(date));
            }
            let members = object.into_iter();
            let members = members.map(|(key, value)| Ok((key, untag(value)?)));
            Value::Object(members.collect::<serde_json::Result<_>>()?)
        }
        serde_json::Value::Array(elements) => {
            let elements = elements.into_iter().map(untag);
            Value::Array(elements.collect::<serde_json::Result<_>>()?)
        }
        plain => Value::Plain(plain),
    })
}

fn tag(value: &Value) -> serde_json::Value {
    match value {
        Value::Plain(plain) => plain.clone(),
        Value::Binary(bytes) => json!({ "$binary": bytes.as_ref() }),
        Value::Array(elements) => elements.iter().map(tag).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), tag(value)))
            .collect(),
    }
}
