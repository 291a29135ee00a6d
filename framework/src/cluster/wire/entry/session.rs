use std::borrow::Cow;

use super::super::{
    Data, WireError,
    options::{texts, write_texts},
    value::Value,
    write::{Form, Writer},
};
use crate::protocol::engine_io::base64;

/// What is kept of a socket whose client may come back, on whatever node: base64 of MessagePack.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SessionRecord<'a> {
    pub(crate) sid: Cow<'a, str>,
    pub(crate) pid: Cow<'a, str>,
    pub(crate) rooms: Vec<Cow<'a, str>>,
    /// The socket's data, one JSON value.
    pub(crate) data: Data<'a>,
    /// What only our nodes tell each other; others pass it over.
    pub(crate) note: Option<Cow<'a, str>>,
}

impl SessionRecord<'_> {
    /// # Errors
    /// If it is too long.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, WireError> {
        let mut out = Writer::new(Form::Msgpack);
        out.object(4 + usize::from(self.note.is_some()), |out| {
            out.key("sid")?;
            out.text(&self.sid)?;
            out.key("pid")?;
            out.text(&self.pid)?;
            write_texts(out, "rooms", &self.rooms)?;
            out.key("data")?;
            out.data(&self.data)?;
            match &self.note {
                Some(note) => {
                    out.key("roomcast")?;
                    out.text(note)
                }
                None => Ok(()),
            }
        })?;
        let mut text = Vec::new();
        base64::encode(&out.into_bytes(), &mut text);
        Ok(text)
    }
}

impl SessionRecord<'static> {
    /// # Errors
    /// If a member is missing or not what it should be.
    pub(crate) fn decode(text: &[u8]) -> Result<Self, WireError> {
        let text = std::str::from_utf8(text).map_err(|_| WireError::Utf8)?;
        let bytes = base64::decode(text);
        let members = Value::msgpack(&bytes)?.object()?;
        let data = match members.any("data") {
            Some(data) => data.data()?,
            None => Data::json("null"),
        };
        Ok(Self {
            sid: owned(members.need("sid")?.text()?),
            pid: owned(members.need("pid")?.text()?),
            rooms: texts(members.get("rooms"))?
                .into_iter()
                .map(owned)
                .collect(),
            data: Data {
                json: owned(data.json),
                attachments: data.attachments,
            },
            note: members.optional_text("roomcast")?.map(owned),
        })
    }
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}
