//! What goes over the wire, what everybody shares, and what is done with it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use roomcast::prelude::*;
use schemars::JsonSchema;
use ts_rs::TS;

const MAX_ROOMS: usize = 250; // at which the empty ones are forgotten
const KEPT: u64 = 50; // messages of each room

#[derive(Deserialize, TS, JsonSchema)]
pub(crate) struct Auth {
    nick: String,
}

/// Comes to a room.
#[derive(Deserialize, Event, TS, JsonSchema)]
#[event(ack = Room)]
struct Join {
    room: String,
    /// The last message that is known already, 0 for none.
    #[serde(default)]
    after: u64,
}

#[derive(Clone, Default, Serialize, TS, JsonSchema)]
struct Room {
    members: BTreeSet<String>,
    history: Vec<Message>,
    seq: u64,
}

#[derive(Deserialize, Event, TS, JsonSchema)]
struct Leave {
    room: String,
}

#[derive(Deserialize, Event, TS, JsonSchema)]
#[event(ack = Message)]
struct Say {
    room: String,
    text: String,
}

#[derive(Clone, Serialize, Event, TS, JsonSchema)]
struct Message {
    room: String,
    seq: u64,
    from: String,
    text: String,
    /// Milliseconds since 1970.
    at: u64,
}

/// Someone writes, or has stopped to.
#[derive(Deserialize, Serialize, Event, TS, JsonSchema)]
struct Typing {
    room: String,
    #[serde(skip_deserializing)]
    nick: String,
    active: bool,
}

/// A room, and who has come to it.
#[derive(Serialize, Event, TS, JsonSchema)]
struct Joined<'a>(&'a str, &'a str);

#[derive(Serialize, Event, TS, JsonSchema)]
struct Left<'a>(&'a str, &'a str);

/// All rooms, and how many people are in each.
#[derive(Serialize, Event, TS, JsonSchema)]
#[event(slow_consumer = "latest")]
struct Rooms<'a>(BTreeMap<&'a str, usize>);

#[derive(Default)]
pub(crate) struct Chat {
    nicks: HashSet<String>,
    rooms: HashMap<String, Room>,
}

#[derive(EventHandlers)]
#[handles(Join, Leave, Say, Typing)]
#[emits(Rooms<'_>)]
#[broadcasts(Message, Typing, Joined<'_>, Left<'_>)]
pub(crate) struct Guest {
    nick: String,
}

impl Session for Guest {
    type Auth = Auth;

    async fn connect(Auth { nick }: Auth, socket: &TypedSocket<Self>) -> Result<Self, Refusal> {
        ensure(is_text(&nick, 24), "nick_invalid")?;
        let mut chat = lock(socket);
        socket.emit(&chat.list())?;
        ensure(chat.nicks.insert(nick.clone()), "nick_taken")?;
        Ok(Self { nick })
    }

    async fn disconnect(&mut self, socket: &TypedSocket<Self>, _: DisconnectReason) {
        let mut chat = lock(socket);
        chat.nicks.remove(&self.nick);
        for room in socket.rooms() {
            chat.leave(&room, &self.nick, socket);
        }
    }
}

impl Handle<Join> for Guest {
    async fn handle(&mut self, join: Join, socket: &TypedSocket<Self>) -> Result<Room, Rejection> {
        let (room, nick) = (&*join.room, &*self.nick);
        ensure(is_text(room, 32), "A name has up to 32 characters.")?;
        let mut chat = lock(socket);
        if chat.rooms.len() >= MAX_ROOMS && !chat.rooms.contains_key(room) {
            chat.rooms.retain(|_, state| !state.members.is_empty());
            ensure(chat.rooms.len() < MAX_ROOMS, "There are too many rooms.")?;
        }
        socket.join(room)?;
        let state = chat.rooms.entry(room.to_owned()).or_default();
        let is_new = state.members.insert(nick.to_owned());
        let mut answer = state.clone();
        answer.history.retain(|message| message.seq > join.after);
        if is_new {
            socket.to(room).emit(&Joined(room, nick))?;
            socket.namespace().emit(&chat.list())?;
        }
        Ok(answer)
    }
}

impl Handle<Leave> for Guest {
    async fn handle(
        &mut self,
        Leave { room }: Leave,
        socket: &TypedSocket<Self>,
    ) -> Result<(), Rejection> {
        socket.leave(&room)?;
        lock(socket).leave(&room, &self.nick, socket);
        Ok(())
    }
}

impl Handle<Say> for Guest {
    async fn handle(&mut self, say: Say, socket: &TypedSocket<Self>) -> Result<Message, Rejection> {
        ensure(is_text(say.text.trim(), 2_000), "Too long or empty.")?;
        ensure(socket.rooms().contains(&say.room), "Join it first.")?;
        let mut chat = lock(socket);
        let state = chat.rooms.entry(say.room.clone()).or_default();
        state.seq += 1;
        let at = UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
        let message = Message {
            seq: state.seq,
            from: self.nick.clone(),
            at: u64::try_from(at).unwrap_or(u64::MAX),
            room: say.room,
            text: say.text,
        };
        state.history.push(message.clone());
        state.history.retain(|old| old.seq + KEPT > message.seq);
        socket.to(&message.room).emit(&message)?;
        Ok(message)
    }
}

impl Handle<Typing> for Guest {
    async fn handle(
        &mut self,
        mut typing: Typing,
        socket: &TypedSocket<Self>,
    ) -> Result<(), Rejection> {
        ensure(socket.rooms().contains(&typing.room), "Join it first.")?;
        typing.nick.clone_from(&self.nick);
        Ok(socket.to(&typing.room).volatile().emit(&typing)?)
    }
}

impl Chat {
    fn leave(&mut self, room: &str, nick: &str, socket: &TypedSocket<Guest>) {
        let state = self.rooms.get_mut(room);
        if state.is_some_and(|state| state.members.remove(nick)) {
            // Nobody is left to be told that these fail.
            let _ = socket.to(room).emit(&Left(room, nick));
            let _ = socket.namespace().emit(&self.list());
        }
    }

    fn list(&self) -> Rooms<'_> {
        let rooms = self.rooms.iter();
        let sizes = rooms.map(|(name, room)| (&**name, room.members.len()));
        Rooms(sizes.collect())
    }
}

/// Not to be held over an await. Emits do not wait, so what is emitted under the lock reaches
/// everybody in the order of the changes.
fn lock(socket: &Socket) -> MutexGuard<'_, Chat> {
    let chat: &Mutex<Chat> = socket.state();
    chat.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ensure(holds: bool, otherwise: &str) -> Result<(), &str> {
    if holds { Ok(()) } else { Err(otherwise) }
}

fn is_text(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.chars().count()) && text.trim() == text
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_contract_is_current() {
        let contract = crate::hub().expect("a hub").contract();
        contract.assert_current("static/contract.ts");
    }
}
