//! What goes over the wire.

use roomcast::prelude::*;

// ---- from the client

#[derive(Deserialize)]
pub(crate) struct Auth {
    pub(crate) nick: String,
    /// A secret of the page, by which it gets its name back from a connection that died.
    pub(crate) token: Option<String>,
}

#[derive(Deserialize, Event)]
#[event(ack = Room)]
pub(crate) struct Join {
    pub(crate) room: String,
    /// The last message that the client has.
    pub(crate) after: Option<u64>,
}

#[derive(Serialize)]
pub(crate) struct Room {
    pub(crate) room: String,
    pub(crate) members: Vec<String>,
    pub(crate) history: Vec<Message>,
    pub(crate) seq: u64,
}

#[derive(Deserialize, Event)]
#[event(ack = Done)]
pub(crate) struct Leave {
    pub(crate) room: String,
}

#[derive(Serialize)]
pub(crate) struct Done {}

#[derive(Deserialize, Event)]
#[event(ack = Receipt)]
pub(crate) struct Say {
    pub(crate) room: String,
    pub(crate) text: String,
}

#[derive(Serialize)]
pub(crate) struct Receipt {
    pub(crate) seq: u64,
    pub(crate) at: u64,
}

#[derive(Deserialize, Event)]
pub(crate) struct Typing {
    pub(crate) room: String,
    pub(crate) active: bool,
}

#[derive(Deserialize, Event)]
#[event(name = "rooms", ack = RoomList)]
pub(crate) struct ListRooms {}

// ---- from the server

#[derive(Serialize, Event, Clone)]
pub(crate) struct Message {
    pub(crate) room: String,
    /// Counts the messages of the room.
    pub(crate) seq: u64,
    pub(crate) from: String,
    pub(crate) text: String,
    /// Milliseconds since 1970.
    pub(crate) at: u64,
}

#[derive(Serialize, Event)]
pub(crate) struct Joined<'a> {
    pub(crate) room: &'a str,
    pub(crate) nick: &'a str,
}

#[derive(Serialize, Event)]
pub(crate) struct Left<'a> {
    pub(crate) room: &'a str,
    pub(crate) nick: &'a str,
}

#[derive(Serialize, Event)]
#[event(name = "typing")]
pub(crate) struct IsTyping<'a> {
    pub(crate) room: &'a str,
    pub(crate) nick: &'a str,
    pub(crate) active: bool,
}

/// A slow client needs only the newest.
#[derive(Serialize, Event)]
#[event(name = "rooms", slow_consumer = "latest")]
pub(crate) struct RoomList {
    pub(crate) rooms: Vec<RoomSize>,
}

#[derive(Serialize)]
pub(crate) struct RoomSize {
    pub(crate) name: String,
    pub(crate) members: usize,
}
