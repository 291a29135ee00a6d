use roomcast::prelude::*;

use crate::value::{Value, Values};

/// Takes part in rooms.
#[derive(EventHandlers)]
#[handles(Join, Leave, Cast)]
pub(super) struct Member;

#[derive(Deserialize)]
pub(super) struct Card {
    /// Becomes the socket's data.
    data: Option<Value>,
}

#[derive(Deserialize, Event)]
struct Join(String);

#[derive(Deserialize, Event)]
struct Leave(String);

/// To the others in a room: an event.
#[derive(Deserialize, Event)]
struct Cast(String, String, Values);

impl Session for Member {
    type Auth = Option<Card>;

    async fn connect(auth: Option<Card>, socket: &Socket) -> Result<Self, Refusal> {
        if let Some(data) = auth.and_then(|card| card.data) {
            socket.set_data(&data)?;
        }
        Ok(Self)
    }
}

impl Handle<Join> for Member {
    async fn handle(&mut self, Join(room): Join, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.join(room)?)
    }
}

impl Handle<Leave> for Member {
    async fn handle(&mut self, Leave(room): Leave, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.leave(room)?)
    }
}

impl Handle<Cast> for Member {
    async fn handle(&mut self, cast: Cast, socket: &Socket) -> Result<(), Rejection> {
        let Cast(room, event, args) = cast;
        Ok(socket.to(room).emit_raw(&event, &args)?)
    }
}
