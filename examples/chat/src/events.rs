//! What goes over the wire.

use roomcast::prelude::*;

use crate::rooms::Room;

#[derive(Deserialize)]
pub(crate) struct Auth {
    pub(crate) nick: String,
    /// A page's secret: with it, a nick is taken over from the page's connection that died.
    #[serde(default)]
    pub(crate) token: String,
}

#[derive(Deserialize, Event)]
#[event(ack = Room)]
pub(crate) struct Join {
    pub(crate) room: String,
    /// The last message that is known already.
    pub(crate) after: Option<u64>,
}

#[derive(Deserialize, Event)]
pub(crate) struct Leave {
    pub(crate) room: String,
}

#[derive(Deserialize, Event)]
#[event(ack = Message)]
pub(crate) struct Say {
    pub(crate) room: String,
    pub(crate) text: String,
}

#[derive(Clone, Serialize, Event)]
pub(crate) struct Message {
    pub(crate) room: String,
    /// Its number in the room, from 1.
    pub(crate) seq: u64,
    pub(crate) from: String,
    pub(crate) text: String,
    /// Milliseconds since 1970.
    pub(crate) at: u128,
}

#[derive(Deserialize, Serialize, Event)]
pub(crate) struct Typing {
    pub(crate) room: String,
    #[serde(skip_deserializing)]
    pub(crate) nick: String,
    pub(crate) active: bool,
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

#[derive(Deserialize, Event)]
#[event(name = "rooms", ack = Rooms)]
pub(crate) struct ListRooms;

#[derive(Serialize, Event)]
#[event(slow_consumer = "latest")]
pub(crate) struct Rooms {
    pub(crate) rooms: Vec<RoomSize>,
}

#[derive(Serialize)]
pub(crate) struct RoomSize {
    pub(crate) name: String,
    pub(crate) members: usize,
}
