//! A socket in the page's words.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::{room::RemoteSocket, shard::command::Found};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    id: &'a str,
    client_id: &'a str,
    transport: &'a str,
    nsp: &'a str,
    data: &'a RawValue,
    handshake: Opened<'a>,
    rooms: Vec<&'a str>,
}

/// What the page is shown of Socket.IO's handshake, which has what the client proves itself with as
/// well.
#[derive(Default, Serialize, Deserialize)]
struct Opened<'a> {
    #[serde(borrow, default)]
    address: Option<&'a RawValue>,
    #[serde(borrow, default)]
    headers: Option<Headers<'a>>,
    #[serde(borrow, default)]
    query: Option<&'a RawValue>,
    #[serde(borrow, default)]
    issued: Option<&'a RawValue>,
    #[serde(borrow, default)]
    secure: Option<&'a RawValue>,
    #[serde(borrow, default)]
    time: Option<&'a RawValue>,
    #[serde(borrow, default)]
    url: Option<&'a RawValue>,
    #[serde(borrow, default)]
    xdomain: Option<&'a RawValue>,
}

/// In lower case: what clients prove themselves with. Whoever looks at the page is not to be any of
/// its users.
const SECRET: [&str; 12] = [
    "authorization",
    "cf-access-jwt-assertion",
    "cookie",
    "proxy-authorization",
    "x-access-token",
    "x-amzn-oidc-accesstoken",
    "x-amzn-oidc-data",
    "x-api-key",
    "x-auth-token",
    "x-csrf-token",
    "x-forwarded-access-token",
    "x-xsrf-token",
];

/// The headers of a handshake, without the secrets in them.
#[derive(Serialize)]
struct Headers<'a>(BTreeMap<Cow<'a, str>, Header<'a>>);

#[derive(Serialize)]
#[serde(untagged)]
enum Header<'a> {
    Shown(&'a RawValue),
    Hidden(&'static str),
}

impl<'de: 'a, 'a> Deserialize<'de> for Headers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all = BTreeMap::<Cow<'_, str>, &'de RawValue>::deserialize(deserializer)?;
        let shown = all.into_iter().map(|(name, value)| {
            let is_secret = SECRET.contains(&&*name.to_ascii_lowercase());
            let value = match is_secret {
                true => Header::Hidden("…"),
                false => Header::Shown(value),
            };
            (name, value)
        });
        Ok(Self(shown.collect()))
    }
}

/// A socket that has just come, in no room but its own.
pub(super) fn found(nsp: &str, found: &Found) -> Option<Box<RawValue>> {
    let handshake = found.handshake.json();
    let data = found.data.as_ref().map(|data| data.as_str());
    to_raw_value(&Shown {
        id: found.id.as_str(),
        client_id: found.client.as_str(),
        transport: found.transport(),
        nsp,
        data: serde_json::from_str(data.unwrap_or("{}")).ok()?,
        handshake: serde_json::from_str(&handshake).unwrap_or_default(),
        rooms: vec![found.id.as_str()],
    })
    .ok()
}

/// A socket of any node.
pub(super) fn fetched(nsp: &str, socket: &RemoteSocket) -> Option<Box<RawValue>> {
    let handshake = socket.handshake_json();
    let id = socket.id();
    let (client_id, transport) = socket.client().unwrap_or_default();
    to_raw_value(&Shown {
        id: id.as_str(),
        client_id,
        transport,
        nsp,
        data: serde_json::from_str(socket.json().unwrap_or("{}")).ok()?,
        handshake: serde_json::from_str(&handshake).unwrap_or_default(),
        rooms: [id.as_str()].into_iter().chain(socket.rooms()).collect(),
    })
    .ok()
}
