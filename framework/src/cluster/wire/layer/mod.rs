//! The messages of `socket.io-adapter` 2.5's cluster adapter, in an envelope with their type, sender
//! and namespace. The sharded adapter writes JSON where it can, the streams adapter's channels are
//! MessagePack throughout; either is read.

mod body;
mod kind;

pub(super) use body::{read_body, write_body};
pub(crate) use kind::kind;

use std::borrow::Cow;

use super::{
    Message, WireError,
    value::{Object, Value},
    write::{Form, Writer},
};

/// What a message of the cluster adapter says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content<'a> {
    Message {
        message: Message<'a>,
        /// The id of an event that one socket is to answer. Only told by nodes with recovery, whose
        /// clients get no offset with such an event.
        packet_id: Option<u64>,
    },
    /// A node has begun, and wants to hear of the others. Before version 0.3 of the streams adapter
    /// only, as the next two.
    InitialHeartbeat,
    /// A node is alive.
    Heartbeat,
    /// A node leaves.
    Close,
}

/// How a message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// JSON, unless it holds binary.
    Smallest,
    Msgpack,
}

/// A message of which only the sender and the namespace have been read.
pub(crate) struct Envelope<'a> {
    pub(crate) uid: Cow<'a, str>,
    pub(crate) nsp: Cow<'a, str>,
    kind: u64,
    data: Option<Value<'a>>,
}

impl<'a> Envelope<'a> {
    /// # Errors
    /// If the payload is no object with type, sender and namespace.
    pub(crate) fn read(payload: &'a [u8]) -> Result<Self, WireError> {
        let members = Object::read(payload)?;
        Ok(Self {
            uid: members.need("uid")?.text()?,
            nsp: members.need("nsp")?.text()?,
            kind: members.need("type")?.number()?,
            data: members.get("data"),
        })
    }

    /// # Errors
    /// If the type is unknown, or a member is missing or not what it should be.
    pub(crate) fn decode(self) -> Result<Content<'a>, WireError> {
        read_body(self.kind, self.data)
    }
}

/// The payload of a message.
///
/// # Errors
/// If these adapters have no such message, or it is too long.
pub(crate) fn encode(
    uid: &str,
    nsp: &str,
    message: &Message<'_>,
    encoding: Encoding,
) -> Result<Vec<u8>, WireError> {
    let kind = kind(message)?;
    let mut out = Writer::new(match encoding {
        Encoding::Smallest if !has_binary(message) => Form::Json,
        Encoding::Smallest | Encoding::Msgpack => Form::Msgpack,
    });
    out.object(4, |out| {
        out.key("type")?;
        out.number(kind.into())?;
        out.key("data")?;
        write_body(out, message)?;
        out.key("uid")?;
        out.text(uid)?;
        out.key("nsp")?;
        out.text(nsp)
    })?;
    Ok(out.into_bytes())
}

/// Whether it holds bytes that JSON cannot.
pub(crate) fn has_binary(message: &Message<'_>) -> bool {
    match message {
        Message::Broadcast { data, .. } | Message::ServerSideEmit { data, .. } => {
            !data.attachments.is_empty()
        }
        Message::ServerSideAck { value, .. } | Message::ClientAck { value, .. } => value
            .as_ref()
            .is_some_and(|value| !value.attachments.is_empty()),
        Message::Sockets { sockets, .. } => sockets
            .iter()
            .any(|socket| !socket.data.attachments.is_empty()),
        _ => false,
    }
}
