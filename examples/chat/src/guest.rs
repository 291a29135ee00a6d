use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::UNIX_EPOCH,
};

use roomcast::prelude::*;

use crate::{events::*, rooms::*};

/// Somebody in the chat, until this is dropped.
#[derive(EventHandlers)]
#[handles(Join, Leave, Say, Typing, ListRooms)]
pub(crate) struct Guest {
    nick: String,
    socket: Socket,
}

impl Session for Guest {
    type Auth = Auth;

    async fn connect(auth: Auth, socket: &Socket) -> Result<Self, Refusal> {
        let Auth { nick, token } = auth;
        if !is_name(&nick, 24) || token.as_ref().is_some_and(|token| token.len() > 64) {
            return Err(refusal("nick_invalid", "This name cannot be used."));
        }
        let key = nick.to_lowercase();
        let owner = chat(socket).nicks.get(&key).cloned();
        let previous = ...
        if let Some((dead, _)) = previous {
            socket.hub().to(dead).disconnect(true).await?;
        }
        Ok(guest)
    }
}
