//! A tab of somebody, and what it asks for.

use std::sync::{Mutex, MutexGuard, PoisonError};

use roomcast::prelude::*;

use crate::events::{Auth, Contact, Contacts, Conversation, Identity, Message, Read, Write};
use crate::people::{Known, People};

/// Where presence shows who is there.
const EVERYBODY: &str = "everybody";

#[derive(EventHandlers)]
#[handles(Write, Conversation, Read)]
pub(crate) struct Person(Known);

impl Session for Person {
    type Auth = Auth;

    async fn connect(auth: Auth, socket: &Socket) -> Result<Self, Refusal> {
        let known = identify(auth, socket)?;
        // What is for this person reaches all of their tabs. The id is ours: clients cannot choose whom they are.
        socket.bind_user(&known.id)?;
        socket.track(EVERYBODY, &())?;
        socket.watch_presence(EVERYBODY)?;
        Ok(Self(known))
    }
}

/// Who this is, told to the client; somebody new is told to the others.
fn identify(Auth { name, secret }: Auth, socket: &Socket) -> Result<Known, Refusal> {
    let mut people = lock(socket);
    let found = secret
        .as_deref()
        .and_then(|secret| people.find(secret).cloned());
    let (known, secret) = match (found, secret, name) {
        (Some(found), Some(secret), _) => (found, secret),
        // The server was restarted, and knows nobody any more.
        (_, _, None) => return Err("unknown_secret".into()),
        (_, secret, Some(name)) => {
            if !is_text(&name, 24) || name.trim() != name {
                return Err("A name has up to 24 characters.".into());
            }
            let (known, secret) = people.register(name, secret)?;
            socket.broadcast().emit(&Contact {
                id: known.id.clone(),
                name: known.name.clone(),
                unread: 0,
            })?;
            (known, secret)
        }
    };
    socket.emit(&Identity {
        id: &known.id,
        name: &known.name,
        secret: &secret,
    })?;
    socket.emit(&Contacts(people.contacts(&known.id)))?;
    Ok(known)
}

impl Handle<Write> for Person {
    async fn handle(&mut self, write: Write, socket: &Socket) -> Result<Message, Rejection> {
        let Write { to, text } = write;
        ensure(is_text(text.trim(), 1_000), "Too long or empty.")?;
        let mut people = lock(socket);
        // Also because an id is the name of a room, and not every room is a person's.
        ensure(
            people.has(&to) && to != self.0.id,
            "There is nobody like that.",
        )?;
        let message = people.conversations.write(&self.0.id, &to, text)?;
        let hub = socket.hub();
        hub.user(&to).emit(&message)?;
        // One's own other tabs show it as well; this one has it from the answer.
        let me = hub.user(&self.0.id);
        me.sockets().except(socket.id()).emit(&message)?;
        Ok(message)
    }
}

impl Handle<Conversation> for Person {
    async fn handle(
        &mut self,
        Conversation { with, after }: Conversation,
        socket: &Socket,
    ) -> Result<Vec<Message>, Rejection> {
        Ok(lock(socket).conversations.after(after, &self.0.id, &with))
    }
}

impl Handle<Read> for Person {
    async fn handle(&mut self, read: Read, socket: &Socket) -> Result<(), Rejection> {
        let mut people = lock(socket);
        people.conversations.read(&self.0.id, &read.with, read.seq);
        let hub = socket.hub();
        let me = hub.user(&self.0.id);
        Ok(me.sockets().except(socket.id()).emit(&read)?)
    }
}

/// Not to be held over an await. Emits do not wait, so what is emitted under the lock reaches everybody in the order of
/// the changes.
fn lock(socket: &Socket) -> MutexGuard<'_, People> {
    let people: &Mutex<People> = socket.state();
    people.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ensure(holds: bool, otherwise: &str) -> Result<(), &str> {
    if holds { Ok(()) } else { Err(otherwise) }
}

fn is_text(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.chars().count())
}
