//! What all guests share.

use std::collections::{BTreeMap, HashMap, VecDeque};

use roomcast::SocketId;
use serde::{Serialize, Serializer};

use crate::events::{Message, RoomSize, Rooms};

const MAX_ROOMS: usize = 250; // with more, the empty ones are forgotten
const KEPT: usize = 50; // messages of each room

#[derive(Default)]
pub(crate) struct Chat {
    /// In lower case, with whose it is and the secret of the page.
    pub(crate) nicks: HashMap<String, (SocketId, Option<String>)>,
    pub(crate) rooms: HashMap<String, Room>,
}

#[derive(Clone, Default, Serialize)]
pub(crate) struct Room {
    /// By nick: who comes back may still be here with a connection that died.
    #[serde(serialize_with = "keys")]
    pub(crate) members: BTreeMap<String, SocketId>,
    pub(crate) history: VecDeque<Message>,
    pub(crate) seq: u64,
}

fn keys<S: Serializer>(members: &BTreeMap<String, SocketId>, out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(members.keys())
}

impl Chat {
    /// A room, made if it is new; none if there are too many with somebody in them.
    pub(crate) fn open(&mut self, name: &str) -> Option<&mut Room> {
        if self.rooms.len() >= MAX_ROOMS && !self.rooms.contains_key(name) {
            self.rooms.retain(|_, room| !room.members.is_empty());
        }
        let open = self.rooms.len() < MAX_ROOMS || self.rooms.contains_key(name);
        open.then(|| self.rooms.entry(name.to_owned()).or_default())
    }

    pub(crate) fn list(&self) -> Rooms {
        let sizes = self.rooms.iter().map(|(name, room)| RoomSize {
            name: name.clone(),
            members: room.members.len(),
        });
        let rooms = sizes.filter(|room| room.members > 0).collect();
        Rooms { rooms }
    }
}

impl Room {
    pub(crate) fn keep(&mut self, message: &Message) {
        self.seq = message.seq;
        self.history.push_back(message.clone());
        if self.history.len() > KEPT {
            self.history.pop_front();
        }
    }
}
