use std::{
    collections::HashMap,
    ops::Deref,
    sync::{Mutex, PoisonError},
};

use roomcast::{Refusal, Socket, SocketId};
use serde::Serialize;

use crate::events::Auth;

const MAX_NICK: usize = 24; // characters
const MAX_TOKEN: usize = 64; // bytes

/// The names in use, in lower case.
#[derive(Default)]
pub(crate) struct Nicks(Mutex<HashMap<String, Owner>>);

struct Owner {
    socket: SocketId,
    token: Option<String>,
}

/// A name in use; free again when this is dropped.
pub(crate) struct Nick {
    name: String,
    socket: Socket,
}

impl Nick {
    /// Takes a name, and tells from which dead connection of the same page.
    pub(crate) fn take(auth: Auth, socket: &Socket) -> Result<(Self, Option<SocketId>), Refusal> {
        let Auth { nick: name, token } = auth;
        let too_long = name.chars().count() > MAX_NICK;
        if too_long || !is_plain(&name) || token.as_ref().is_some_and(|t| t.len() > MAX_TOKEN) {
            return Err(refusal("nick_invalid", "This name cannot be used."));
        }
        let owner = Owner { socket: socket.id(), token };
        let Nicks(nicks) = socket.state();
        let mut nicks = nicks.lock().unwrap_or_else(PoisonError::into_inner);
        let key = name.to_lowercase();
        if nicks.get(&key).is_some_and(|other| other.token.is_none() || other.token != owner.token) {
            return Err(refusal("nick_taken", "Somebody here has this name already."));
        }
        let previous = nicks.insert(key, owner).map(|owner| owner.socket);
        let socket = socket.clone();
        Ok((Self { name, socket }, previous))
    }
}

impl Deref for Nick {
    type Target = str;

    fn deref(&self) -> &str {
        &self.name
    }
}

impl Drop for Nick {
    fn drop(&mut self) {
        let Nicks(nicks) = self.socket.state();
        let mut nicks = nicks.lock().unwrap_or_else(PoisonError::into_inner);
        let key = self.name.to_lowercase();
        if nicks.get(&key).is_some_and(|owner| owner.socket == self.socket.id()) {
            nicks.remove(&key);
        }
    }
}

/// Whether people can see the whole of it: no blanks around it, no control or invisible characters.
pub(crate) fn is_plain(name: &str) -> bool {
    let invisible = |c: char| {
        let format = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
        c.is_control() || format || c == '\u{ad}' || c == '\u{feff}'
    };
    !name.is_empty() && name.trim() == name && !name.contains(invisible)
}

fn refusal(reason: &str, text: &str) -> Refusal {
    #[derive(Serialize)]
    struct Data<'a> {
        reason: &'a str,
        text: &'a str,
    }
    Refusal::new(reason).with_data(&Data { reason, text })
}
