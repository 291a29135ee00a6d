//! What all guests share.

use std::collections::{BTreeSet, HashMap, VecDeque};

use roomcast::{Rejection, SocketId};
use serde::Serialize;

use crate::events::{Message, RoomSize, Rooms};

const MAX_ROOMS: usize = 250; // at which the empty ones are forgotten
const KEPT: usize = 50; // messages of each room

#[derive(Default)]
pub(crate) struct Chat {
    /// In lower case, with whose it is and the secret of the page.
    pub(crate) nicks: HashMap<String, (SocketId, Option<String>)>,
    pub(crate) rooms: HashMap<String, Room>,
}

#[derive(Clone, Default, Serialize)]
pub(crate) struct Room {
    pub(crate) members: BTreeSet<String>,
    pub(crate) history: VecDeque<Message>,
    pub(crate) seq: u64,
}

impl Chat {
    /// A room, made if it is new.
    pub(crate) fn open(&mut self, name: &str) -> Result<&mut Room, Rejection> {
        if self.rooms.len() >= MAX_ROOMS && !self.rooms.contains_key(name) {
            self.rooms.retain(|_, room| !room.members.is_empty());
            if self.rooms.len() >= MAX_ROOMS {
                return Err("There are too many rooms.".into());
            }
        }
        Ok(self.rooms.entry(name.to_owned()).or_default())
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
    pub(crate) fn keep(&mut self, message: Message) {
        self.seq = message.seq;
        self.history.push_back(message);
        if self.history.len() > KEPT {
            self.history.pop_front();
        }
    }
}
