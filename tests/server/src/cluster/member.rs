use roomcast::prelude::*;

use crate::value::{Value, Values};

/// Takes part in rooms, and shows that it is there.
#[derive(EventHandlers)]
#[handles(Join, Leave, Cast, Track, Untrack, Watch)]
pub(super) struct Member;

#[derive(Deserialize)]
pub(super) struct Card {
    /// Becomes the socket's data.
    data: Option<Value>,
    /// Whose socket it is.
    user: Option<String>,
}

#[derive(Deserialize, Event)]
struct Join(String);

#[derive(Deserialize, Event)]
struct Leave(String);

/// To the others in a room: an event.
#[derive(Deserialize, Event)]
struct Cast(String, String, Values);

/// Present in a room, with what it says of itself.
#[derive(Deserialize, Event)]
struct Track(String, Value);

#[derive(Deserialize, Event)]
struct Untrack(String);

/// Wants to know who is present in a room.
#[derive(Deserialize, Event)]
struct Watch(String);

impl Session for Member {
    type Auth = Option<Card>;

    async fn connect(auth: Option<Card>, socket: &Socket) -> Result<Self, Refusal> {
        let Some(Card { data, user }) = auth else {
            return Ok(Self);
        };
        if let Some(data) = data {
            socket.set_data(&data)?;
        }
        if let Some(user) = user {
            socket.bind_user(&user)?;
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

impl Handle<Track> for Member {
    async fn handle(&mut self, track: Track, socket: &Socket) -> Result<(), Rejection> {
        let Track(room, meta) = track;
        Ok(socket.track(room, &meta)?)
    }
}

impl Handle<Untrack> for Member {
    async fn handle(&mut self, Untrack(room): Untrack, socket: &Socket) -> Result<(), Rejection> {
        socket.untrack(room);
        Ok(())
    }
}

impl Handle<Watch> for Member {
    async fn handle(&mut self, Watch(room): Watch, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.watch_presence(room)?)
    }
}
