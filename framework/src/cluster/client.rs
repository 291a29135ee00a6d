//! What servers that are watched tell each other of a socket's connection: Node's admin page keeps it
//! in the socket's data, as `_admin`. Applications see none of it.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::shard::uplink::ClientElsewhere;

const KEY: &str = "_admin";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Client<'a> {
    #[serde(borrow)]
    client_id: Cow<'a, str>,
    #[serde(borrow)]
    transport: Cow<'a, str>,
    /// Data that is no object, which only nodes of roomcast have: it finds no other place.
    #[serde(
        borrow,
        default,
        deserialize_with = "any_value",
        skip_serializing_if = "Option::is_none"
    )]
    data: Option<&'a RawValue>,
}

/// Null is a value, too.
fn any_value<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(from).map(Some)
}

/// The data of a socket with what is told of its connection.
pub(super) fn put(data: &str, id: &str, transport: &str) -> String {
    let fields = data
        .strip_prefix('{')
        .and_then(|data| data.strip_suffix('}'));
    let client = Client {
        client_id: id.into(),
        transport: transport.into(),
        data: match fields {
            None => serde_json::from_str(data).ok(),
            Some(_) => None,
        },
    };
    // Texts and JSON always serialize.
    let client = serde_json::to_string(&client).unwrap_or_default();
    let fields = fields.map(str::trim).unwrap_or_default();
    let comma = if fields.is_empty() { "" } else { "," };
    // Last, as of several fields of one name the last counts.
    format!("{{{fields}{comma}\"{KEY}\":{client}}}")
}

/// Takes it out of the data of a foreign socket. What has the name only is the application's.
pub(super) fn take(data: Cow<'_, str>) -> (Cow<'_, str>, Option<ClientElsewhere>) {
    if !data.contains(KEY) {
        return (data, None);
    }
    let Ok(mut fields) = serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(&data) else {
        return (data, None);
    };
    let client = fields.remove(KEY);
    let client = client.and_then(|client| serde_json::from_str::<Client<'_>>(client.get()).ok());
    let Some(client) = client else {
        return (data, None);
    };
    let rest = serde_json::to_string(&fields);
    let told = ClientElsewhere {
        id: (&*client.client_id).into(),
        transport: (&*client.transport).into(),
    };
    let rest = client.data.map(|data| data.get().to_owned()).or(rest.ok());
    (rest.map_or_else(|| data.clone(), Cow::Owned), Some(told))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_is_put_in_is_taken_out_again() {
        for data in [
            "{}",
            r#"{"a":{"b":[1]},"c":"}"}"#,
            "7",
            "[1,2]",
            "null",
            r#""_admin""#,
        ] {
            let put = put(data, "9BN326Lc9hX2", "polling");
            let (rest, client) = take(put.into());
            assert_eq!(rest, data);
            let client = client.unwrap();
            assert_eq!(
                (&*client.id, &*client.transport),
                ("9BN326Lc9hX2", "polling")
            );
        }
    }

    #[test]
    fn node_finds_it_where_it_looks() {
        let put = put(r#"{"count":1}"#, "9BN326Lc9hX2", "websocket");
        let expected =
            r#"{"count":1,"_admin":{"clientId":"9BN326Lc9hX2","transport":"websocket"}}"#;
        assert_eq!(put, expected);
    }

    #[test]
    fn data_of_others_is_what_it_is() {
        for data in [
            "{}",
            r#"{"a":"_admin"}"#,
            "_admin",
            r#"{"_admin""#,
            r#"{"a":1,"_admin":7}"#,
            r#"{"_admin":{"clientId":"x"}}"#,
        ] {
            assert_eq!(take(data.into()), (data.into(), None));
        }
    }
}
