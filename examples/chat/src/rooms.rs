use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use roomcast::{Rejection, Socket, SocketId};

use crate::{events::{Joined, Left, Message, Room, RoomList, RoomSize}, nicks::is_plain};

const MAX_ROOM_NAME: usize = 32; // characters
const MAX_ROOMS: usize = 200; // beyond them, the quietest empty one is forgotten
const KEPT: usize = 50; // messages of each room

/// All rooms. The lock is held for a few lines at a time, and never over an await.
#[derive(Default)]
pub(crate) struct Rooms(Mutex<HashMap<String, State>>);

#[derive(Default)]
struct State {
    /// By name, as whoever comes back may be there already on a connection that died.
    members: BTreeMap<String, SocketId>,
    history: VecDeque<Message>,
    seq: u64,
}

impl Rooms {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What someone who has everything up to `after` needs to know.
    pub(crate) fn read(&self, name: String, after: u64) -> Room {
        let rooms = self.lock();
        let room = rooms.get(&name);
        let history = room.into_iter().flat_map(|room| &room.history);
        Room {
            members: room.map_or_else(Vec::new, |room| room.members.keys().cloned().collect()),
            history: history.filter(|message| message.seq > after).cloned().collect(),
            seq: room.map_or(0, |room| room.seq),
            room: name,
        }
    }

    /// Numbers and keeps a message.
    pub(crate) fn add(&self, room: String, from: &str, text: String) -> Message {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
        let mut rooms = self.lock();
        let state = rooms.entry(room.clone()).or_default();
        state.seq += 1;
        let message = Message { room, seq: state.seq, from: from.to_owned(), text, at };
        state.history.push_back(message.clone());
        if state.history.len() > KEPT {
            state.history.pop_front();
        }
        message
    }

    /// The rooms with somebody in them.
    pub(crate) fn list(&self) -> RoomList {
        let rooms = self.lock();
        let sizes = rooms.iter().map(|(name, room)| RoomSize {
            name: name.clone(),
            members: room.members.len(),
        });
        RoomList { rooms: sizes.filter(|room| room.members > 0).collect() }
    }

    /// False if the name is there already.
    fn enter(&self, room: &str, nick: &str, socket: SocketId) -> Result<bool, Rejection> {
        let mut rooms = self.lock();
        if !rooms.contains_key(room) && rooms.len() >= MAX_ROOMS {
            let empty = rooms.iter().filter(|(_, room)| room.members.is_empty());
            let quietest = empty.min_by_key(|(_, room)| room.history.back().map(|last| last.at));
            let quietest = quietest.map(|(name, _)| name.clone());
            rooms.remove(&quietest.ok_or("There are too many rooms.")?);
        }
        let room = rooms.entry(room.to_owned()).or_default();
        Ok(room.members.insert(nick.to_owned(), socket).is_none())
    }

    /// False if the name has been taken over by another socket.
    fn exit(&self, name: &str, nick: &str, socket: SocketId) -> bool {
        let mut rooms = self.lock();
        let Some(room) = rooms.get_mut(name) else { return false };
        let mine = room.members.get(nick) == Some(&socket);
        if mine {
            room.members.remove(nick);
        }
        if room.members.is_empty() && room.history.is_empty() {
            rooms.remove(name);
        }
        mine
    }
}

/// Somebody's place in a room; given up when this is dropped, also after a panic.
pub(crate) struct Seat {
    room: String,
    nick: String,
    socket: Socket,
}

impl Seat {
    pub(crate) fn take(room: &str, nick: &str, socket: &Socket) -> Result<Self, Rejection> {
        if room.chars().count() > MAX_ROOM_NAME || !is_plain(room) {
            return Err("This is not a name for a room.".into());
        }
        let rooms: &Rooms = socket.state();
        let is_new = rooms.enter(room, nick, socket.id())?;
        let seat = Self { room: room.to_owned(), nick: nick.to_owned(), socket: socket.clone() };
        socket.join(room)?;
        if is_new {
            socket.to(room).emit(&Joined { room, nick })?;
            socket.hub().emit(&rooms.list())?;
        }
        Ok(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Self { room, nick, socket } = self;
        let rooms: &Rooms = socket.state();
        // A socket that was disconnected has left already.
        let _ = socket.leave(&*room);
        if rooms.exit(room, nick, socket.id()) {
            let _ = socket.to(&*room).emit(&Left { room, nick });
            let _ = socket.hub().emit(&rooms.list());
        }
    }
}
