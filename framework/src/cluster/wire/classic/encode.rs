use std::borrow::Cow;

use super::{
    super::{
        Data, Message, Options, SocketDetails, WireError,
        answers::{write_answer, write_sockets},
        options::{Members, write_options, write_texts, write_whom},
        packet::write_packet,
        write::{Form, Writer},
    },
    ALL_ROOMS, BROADCAST, BROADCAST_ACK, BROADCAST_CLIENT_COUNT, EMITTER, IDS_ONLY,
    REMOTE_DISCONNECT, REMOTE_FETCH, REMOTE_JOIN, REMOTE_LEAVE, SERVER_SIDE_EMIT,
};

type Written = Result<(), WireError>;

/// Who sends a message.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sender<'a> {
    /// A node, by its uid.
    Node(&'a str),
    /// A process without sockets. It tells no uid where the Node emitter tells none.
    Emitter,
}

/// The payload of any message; which channel it goes to is [`Channels`](super::Channels)' matter.
pub(crate) fn encode(
    sender: Sender<'_>,
    nsp: &str,
    message: &Message<'_>,
) -> Result<Vec<u8>, WireError> {
    let mut out = Writer::new(form(message));
    write(&mut out, sender, nsp, message)?;
    Ok(out.into_bytes())
}

/// Only what carries events to clients, and their answers, may be binary.
fn form(message: &Message<'_>) -> Form {
    match message {
        Message::Broadcast { .. } | Message::ClientAck { .. } => Form::Msgpack,
        _ => Form::Json,
    }
}

fn write(out: &mut Writer, sender: Sender<'_>, nsp: &str, message: &Message<'_>) -> Written {
    match message {
        Message::Broadcast {
            data,
            options,
            request: None,
        } => broadcast(out, sender, nsp, data, options),
        Message::Broadcast {
            data,
            options,
            request: Some(request),
        } => sender.request(out, BROADCAST, Some(request), 2, |out| {
            out.key("packet")?;
            write_packet(out, data, Some(nsp))?;
            write_options(out, options, Members::FlagsLast)
        }),
        Message::Join { options, rooms } => sender.request(out, REMOTE_JOIN, None, 2, |out| {
            write_options(out, options, Members::WithoutFlags)?;
            write_texts(out, "rooms", rooms)
        }),
        Message::Leave { options, rooms } => sender.request(out, REMOTE_LEAVE, None, 2, |out| {
            write_options(out, options, Members::WithoutFlags)?;
            write_texts(out, "rooms", rooms)
        }),
        Message::Disconnect { options, close } => {
            sender.request(out, REMOTE_DISCONNECT, None, 2, |out| {
                write_options(out, options, Members::WithoutFlags)?;
                out.key("close")?;
                out.flag(*close)
            })
        }
        Message::FetchSockets { options, request } => {
            sender.request(out, REMOTE_FETCH, Some(request), 1, |out| {
                write_options(out, options, Members::WithoutFlags)
            })
        }
        Message::ServerSideEmit { data, request } => {
            sender.request(out, SERVER_SIDE_EMIT, request.as_deref(), 1, |out| {
                out.key("data")?;
                out.data(data)
            })
        }
        Message::AllRooms { request } => {
            sender.request(out, ALL_ROOMS, Some(request), 0, |_| Ok(()))
        }
        Message::Sockets { request, sockets } => match request.strip_prefix(IDS_ONLY) {
            Some(request) => answer(out, None, request, 1, |out| write_ids(out, sockets)),
            None => answer(out, None, request, 1, |out| write_sockets(out, sockets)),
        },
        Message::Rooms { request, rooms } => answer(out, None, request, 1, |out| {
            write_texts(out, "rooms", rooms)
        }),
        Message::ServerSideAck { request, value } => {
            let members = usize::from(value.is_some());
            answer(out, Some(SERVER_SIDE_EMIT), request, members, |out| {
                write_answer(out, "data", value.as_ref())
            })
        }
        Message::ClientCount { request, count } => {
            answer(out, Some(BROADCAST_CLIENT_COUNT), request, 1, |out| {
                out.key("clientCount")?;
                out.number(*count)
            })
        }
        Message::ClientAck { request, value } => {
            let members = usize::from(value.is_some());
            answer(out, Some(BROADCAST_ACK), request, members, |out| {
                write_answer(out, "packet", value.as_ref())
            })
        }
    }
}

fn broadcast(
    out: &mut Writer,
    sender: Sender<'_>,
    nsp: &str,
    data: &Data<'_>,
    options: &Options<'_>,
) -> Written {
    out.list(3, |out| {
        out.text(sender.uid())?;
        write_packet(out, data, Some(nsp))?;
        write_whom(
            out,
            options,
            match sender {
                Sender::Node(_) => Members::FlagsLast,
                Sender::Emitter => Members::FlagsBetween,
            },
        )
    })
}

impl Sender<'_> {
    fn uid(&self) -> &str {
        match self {
            Self::Node(uid) => uid,
            Self::Emitter => EMITTER,
        }
    }

    /// A request with so many members beside who asks, what, and the request's id.
    fn request(
        &self,
        out: &mut Writer,
        kind: u64,
        request: Option<&str>,
        members: usize,
        rest: impl FnOnce(&mut Writer) -> Written,
    ) -> Written {
        let uid = match (self, kind) {
            (Self::Emitter, SERVER_SIDE_EMIT) => Some(EMITTER),
            (Self::Emitter, _) => None,
            (Self::Node(uid), _) => Some(*uid),
        };
        let head = 1 + usize::from(uid.is_some()) + usize::from(request.is_some());
        out.object(head + members, |out| {
            for (key, text) in [("uid", uid), ("requestId", request)] {
                if let Some(text) = text {
                    out.key(key)?;
                    out.text(text)?;
                }
            }
            out.key("type")?;
            out.number(kind)?;
            rest(out)
        })
    }
}

/// An answer with so many members beside its type and the request's id.
fn answer(
    out: &mut Writer,
    kind: Option<u64>,
    request: &str,
    members: usize,
    rest: impl FnOnce(&mut Writer) -> Written,
) -> Written {
    out.object(1 + usize::from(kind.is_some()) + members, |out| {
        if let Some(kind) = kind {
            out.key("type")?;
            out.number(kind)?;
        }
        out.key("requestId")?;
        out.text(request)?;
        rest(out)
    })
}

fn write_ids(out: &mut Writer, sockets: &[SocketDetails<'_>]) -> Written {
    let ids: Vec<_> = sockets
        .iter()
        .map(|socket| Cow::Borrowed(&*socket.id))
        .collect();
    write_texts(out, "sockets", &ids)
}
