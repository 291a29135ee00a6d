//! There are rooms, and the server answers.

use roomcast::prelude::*;

// ANCHOR: events
#[derive(Deserialize, Event)]
#[event(ack = Vec<String>)]
struct Join {
    room: String,
}

#[derive(Deserialize, Event)]
struct Say {
    room: String,
    text: String,
}

#[derive(Serialize, Event)]
struct Said<'a> {
    room: &'a str,
    from: &'a str,
    text: &'a str,
}

#[derive(Serialize, Event)]
struct Joined<'a> {
    room: &'a str,
    nick: &'a str,
}

#[derive(Serialize, Event)]
struct Left<'a> {
    room: &'a str,
    nick: &'a str,
}
// ANCHOR_END: events

#[derive(Deserialize)]
struct Login {
    nick: String,
}

// ANCHOR: session
#[derive(EventHandlers)]
#[handles(Join, Say)]
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

    async fn disconnect(&mut self, socket: &Socket, _: DisconnectReason) {
        for room in socket.rooms() {
            let left = Left {
                room: &room,
                nick: &self.nick,
            };
            // The rooms' other members; a failure concerns nobody who is still here.
            let _ = socket.to(&room).emit(&left);
        }
    }
}
// ANCHOR_END: session

// ANCHOR: join
impl Handle<Join> for Chat {
    async fn handle(&mut self, join: Join, socket: &Socket) -> Result<Vec<String>, Rejection> {
        socket.join(&join.room)?;
        let joined = Joined {
            room: &join.room,
            nick: &self.nick,
        };
        socket.to(&join.room).emit(&joined)?;
        Ok(socket.rooms())
    }
}
// ANCHOR_END: join

// ANCHOR: say
impl Handle<Say> for Chat {
    async fn handle(&mut self, say: Say, socket: &Socket) -> Result<(), Rejection> {
        let Say { room, text } = &say;
        if !socket.rooms().contains(room) {
            return Err(Rejection::new("join the room first"));
        }
        socket.to(room).emit(&Said {
            room,
            from: &self.nick,
            text,
        })?;
        Ok(())
    }
}
// ANCHOR_END: say

#[cfg(test)]
pub(crate) fn hub() -> Result<Hub, roomcast::BuildError> {
    Hub::builder().namespace::<Chat>("/").build()
}
