//! What is told to the pages, in their words.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{event_text::EventText, shown};
use crate::{
    error::EmitError,
    id::SocketId,
    protocol::date,
    room::Broadcast,
    shard::{
        monitor::notice::{Notice, What},
        node::Node,
    },
};

/// An event for the pages.
pub(super) struct Message {
    name: &'static str,
    array: String,
    attachments: Vec<Bytes>,
    /// Of a client or for one: of those that are left out nobody gets a wrong picture.
    pub(super) is_event: bool,
}

/// `{id, nsp, …}` with what has changed of a socket.
#[derive(Serialize)]
struct Updated<'a> {
    id: SocketId,
    nsp: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    transport: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
}

/// All that there is to say about a notice, in its order; made while it is sent, since events can be
/// large, and for many.
pub(super) type Messages<'a> = Box<dyn Iterator<Item = Message> + 'a>;

pub(super) fn messages<'a>(node: &'a Node, notice: &'a Notice) -> Messages<'a> {
    let nsp = &*notice.namespace;
    let at = timestamp(notice.at);
    let room = |name, id: SocketId, room: &str| message(name, &(name, nsp, room, id, &at));
    let one = |message: Option<Message>| -> Messages<'_> { Box::new(message.into_iter()) };
    match &notice.what {
        What::Connected(socket) => {
            let id = socket.id;
            let shown = shown::found(nsp, socket);
            let connected = shown.and_then(|shown| {
                let name = "socket_connected";
                message(name, &(name, shown, &at))
            });
            let own = room("room_joined", id, id.as_str());
            let rooms = socket.rooms.iter();
            let rooms: Vec<_> = rooms.map(|name| room("room_joined", id, name)).collect();
            Box::new([own, connected].into_iter().chain(rooms).flatten())
        }
        What::Upgraded(id) => one(updated(nsp, *id, Some("websocket"), None)),
        What::Data(id, data) => {
            let data = serde_json::from_str(data).ok();
            one(data.and_then(|data| updated(nsp, *id, None, Some(data))))
        }
        What::Joined(id, name) => one(room("room_joined", *id, name)),
        What::Left(id, name) => one(room("room_left", *id, name)),
        What::Disconnected(id, reason, rooms) => {
            let name = "socket_disconnected";
            let gone = message(name, &(name, nsp, id, reason.as_str(), &at));
            let own = room("room_left", *id, id.as_str());
            let rooms: Vec<_> = rooms
                .iter()
                .map(|name| room("room_left", *id, name))
                .collect();
            Box::new([gone, own].into_iter().chain(rooms).flatten())
        }
        What::Received(id, event) => one(EventText::received(event)
            .and_then(|event| event_message("event_received", nsp, *id, &event, &at))),
        What::Sent(receivers, frame) => match EventText::sent(node, frame) {
            None => Box::new(std::iter::empty()),
            Some(event) => Box::new(
                receivers
                    .iter()
                    .filter_map(move |id| event_message("event_sent", nsp, *id, &event, &at)),
            ),
        },
    }
}

fn message<T: Serialize>(name: &'static str, array: &T) -> Option<Message> {
    Some(Message {
        name,
        array: serde_json::to_string(array).ok()?,
        attachments: Vec::new(),
        is_event: false,
    })
}

fn updated(
    nsp: &str,
    id: SocketId,
    transport: Option<&'static str>,
    data: Option<&RawValue>,
) -> Option<Message> {
    let name = "socket_updated";
    let updated = Updated {
        id,
        nsp,
        transport,
        data,
    };
    message(name, &(name, updated))
}

fn event_message(
    name: &'static str,
    nsp: &str,
    id: SocketId,
    event: &EventText,
    at: &str,
) -> Option<Message> {
    let told = message(name, &(name, nsp, id, &event.array, at))?;
    Some(Message {
        attachments: event.attachments.clone(),
        is_event: true,
        ..told
    })
}

/// As JavaScript writes a date.
pub(super) fn timestamp(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let ms = i64::try_from(since.as_millis()).ok();
    ms.and_then(date::iso).unwrap_or_default()
}

impl Message {
    /// In bytes, without attachments.
    pub(super) fn len(&self) -> usize {
        self.array.len()
    }

    pub(super) fn send(&self, pages: &Broadcast<'_>) -> Result<(), EmitError> {
        pages.emit_array(self.name, &self.array, &self.attachments)
    }
}
