//! What nodes answer each other.

use super::{
    Data, SocketDetails, WireError,
    options::{texts, write_texts},
    value::Value,
    write::Writer,
};

pub(super) fn write_sockets(
    out: &mut Writer,
    sockets: &[SocketDetails<'_>],
) -> Result<(), WireError> {
    out.key("sockets")?;
    out.list(sockets.len(), |out| {
        sockets.iter().try_for_each(|socket| {
            out.object(4, |out| {
                out.key("id")?;
                out.text(&socket.id)?;
                out.key("handshake")?;
                out.json(&socket.handshake)?;
                write_texts(out, "rooms", &socket.rooms)?;
                out.key("data")?;
                out.data(&socket.data)
            })
        })
    })
}

pub(super) fn read_sockets(sockets: Value<'_>) -> Result<Vec<SocketDetails<'_>>, WireError> {
    sockets.list()?.into_iter().map(read_socket).collect()
}

fn read_socket(socket: Value<'_>) -> Result<SocketDetails<'_>, WireError> {
    let socket = socket.object()?;
    let handshake = socket.need("handshake")?;
    if !handshake.is_object() {
        return Err(WireError::Expected("an object"));
    }
    Ok(SocketDetails {
        id: socket.need("id")?.text()?,
        handshake: handshake.plaintext()?,
        rooms: texts(socket.get("rooms"))?,
        // Nothing that JSON or MessagePack has, if the application set it to `undefined`.
        data: match socket.any("data") {
            Some(data) => data.data()?,
            None => Data::json("null"),
        },
    })
}

/// A list that is an application's.
pub(super) fn list_data(value: Value<'_>) -> Result<Data<'_>, WireError> {
    match value.is_list() {
        true => value.data(),
        false => Err(WireError::Expected("a list")),
    }
}

/// An answer's member with an application's value, which is absent if that is `undefined`.
pub(super) fn write_answer(
    out: &mut Writer,
    key: &str,
    value: Option<&Data<'_>>,
) -> Result<(), WireError> {
    match value {
        Some(value) => {
            out.key(key)?;
            out.data(value)
        }
        None => Ok(()),
    }
}
