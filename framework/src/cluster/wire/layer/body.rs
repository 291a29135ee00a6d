//! The data of each type of message.

use super::{
    super::{
        Message, WireError,
        answers::{list_data, read_sockets, write_answer, write_sockets},
        options::{Members, read_options, texts, write_options, write_texts},
        packet::{read_packet, write_packet},
        value::{Object, Value},
        write::Writer,
    },
    Content,
    kind::{
        ADAPTER_CLOSE, BROADCAST, BROADCAST_ACK, BROADCAST_CLIENT_COUNT, DISCONNECT_SOCKETS,
        FETCH_SOCKETS, FETCH_SOCKETS_RESPONSE, HEARTBEAT, INITIAL_HEARTBEAT, SERVER_SIDE_EMIT,
        SERVER_SIDE_EMIT_RESPONSE, SOCKETS_JOIN, SOCKETS_LEAVE,
    },
};

type Written = Result<(), WireError>;

pub(in super::super) fn write_body(out: &mut Writer, message: &Message<'_>) -> Written {
    match message {
        Message::Broadcast {
            data,
            options,
            request,
        } => out.object(2 + usize::from(request.is_some()), |out| {
            out.key("packet")?;
            write_packet(out, data, None)?;
            write_request(out, request.as_deref())?;
            write_options(out, options, Members::FlagsLast)
        }),
        Message::Join { options, rooms } | Message::Leave { options, rooms } => {
            out.object(2, |out| {
                write_options(out, options, Members::FlagsLast)?;
                write_texts(out, "rooms", rooms)
            })
        }
        Message::Disconnect { options, close } => out.object(2, |out| {
            write_options(out, options, Members::FlagsLast)?;
            out.key("close")?;
            out.flag(*close)
        }),
        Message::FetchSockets { options, request } => out.object(2, |out| {
            write_options(out, options, Members::FlagsLast)?;
            write_request(out, Some(request))
        }),
        Message::Sockets { request, sockets } => out.object(2, |out| {
            write_request(out, Some(request))?;
            write_sockets(out, sockets)
        }),
        Message::ServerSideEmit { data, request } => {
            out.object(1 + usize::from(request.is_some()), |out| {
                write_request(out, request.as_deref())?;
                out.key("packet")?;
                out.data(data)
            })
        }
        Message::ServerSideAck { request, value } | Message::ClientAck { request, value } => out
            .object(1 + usize::from(value.is_some()), |out| {
                write_request(out, Some(request))?;
                write_answer(out, "packet", value.as_ref())
            }),
        Message::ClientCount { request, count } => out.object(2, |out| {
            write_request(out, Some(request))?;
            out.key("clientCount")?;
            out.number(*count)
        }),
        Message::AllRooms { .. } | Message::Rooms { .. } => Err(WireError::Unsupported),
    }
}

fn write_request(out: &mut Writer, request: Option<&str>) -> Written {
    match request {
        Some(request) => {
            out.key("requestId")?;
            out.text(request)
        }
        None => Ok(()),
    }
}

pub(in super::super) fn read_body(
    kind: u64,
    data: Option<Value<'_>>,
) -> Result<Content<'_>, WireError> {
    let kind = u8::try_from(kind).map_err(|_| WireError::UnknownType(kind))?;
    match kind {
        INITIAL_HEARTBEAT => return Ok(Content::InitialHeartbeat),
        HEARTBEAT => return Ok(Content::Heartbeat),
        ADAPTER_CLOSE => return Ok(Content::Close),
        BROADCAST..=BROADCAST_ACK => {}
        other => return Err(WireError::UnknownType(other.into())),
    }
    let data = data.ok_or(WireError::Missing("data"))?.object()?;
    if kind == BROADCAST {
        return read_broadcast(&data);
    }
    Ok(Content::Message {
        message: read_message(kind, &data)?,
        packet_id: None,
    })
}

fn read_broadcast<'a>(data: &Object<'a>) -> Result<Content<'a>, WireError> {
    let packet = read_packet(data.need("packet")?)?;
    Ok(Content::Message {
        message: Message::Broadcast {
            data: packet.data,
            options: read_options(data.get("opts"))?,
            request: data.optional_text("requestId")?,
        },
        packet_id: packet.id,
    })
}

fn read_message<'a>(kind: u8, data: &Object<'a>) -> Result<Message<'a>, WireError> {
    let options = || read_options(data.get("opts"));
    let request = || data.need("requestId")?.text();
    let value = || data.any("packet").map(Value::data).transpose();
    Ok(match kind {
        SOCKETS_JOIN => Message::Join {
            options: options()?,
            rooms: texts(Some(data.need("rooms")?))?,
        },
        SOCKETS_LEAVE => Message::Leave {
            options: options()?,
            rooms: texts(Some(data.need("rooms")?))?,
        },
        DISCONNECT_SOCKETS => Message::Disconnect {
            options: options()?,
            close: data.get("close").map_or(Ok(false), Value::flag)?,
        },
        FETCH_SOCKETS => Message::FetchSockets {
            options: options()?,
            request: request()?,
        },
        FETCH_SOCKETS_RESPONSE => Message::Sockets {
            request: request()?,
            sockets: read_sockets(data.need("sockets")?)?,
        },
        SERVER_SIDE_EMIT => Message::ServerSideEmit {
            data: list_data(data.need("packet")?)?,
            request: data.optional_text("requestId")?,
        },
        SERVER_SIDE_EMIT_RESPONSE => Message::ServerSideAck {
            request: request()?,
            value: value()?,
        },
        BROADCAST_CLIENT_COUNT => Message::ClientCount {
            request: request()?,
            count: data.need("clientCount")?.number()?,
        },
        BROADCAST_ACK => Message::ClientAck {
            request: request()?,
            value: value()?,
        },
        other => return Err(WireError::UnknownType(other.into())),
    })
}
