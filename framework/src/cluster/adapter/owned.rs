//! Messages that outlive what they were read from.

use std::borrow::Cow;

use super::{Data, Message, Options, SocketDetails};

fn text(text: &str) -> Cow<'static, str> {
    Cow::Owned(text.to_owned())
}

fn names(names: &[Cow<'_, str>]) -> Vec<Cow<'static, str>> {
    names.iter().map(|name| text(name)).collect()
}

impl Data<'_> {
    /// A copy of its own.
    #[must_use]
    pub fn to_owned(&self) -> Data<'static> {
        Data {
            json: text(&self.json),
            attachments: self.attachments.clone(),
        }
    }
}

impl Options<'_> {
    /// A copy of its own.
    #[must_use]
    pub fn to_owned(&self) -> Options<'static> {
        Options {
            rooms: names(&self.rooms),
            except: names(&self.except),
            flags: self.flags,
        }
    }
}

impl SocketDetails<'_> {
    /// A copy of its own.
    #[must_use]
    pub fn to_owned(&self) -> SocketDetails<'static> {
        SocketDetails {
            id: text(&self.id),
            handshake: text(&self.handshake),
            rooms: names(&self.rooms),
            data: self.data.to_owned(),
        }
    }
}

impl Message<'_> {
    /// A copy of its own.
    #[must_use]
    pub fn to_owned(&self) -> Message<'static> {
        match self {
            Self::Broadcast {
                data,
                options,
                request,
            } => Message::Broadcast {
                data: data.to_owned(),
                options: options.to_owned(),
                request: request.as_deref().map(text),
            },
            Self::Join { options, rooms } => Message::Join {
                options: options.to_owned(),
                rooms: names(rooms),
            },
            Self::Leave { options, rooms } => Message::Leave {
                options: options.to_owned(),
                rooms: names(rooms),
            },
            Self::Disconnect { options, close } => Message::Disconnect {
                options: options.to_owned(),
                close: *close,
            },
            Self::FetchSockets { options, request } => Message::FetchSockets {
                options: options.to_owned(),
                request: text(request),
            },
            Self::Sockets { request, sockets } => Message::Sockets {
                request: text(request),
                sockets: sockets.iter().map(SocketDetails::to_owned).collect(),
            },
            Self::ServerSideEmit { data, request } => Message::ServerSideEmit {
                data: data.to_owned(),
                request: request.as_deref().map(text),
            },
            Self::ServerSideAck { request, value } => Message::ServerSideAck {
                request: text(request),
                value: value.as_ref().map(Data::to_owned),
            },
            Self::ClientCount { request, count } => Message::ClientCount {
                request: text(request),
                count: *count,
            },
            Self::ClientAck { request, value } => Message::ClientAck {
                request: text(request),
                value: value.as_ref().map(Data::to_owned),
            },
            Self::AllRooms { request } => Message::AllRooms {
                request: text(request),
            },
            Self::Rooms { request, rooms } => Message::Rooms {
                request: text(request),
                rooms: names(rooms),
            },
        }
    }
}
