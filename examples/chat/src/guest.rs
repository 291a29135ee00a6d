use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use roomcast::{SocketId, prelude::*};

use crate::{events::*, rooms::*};

/// Somebody in the chat; when it is dropped, the nick is free and its places are empty.
#[derive(EventHandlers)]
#[handles(Join, Leave, Say, Typing, ListRooms)]
pub(crate) struct Guest {
    nick: String,
    socket: Socket,
}

impl Session for Guest {
    type Auth = Auth;

    async fn connect(Auth { nick, token }: Auth, socket: &Socket) -> Result<Self, Refusal> {
        if !is_name(&nick, 24) || token.as_ref().is_some_and(|token| token.len() > 64) {
            return Err(refusal("nick_invalid", "This name cannot be used."));
        }
        let owner = {
            let nicks = &mut chat(socket).nicks;
            let owner = nicks.get(&nick.to_lowercase());
            if owner.is_some_and(|(_, theirs)| theirs.is_none() || *theirs != token) {
                return Err(refusal("nick_taken", "Somebody here has this name."));
            }
            nicks.insert(nick.to_lowercase(), (socket.id(), token))
        };
        let socket = socket.clone();
        let guest = Self { nick, socket };
        if let Some((dead, _)) = owner {
            guest.take_over(dead).await?;
        }
        Ok(guest)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let key = self.nick.to_lowercase();
        let mut chat = chat(&self.socket);
        if chat
            .nicks
            .get(&key)
            .is_some_and(|(owner, _)| *owner == self.socket.id())
        {
            chat.nicks.remove(&key);
            drop(chat);
            self.leave(|_| true);
        }
    }
}

impl Handle<Join> for Guest {
    async fn handle(&mut self, join: Join, socket: &Socket) -> Result<Room, Rejection> {
        let (room, nick) = (&*join.room, &*self.nick);
        let others = socket.rooms().iter().filter(|other| *other != room).count();
        if !is_name(room, 32) || others >= 20 {
            return Err("You cannot be in more rooms, or in one of this name.".into());
        }
        let mut chat = chat(socket);
        let state = chat.open(room)?;
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
    async fn handle(&mut self, leave: Leave, _: &Socket) -> Result<(), Rejection> {
        self.leave(|room| room == leave.room);
        Ok(())
    }
}

impl Handle<Say> for Guest {
    async fn handle(&mut self, say: Say, socket: &Socket) -> Result<Message, Rejection> {
        let Say { room, text } = say;
        if text.trim().is_empty() || text.chars().count() > 2_000 {
            return Err("A message has between 1 and 2,000 characters.".into());
        }
        let mut chat = chat(socket);
        let state = chat.rooms.get_mut(&room);
        let state = state.filter(|state| state.members.contains(&self.nick));
        let state = state.ok_or("Join the room first.")?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let message = Message {
            room,
            seq: state.seq + 1,
            from: self.nick.clone(),
            text,
            at: now.unwrap_or_default().as_millis() as u64,
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
        Ok(chat(socket).list())
    }
}

impl Guest {
    /// Takes the places of a connection that died.
    async fn take_over(&self, dead: SocketId) -> Result<(), Refusal> {
        self.socket.hub().to(dead).disconnect(true).await?;
        for (room, state) in &chat(&self.socket).rooms {
            if state.members.contains(&self.nick) {
                self.socket.join(room)?;
            }
        }
        Ok(())
    }

    fn leave(&self, is_left: impl Fn(&str) -> bool) {
        let (nick, socket) = (&*self.nick, &self.socket);
        let mut chat = chat(socket);
        for (room, state) in &mut chat.rooms {
            if is_left(room) && state.members.remove(nick) {
                let _ = socket.leave(room);
                let _ = socket.to(room).emit(&Left { room, nick });
            }
        }
        let _ = socket.hub().emit(&chat.list());
    }
}

/// Locked for a few lines, never over an await. Emits do not wait: made under the lock, they are
/// in the order of the changes.
fn chat(socket: &Socket) -> MutexGuard<'_, Chat> {
    let chat: &Mutex<Chat> = socket.state();
    chat.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refusal(reason: &str, text: &str) -> Refusal {
    Refusal::new(reason).with_data(&HashMap::from([("reason", reason), ("text", text)]))
}

/// Whether people can see all of a name, and it is not too long.
fn is_name(name: &str, longest: usize) -> bool {
    let hidden = |c| matches!(c, '\0'..' ' | '\u{7f}'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{206f}');
    (1..=longest).contains(&name.chars().count()) && name.trim() == name && !name.contains(hidden)
}
