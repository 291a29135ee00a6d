//! An event as nodes hand it to each other.

use std::borrow::Cow;

use super::{Data, WireError, value::Value, write::Writer};
use crate::protocol::socket_io::is_event;

/// The type of an EVENT packet. Binary events are of it, too, with their bytes in place.
const EVENT: u64 = 2;

/// As a BINARY_EVENT says it, which emitters of others may send.
const BINARY_EVENT: u64 = 5;

/// A packet as it was received.
pub(super) struct Packet<'a> {
    pub(super) data: Data<'a>,
    pub(super) nsp: Option<Cow<'a, str>>,
    /// The id of an event that one socket is to answer.
    pub(super) id: Option<u64>,
}

pub(super) fn write_packet(
    out: &mut Writer,
    data: &Data<'_>,
    nsp: Option<&str>,
) -> Result<(), WireError> {
    out.object(2 + usize::from(nsp.is_some()), |out| {
        out.key("type")?;
        out.number(EVENT)?;
        out.key("data")?;
        out.data(data)?;
        match nsp {
            Some(nsp) => {
                out.key("nsp")?;
                out.text(nsp)
            }
            None => Ok(()),
        }
    })
}

pub(super) fn read_packet(packet: Value<'_>) -> Result<Packet<'_>, WireError> {
    let packet = packet.object()?;
    match packet.need("type")?.number()? {
        EVENT | BINARY_EVENT => {}
        other => return Err(WireError::PacketType(other)),
    }
    let data = packet.need("data")?.data()?;
    if !is_event(&data.json) {
        return Err(WireError::Event);
    }
    Ok(Packet {
        data,
        nsp: packet.optional_text("nsp")?,
        id: packet.get("id").map(Value::number).transpose()?,
    })
}
