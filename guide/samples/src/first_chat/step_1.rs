//! Everyone hears everyone.

// ANCHOR: events
use roomcast::prelude::*;

#[derive(Deserialize, Event)]
struct Say {
    text: String,
}

#[derive(Serialize, Event)]
struct Said<'a> {
    text: &'a str,
}
// ANCHOR_END: events

// ANCHOR: session
#[derive(EventHandlers)]
#[handles(Say)]
struct Chat;

impl Session for Chat {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Say> for Chat {
    async fn handle(&mut self, say: Say, socket: &Socket) -> Result<(), Rejection> {
        socket.broadcast().emit(&Said { text: &say.text })?;
        Ok(())
    }
}
// ANCHOR_END: session

#[cfg(test)]
pub(crate) fn hub() -> Result<Hub, roomcast::BuildError> {
    Hub::builder().namespace::<Chat>("/").build()
}
