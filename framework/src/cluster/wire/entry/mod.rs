//! The entries of `@socket.io/redis-streams-adapter` 0.2 and 0.3: the fields `uid`, `nsp`, `type` and
//! `data`, of which the last is the text of a JSON object or base64 of MessagePack. And what else
//! that adapter keeps in Redis.

mod session;
mod stream;

pub(crate) use session::SessionRecord;
pub(crate) use stream::stream_name;

use std::borrow::Cow;

use super::{
    Message, WireError,
    layer::{Content, has_binary, kind, read_body, write_body},
    value::Value,
    write::{Form, Writer},
};
use crate::protocol::engine_io::base64;

/// The fields `type` and `data` of an entry that is to be added, behind `uid` and `nsp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) kind: u8,
    pub(crate) data: Vec<u8>,
}

impl Fields {
    /// With `only_plaintext`, binary is written as `JSON.stringify` writes a `Buffer`.
    ///
    /// # Errors
    /// If these adapters have no such message, or it is too long.
    pub(crate) fn encode(message: &Message<'_>, only_plaintext: bool) -> Result<Self, WireError> {
        let form = match has_binary(message) && !only_plaintext {
            true => Form::Msgpack,
            false => Form::Json,
        };
        let mut out = Writer::new(form);
        write_body(&mut out, message)?;
        let mut data = out.into_bytes();
        if form == Form::Msgpack {
            let bytes = std::mem::take(&mut data);
            base64::encode(&bytes, &mut data);
        }
        Ok(Self {
            kind: kind(message)?,
            data,
        })
    }
}

/// An entry of which only the sender and the namespace have been read.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) uid: Cow<'a, str>,
    pub(crate) nsp: Cow<'a, str>,
    kind: u64,
    data: Payload<'a>,
}

#[derive(Debug)]
enum Payload<'a> {
    None,
    Json(&'a [u8]),
    Msgpack(Vec<u8>),
}

impl<'a> Entry<'a> {
    /// `None` if the entry has no namespace: it is not a node's.
    ///
    /// # Errors
    /// If there is no sender or type.
    pub(crate) fn read(
        fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Result<Option<Self>, WireError> {
        let (mut uid, mut nsp, mut kind, mut data) = (None, None, None, None);
        for (name, value) in fields {
            match name {
                b"uid" => uid = Some(String::from_utf8_lossy(value)),
                b"nsp" => nsp = Some(String::from_utf8_lossy(value)),
                b"type" => kind = Some(value),
                b"data" => data = Some(value),
                _ => {}
            }
        }
        let Some(nsp) = nsp else {
            return Ok(None);
        };
        let kind = kind.ok_or(WireError::Missing("type"))?;
        let kind = std::str::from_utf8(kind)
            .ok()
            .and_then(|kind| kind.parse().ok());
        Ok(Some(Self {
            uid: uid.ok_or(WireError::Missing("uid"))?,
            nsp,
            kind: kind.ok_or(WireError::Expected("a number"))?,
            data: match data {
                None => Payload::None,
                Some(data) if data.starts_with(b"{") => Payload::Json(data),
                Some(data) => {
                    let text = std::str::from_utf8(data).map_err(|_| WireError::Utf8)?;
                    Payload::Msgpack(base64::decode(text))
                }
            },
        }))
    }

    /// # Errors
    /// If the type is unknown, or the data is missing or not what it should be.
    pub(crate) fn decode(&self) -> Result<Content<'_>, WireError> {
        let data = match &self.data {
            Payload::None => None,
            Payload::Json(text) => Some(Value::json(text)?),
            Payload::Msgpack(bytes) => Some(Value::msgpack(bytes)?),
        };
        read_body(self.kind, data)
    }
}
