//! Everyone has a nick name.

use roomcast::prelude::*;

#[derive(Deserialize, Event)]
struct Say {
    text: String,
}

// ANCHOR: said
#[derive(Serialize, Event)]
struct Said<'a> {
    from: &'a str,
    text: &'a str,
}
// ANCHOR_END: said

// ANCHOR: session
#[derive(Deserialize)]
struct Login {
    nick: String,
}

#[derive(EventHandlers)]
#[handles(Say)]
struct Chat {
    nick: String,
}

impl Session for Chat {
    type Auth = Login;

    async fn connect(login: Login, _: &Socket) -> Result<Self, Refusal> {
        if login.nick.trim().is_empty() {
            return Err(Refusal::new("please choose a nick name"));
        }
        Ok(Self { nick: login.nick })
    }
}

impl Handle<Say> for Chat {
    async fn handle(&mut self, say: Say, socket: &Socket) -> Result<(), Rejection> {
        let (from, text) = (&self.nick, &say.text);
        socket.broadcast().emit(&Said { from, text })?;
        Ok(())
    }
}
// ANCHOR_END: session

#[cfg(test)]
pub(crate) fn hub() -> Result<Hub, roomcast::BuildError> {
    Hub::builder().namespace::<Chat>("/").build()
}
