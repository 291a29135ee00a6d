use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::UNIX_EPOCH,
};

use roomcast::prelude::*;

use crate::{events::*, rooms::*};

/// Somebody in the chat. Dropping it, for whatever reason, frees the nick and the places.
#[derive(EventHandlers)]
#[handles(Join, Leave, Say, Typing, ListRooms)]
pub(crate) struct Guest {
    nick: String,
    socket: Socket,
}

impl Session for Guest {
    type Auth = Auth;

    async fn connect(Auth { nick, token }: Auth, socket: &Socket) -> Result<Self, Refusal> {
        if !is_name(&nick, 24) {
            return Err(refusal("nick_invalid", "This name cannot be used."));
        }
        let socket = socket.clone();
        let owner = {
            let nicks = &mut lock(&socket).nicks;
            let owner = nicks.get(&nick);
            if owner.is_some_and(|(_, theirs)| theirs.is_empty() || *theirs != token) {
                return Err(refusal("nick_taken", "Somebody here has this name."));
            }
            nicks.insert(nick.clone(), (socket.id(), token))
        };
        let guest = Self { nick, socket };
        if let Some((dead, _)) = owner {
            guest.socket.hub().to(dead).disconnect(true).await?;
            guest.leave(&mut lock(&guest.socket), |_| true);
        }
        Ok(guest)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let chat = &mut *lock(&self.socket);
        let owner = chat.nicks.get(&self.nick);
        if owner.is_some_and(|(owner, _)| *owner == self.socket.id()) {
            chat.nicks.remove(&self.nick);
            self.leave(chat, |_| true);
        }
    }
}

impl Handle<Join> for Guest {
    async fn handle(&mut self, join: Join, socket: &Socket) -> Result<Room, Rejection> {
        let (room, nick) = (&*join.room, &*self.nick);
        if !is_name(room, 32) || socket.rooms().len() >= 20 {
            return Err("Rooms have up to 32 characters, and you can be in 20.".into());
        }
        let mut chat = lock(socket);
        let state = chat.room(room)?;
        let is_new = state.members.insert(nick.to_owned());
        let mut answer = state.clone();
        answer
            .history
            .retain(|message| Some(message.seq) > join.after);
        socket.join(room)?;
        if is_new {
            socket.to(room).emit(&Joined { room, nick })?;
            socket.hub().emit(&chat.list())?;
        }
        Ok(answer)
    }
}

impl Handle<Leave> for Guest {
    async fn handle(&mut self, leave: Leave, socket: &Socket) -> Result<(), Rejection> {
        self.leave(&mut lock(socket), |room| room == leave.room);
        Ok(())
    }
}

impl Handle<Say> for Guest {
    async fn handle(
        &mut self,
        Say { room, text }: Say,
        socket: &Socket,
    ) -> Result<Message, Rejection> {
        if text.trim().is_empty() || text.chars().count() > 2_000 {
            return Err("A message has between 1 and 2,000 characters.".into());
        }
        let mut chat = lock(socket);
        let state = chat.rooms.get_mut(&room);
        let state = state.filter(|state| state.members.contains(&self.nick));
        let state = state.ok_or("Join the room first.")?;
        let message = Message {
            seq: state.seq + 1,
            from: self.nick.clone(),
            at: UNIX_EPOCH.elapsed().unwrap_or_default().as_millis(),
            room,
            text,
        };
        state.keep(message.clone());
        socket.to(&message.room).emit(&message)?;
        Ok(message)
    }
}

impl Handle<Typing> for Guest {
    async fn handle(&mut self, mut typing: Typing, socket: &Socket) -> Result<(), Rejection> {
        typing.nick.clone_from(&self.nick);
        if socket.rooms().contains(&typing.room) {
            socket.to(&typing.room).volatile().emit(&typing)?;
        }
        Ok(())
    }
}

impl Handle<ListRooms> for Guest {
    async fn handle(&mut self, _: ListRooms, socket: &Socket) -> Result<Rooms, Rejection> {
        Ok(lock(socket).list())
    }
}

impl Guest {
    fn leave(&self, chat: &mut Chat, these: impl Fn(&str) -> bool) {
        let (nick, socket) = (&*self.nick, &self.socket);
        for (room, state) in &mut chat.rooms {
            if these(room) && state.members.remove(nick) {
                // Nobody is left to be told that these fail.
                let _ = socket.leave(room);
                let _ = socket.to(room).emit(&Left { room, nick });
            }
        }
        let _ = socket.hub().emit(&chat.list());
    }
}

/// Never held over an await. Emits do not wait, so what is emitted under the lock reaches all in
/// the order of the changes.
fn lock(socket: &Socket) -> MutexGuard<'_, Chat> {
    let chat: &Mutex<Chat> = socket.state();
    chat.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refusal(reason: &str, text: &str) -> Refusal {
    Refusal::new(reason).with_data(&HashMap::from([("reason", reason), ("text", text)]))
}

/// Whether people can see all of a name.
fn is_name(name: &str, longest: usize) -> bool {
    let hidden = |c| matches!(c, '\0'..='\x1f' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{206f}');
    let length = name.chars().count();
    (1..=longest).contains(&length) && name.trim() == name && !name.contains(hidden)
}
