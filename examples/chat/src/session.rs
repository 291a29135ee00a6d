use std::collections::HashMap;

use roomcast::prelude::*;

use crate::{
    events::{Auth, Done, IsTyping, Join, Leave, ListRooms, Receipt, Room, RoomList, Say, Typing},
    nicks::Nick,
    rooms::{Rooms, Seat},
};

const MAX_SEATS: usize = 20; // rooms that one is in
const MAX_TEXT: usize = 2_000; // characters

#[derive(EventHandlers)]
#[handles(Join, Leave, Say, Typing, ListRooms)]
pub(crate) struct Guest {
    nick: Nick,
    seats: HashMap<String, Seat>,
}

impl Session for Guest {
    type Auth = Auth;

    async fn connect(auth: Auth, socket: &Socket) -> Result<Self, Refusal> {
        let (nick, previous) = Nick::take(auth, socket)?;
        if let Some(previous) = previous {
            socket.hub().to(previous).disconnect(true).await?;
        }
        tracing::info!(nick = &*nick, "connected");
        Ok(Self { nick, seats: HashMap::new() })
    }

    async fn disconnect(&mut self, _: &Socket, reason: DisconnectReason) {
        tracing::info!(nick = &*self.nick, %reason, "disconnected");
    }
}

impl Handle<Join> for Guest {
    async fn handle(&mut self, join: Join, socket: &Socket) -> Result<Room, Rejection> {
        if !self.seats.contains_key(&join.room) {
            if self.seats.len() >= MAX_SEATS {
                return Err("You are in too many rooms.".into());
            }
            let seat = Seat::take(&join.room, &self.nick, socket)?;
            self.seats.insert(join.room.clone(), seat);
        }
        Ok(socket.state::<Rooms>().read(join.room, join.after.unwrap_or(0)))
    }
}

impl Handle<Leave> for Guest {
    async fn handle(&mut self, leave: Leave, _: &Socket) -> Result<Done, Rejection> {
        self.seats.remove(&leave.room);
        Ok(Done {})
    }
}

impl Handle<Say> for Guest {
    async fn handle(&mut self, say: Say, socket: &Socket) -> Result<Receipt, Rejection> {
        let text = say.text.trim();
        if text.is_empty() || text.chars().count() > MAX_TEXT {
            return Err("A message has between 1 and 2,000 characters.".into());
        }
        self.must_be_in(&say.room)?;
        let message = socket.state::<Rooms>().add(say.room, &self.nick, text.to_owned());
        socket.to(&message.room).emit(&message)?;
        Ok(Receipt { seq: message.seq, at: message.at })
    }
}

impl Handle<Typing> for Guest {
    async fn handle(&mut self, typing: Typing, socket: &Socket) -> Result<(), Rejection> {
        let Typing { room, active } = &typing;
        self.must_be_in(room)?;
        let notice = IsTyping { room, nick: &self.nick, active: *active };
        Ok(socket.to(room).volatile().emit(&notice)?)
    }
}

impl Handle<ListRooms> for Guest {
    async fn handle(&mut self, _: ListRooms, socket: &Socket) -> Result<RoomList, Rejection> {
        Ok(socket.state::<Rooms>().list())
    }
}

impl Guest {
    fn must_be_in(&self, room: &str) -> Result<(), Rejection> {
        let is_in = self.seats.contains_key(room);
        is_in.then_some(()).ok_or_else(|| "Join the room first.".into())
    }
}
