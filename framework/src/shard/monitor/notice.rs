//! What there is to tell.

use std::{sync::Arc, time::SystemTime};

use crate::{
    error::DisconnectReason,
    event::RawEvent,
    id::SocketId,
    shard::{command::Found, directory::RoomName},
    transport::frame::Frame,
};

pub(crate) struct Notice {
    pub(crate) namespace: Arc<str>,
    pub(crate) at: SystemTime,
    pub(crate) what: What,
}

pub(crate) enum What {
    /// A client is in the namespace, and its socket in these rooms.
    Connected(Box<Found>),
    /// Its connection is a WebSocket from now on.
    Upgraded(SocketId),
    /// It has this value, as JSON.
    Data(SocketId, Arc<String>),
    Joined(SocketId, RoomName),
    Left(SocketId, RoomName),
    /// The socket has gone, and was in these rooms.
    Disconnected(SocketId, DisconnectReason, Vec<RoomName>),
    /// An event of a client.
    Received(SocketId, RawEvent),
    /// A packet for these, an event if it is nothing else.
    Sent(Vec<SocketId>, Frame),
}

impl Notice {
    /// About the bytes that it keeps alive.
    pub(super) fn weight(&self) -> usize {
        let more = match &self.what {
            What::Connected(found) => {
                found.data.as_ref().map_or(0, |data| data.len()) + rooms(&found.rooms)
            }
            What::Data(_, data) => data.len(),
            What::Disconnected(_, _, names) => rooms(names),
            What::Received(_, event) => event.bytes(),
            What::Sent(sockets, frame) => size_of_val(&**sockets) + frame.bytes.len(),
            What::Joined(_, room) | What::Left(_, room) => room.len(),
            What::Upgraded(_) => 0,
        };
        size_of::<Self>() + more
    }
}

fn rooms(names: &[RoomName]) -> usize {
    let bytes = names.iter().map(|name| size_of::<RoomName>() + name.len());
    bytes.sum()
}

impl What {
    /// What is counted where it is left out.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Received(..) | Self::Sent(..) => "event",
            _ => "socket",
        }
    }
}
