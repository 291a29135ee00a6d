//! A page, and what the server knows of it.

use roomcast::{SessionState, prelude::*};

use crate::ticker;

/// What was typed.
#[derive(Deserialize, Event)]
struct Draft(String);

/// To a client that has connected: what the server knows of it.
#[derive(Serialize, Event)]
struct Known<'a> {
    draft: &'a str,
}

#[derive(Default, EventHandlers)]
#[handles(Draft)]
pub(crate) struct Visitor {
    draft: String,
}

impl Session for Visitor {
    type Auth = ();

    /// For clients that are new, or were away for too long.
    async fn connect((): (), socket: &Socket) -> Result<Self, Refusal> {
        socket.join(ticker::ROOM)?;
        socket.emit(&Known { draft: "" })?;
        Ok(Self::default())
    }

    /// What is kept while the client is away. The rooms and the events are kept anyway.
    fn save(&self) -> Option<SessionState> {
        SessionState::of(&self.draft)
    }

    /// For a client that has come back in time: it is in its rooms, and is sent what it missed.
    async fn restore(state: SessionState, (): (), socket: &Socket) -> Result<Self, Refusal> {
        let draft: String = state.read()?;
        socket.emit(&Known { draft: &draft })?;
        Ok(Self { draft })
    }
}

impl Handle<Draft> for Visitor {
    async fn handle(&mut self, Draft(text): Draft, _: &Socket) -> Result<(), Rejection> {
        if text.chars().count() > 500 {
            return Err("Too long.".into());
        }
        self.draft = text;
        Ok(())
    }
}
