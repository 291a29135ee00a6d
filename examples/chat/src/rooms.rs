//! What all guests share.

use std::collections::{BTreeSet, HashMap, VecDeque};

use roomcast::{Rejection, SocketId};
use serde::Serialize;

use crate::events::{Message, RoomSize, Rooms};

const MAX_ROOMS: usize = 250; // at which the empty ones are forgotten
const KEPT: usize = 50; // messages of each room

#[derive(Default)]
pub(crate) struct Chat {
    /// Each with the socket that has it and the secret of its page.
    pub(crate) nicks: HashMap<String, (SocketId, String)>,
    pub(crate) rooms: HashMap<String, Room>,
}

#[derive(Clone, Default, Serialize)]
pub(crate) struct Room {
    pub(crate) room: String,
    pub(crate) members: BTreeSet<String>,
    pub(crate) history: VecDeque<Message>,
    pub(crate) seq: u64,
}

impl Chat {
    /// A room, made if it is new.
    pub(crate) fn room(&mut self, name: &str) -> Result<&mut Room, Rejection> {
        if self.rooms.len() >= MAX_ROOMS && !self.rooms.contains_key(name) {
            self.rooms.retain(|_, room| !room.members.is_empty());
            if self.rooms.len() >= MAX_ROOMS {
                return Err("There are too many rooms.".into());
            }
        }
        let room = self.rooms.entry(name.to_owned()).or_default();
        name.clone_into(&mut room.room);
        Ok(room)
    }

    pub(crate) fn list(&self) -> Rooms {
        let inhabited = self.rooms.values().filter(|room| !room.members.is_empty());
        let rooms = inhabited.map(|Room { room, members, .. }| RoomSize {
            name: room.clone(),
            members: members.len(),
        });
        Rooms {
            rooms: rooms.collect(),
        }
    }
}

impl Room {
    pub(crate) fn keep(&mut self, message: Message) {
        self.seq = message.seq;
        self.history.push_back(message);
        if self.history.len() > KEPT {
            self.history.pop_front();
        }
    }
}
