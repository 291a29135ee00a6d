use std::borrow::Cow;

use super::{
    super::{
        Message, Options, WireError,
        answers::{list_data, read_sockets},
        options::{read_options, rooms, texts},
        packet::read_packet,
        value::{Object, Value},
    },
    ALL_ROOMS, BROADCAST, BROADCAST_ACK, BROADCAST_CLIENT_COUNT, IDS_ONLY, REMOTE_DISCONNECT,
    REMOTE_FETCH, REMOTE_JOIN, REMOTE_LEAVE, SERVER_SIDE_EMIT, SOCKETS,
};

/// A broadcast of which only the sender has been read. Whether anyone here is in its room, the
/// channel has told before.
pub(crate) struct Broadcast<'a> {
    /// `None` if the sender tells none.
    pub(crate) uid: Option<Cow<'a, str>>,
    packet: Value<'a>,
    options: Option<Value<'a>>,
}

impl<'a> Broadcast<'a> {
    /// # Errors
    /// If the payload is not a list in MessagePack, or ends before its packet.
    pub(crate) fn read(payload: &'a [u8]) -> Result<Self, WireError> {
        let parts = Value::msgpack(payload)?.list()?;
        Ok(Self {
            uid: sender(parts.first().copied())?,
            packet: *parts.get(1).ok_or(WireError::Missing("packet"))?,
            options: parts
                .get(2)
                .copied()
                .filter(|options| !options.is_nothing()),
        })
    }

    /// The message, and its namespace: channels of one may look like those of another.
    ///
    /// # Errors
    /// If the packet is no event, or the options are not what they should be.
    pub(crate) fn decode(self) -> Result<(Cow<'a, str>, Message<'a>), WireError> {
        let packet = read_packet(self.packet)?;
        let message = Message::Broadcast {
            data: packet.data,
            options: read_options(self.options)?,
            request: None,
        };
        Ok((packet.nsp.unwrap_or(Cow::Borrowed("/")), message))
    }
}

/// A request of which only the sender has been read.
pub(crate) struct Request<'a> {
    /// Who asks, and is answered on a channel of its own if this node's options say so; `None` if
    /// the sender tells none.
    pub(crate) uid: Option<Cow<'a, str>>,
    kind: u64,
    members: Object<'a>,
}

impl<'a> Request<'a> {
    /// # Errors
    /// If the payload is no object with a type.
    pub(crate) fn read(payload: &'a [u8]) -> Result<Self, WireError> {
        let members = Object::read(payload)?;
        Ok(Self {
            uid: sender(members.get("uid"))?,
            kind: members.need("type")?.number()?,
            members,
        })
    }

    /// What answers a request in the old form once it has been applied, here, to the one socket
    /// that it names.
    ///
    /// # Errors
    /// If the request's id is no text.
    pub(crate) fn confirmation(&self) -> Result<Option<Vec<u8>>, WireError> {
        #[derive(serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Confirmation<'a> {
            request_id: Cow<'a, str>,
        }
        let is_old = matches!(self.kind, REMOTE_JOIN | REMOTE_LEAVE | REMOTE_DISCONNECT)
            && self.members.get("opts").is_none();
        match self.members.optional_text("requestId")? {
            Some(request_id) if is_old => {
                Ok(Some(serde_json::to_vec(&Confirmation { request_id })?))
            }
            _ => Ok(None),
        }
    }

    /// # Errors
    /// If the type is unknown, or a member is missing or not what it should be.
    pub(crate) fn decode(self) -> Result<Message<'a>, WireError> {
        let members = &self.members;
        let request = || members.need("requestId")?.text();
        Ok(match self.kind {
            SOCKETS => Message::FetchSockets {
                options: Options {
                    rooms: rooms(members.get("rooms"))?,
                    ..Options::default()
                },
                request: Cow::Owned(format!("{IDS_ONLY}{}", request()?)),
            },
            ALL_ROOMS => Message::AllRooms {
                request: request()?,
            },
            REMOTE_JOIN => Message::Join {
                options: self.whom()?,
                rooms: self.rooms()?,
            },
            REMOTE_LEAVE => Message::Leave {
                options: self.whom()?,
                rooms: self.rooms()?,
            },
            REMOTE_DISCONNECT => Message::Disconnect {
                options: self.whom()?,
                close: members.get("close").map_or(Ok(false), Value::flag)?,
            },
            REMOTE_FETCH => Message::FetchSockets {
                options: read_options(members.get("opts"))?,
                request: request()?,
            },
            SERVER_SIDE_EMIT => Message::ServerSideEmit {
                data: list_data(members.need("data")?)?,
                request: members.optional_text("requestId")?,
            },
            BROADCAST => Message::Broadcast {
                data: read_packet(members.need("packet")?)?.data,
                options: read_options(members.get("opts"))?,
                request: Some(request()?),
            },
            other => return Err(WireError::UnknownType(other)),
        })
    }

    /// The sockets to act on: in the old form one, by its id. Without either it would be everyone.
    fn whom(&self) -> Result<Options<'a>, WireError> {
        match self.members.get("opts") {
            Some(options) => read_options(Some(options)),
            None => Ok(Options {
                rooms: vec![self.members.need("sid")?.text()?],
                ..Options::default()
            }),
        }
    }

    /// In the old form there is one.
    fn rooms(&self) -> Result<Vec<Cow<'a, str>>, WireError> {
        match self.members.get("rooms") {
            Some(rooms) => texts(Some(rooms)),
            None => Ok(vec![self.members.need("room")?.text()?]),
        }
    }
}

/// What came on a channel of answers, of which only the request has been read: all nodes hear what
/// one of them asked. It does not say who answers.
pub(crate) struct Answer<'a> {
    pub(crate) request: Cow<'a, str>,
    members: Object<'a>,
}

impl<'a> Answer<'a> {
    /// # Errors
    /// If the payload is no object that names a request.
    pub(crate) fn read(payload: &'a [u8]) -> Result<Self, WireError> {
        let members = Object::read(payload)?;
        Ok(Self {
            request: members.need("requestId")?.text()?,
            members,
        })
    }

    /// # Errors
    /// If it is no answer, or a member is missing or not what it should be.
    pub(crate) fn decode(self) -> Result<Message<'a>, WireError> {
        let Self { request, members } = self;
        let kind = members.get("type").map(Value::number).transpose()?;
        let value = |key| members.any(key).map(Value::data).transpose();
        Ok(match kind {
            Some(SERVER_SIDE_EMIT) => Message::ServerSideAck {
                request,
                value: value("data")?,
            },
            Some(BROADCAST_CLIENT_COUNT) => Message::ClientCount {
                request,
                count: members.need("clientCount")?.number()?,
            },
            Some(BROADCAST_ACK) => Message::ClientAck {
                request,
                value: value("packet")?,
            },
            Some(other) => return Err(WireError::UnknownType(other)),
            None => match (members.get("sockets"), members.get("rooms")) {
                (Some(sockets), _) => Message::Sockets {
                    request,
                    sockets: read_sockets(sockets)?,
                },
                (None, Some(rooms)) => Message::Rooms {
                    request,
                    rooms: texts(Some(rooms))?,
                },
                (None, None) => return Err(WireError::Answer),
            },
        })
    }
}

fn sender(uid: Option<Value<'_>>) -> Result<Option<Cow<'_, str>>, WireError> {
    uid.filter(|uid| !uid.is_nothing())
        .map(Value::text)
        .transpose()
}
