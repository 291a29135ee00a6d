//! The chat, in the namespace `/`.

use std::time::Duration;

use roomcast::{Incoming, NamespaceBuilder, RawEvent, prelude::*};
use serde_json::json;

// ANCHOR: auth
#[derive(EventHandlers)]
#[handles(Join, Say, TypingIn, Clear, Poll, Upload)]
struct Chat {
    name: String,
}

#[derive(Deserialize)]
struct Login {
    #[serde(default)]
    token: String,
}

#[derive(Serialize, Event)]
struct Welcome<'a>(&'a str);

impl Session for Chat {
    type Auth = Login;

    async fn connect(login: Login, socket: &Socket) -> Result<Self, Refusal> {
        let Some(name) = login.token.strip_prefix("user:") else {
            return Err(Refusal::new("not authorized").with_data(&json!({ "code": 401 })));
        };
        socket.set_data(name)?;
        socket.emit(&Welcome(name))?;
        Ok(Self {
            name: name.to_owned(),
        })
    }
    // ANCHOR_END: auth

    // ANCHOR: leave
    fn disconnecting(&mut self, socket: &Socket, _: DisconnectReason) {
        for room in socket.rooms() {
            let _ = socket.to(room).emit(&Left(&self.name));
        }
    }

    async fn disconnect(&mut self, _: &Socket, reason: DisconnectReason) {
        println!("{} has gone: {reason}", self.name);
    }
    // ANCHOR_END: leave

    // ANCHOR: any
    fn any(&mut self, event: &Incoming<'_>, socket: &Socket) {
        println!("{} {}", socket.id(), event.name());
    }
    // ANCHOR_END: any
}

// ANCHOR: join
#[derive(Deserialize, Event)]
#[event(ack = Vec<String>)]
struct Join(String);

#[derive(Serialize, Event)]
struct Joined<'a>(&'a str);

impl Handle<Join> for Chat {
    async fn handle(
        &mut self,
        Join(room): Join,
        socket: &Socket,
    ) -> Result<Vec<String>, Rejection> {
        socket.join(&room)?;
        socket.to(&room).emit(&Joined(&self.name))?;
        Ok(socket.rooms())
    }
}
// ANCHOR_END: join

// ANCHOR: say
#[derive(Deserialize, Event)]
struct Say {
    room: String,
    text: String,
}

#[derive(Serialize, Event)]
struct Said<'a> {
    from: &'a str,
    text: &'a str,
}

impl Handle<Say> for Chat {
    async fn handle(&mut self, say: Say, socket: &Socket) -> Result<(), Rejection> {
        let (from, text) = (&self.name, &say.text);
        socket.hub().to(&say.room).emit(&Said { from, text })?;
        Ok(())
    }
}
// ANCHOR_END: say

// ANCHOR: typing
#[derive(Deserialize, Event)]
#[event(name = "typing")]
struct TypingIn(String);

#[derive(Serialize, Event)]
struct Typing<'a>(&'a str);

impl Handle<TypingIn> for Chat {
    async fn handle(&mut self, TypingIn(room): TypingIn, socket: &Socket) -> Result<(), Rejection> {
        socket.to(room).volatile().emit(&Typing(&self.name))?;
        Ok(())
    }
}
// ANCHOR_END: typing

// ANCHOR: ask
#[derive(Deserialize, Event)]
#[event(ack = &'static str)]
struct Clear(String);

#[derive(Serialize, Event)]
#[event(name = "sure?", ack = bool)]
struct Sure(String);

impl Handle<Clear> for Chat {
    async fn handle(
        &mut self,
        Clear(room): Clear,
        socket: &Socket,
    ) -> Result<&'static str, Rejection> {
        let client = socket.timeout(Duration::from_secs(5));
        Ok(match client.emit_with_ack(&Sure(room)).await {
            Ok(true) => "cleared",
            Ok(false) => "kept",
            Err(_) => "no answer",
        })
    }
}
// ANCHOR_END: ask

// ANCHOR: poll
#[derive(Deserialize, Event)]
#[event(ack = Vec<u32>)]
struct Poll(String, String);

#[derive(Serialize, Event)]
#[event(ack = u32)]
struct Vote(String);

impl Handle<Poll> for Chat {
    async fn handle(
        &mut self,
        Poll(room, question): Poll,
        socket: &Socket,
    ) -> Result<Vec<u32>, Rejection> {
        let members = socket.hub().to(room).timeout(Duration::from_secs(2));
        let votes = members.emit_with_ack(&Vote(question)).await?;
        Ok(votes.into_values()) // of those who answered in time
    }
}
// ANCHOR_END: poll

// ANCHOR: binary
#[derive(Deserialize, Event)]
#[event(ack = usize)]
struct Upload(String, Binary);

#[derive(Serialize, Event)]
struct Uploaded {
    name: String,
    content: Binary,
}

impl Handle<Upload> for Chat {
    async fn handle(
        &mut self,
        Upload(name, content): Upload,
        socket: &Socket,
    ) -> Result<usize, Rejection> {
        let size = content.len();
        socket.broadcast().emit(&Uploaded { name, content })?;
        Ok(size)
    }
}
// ANCHOR_END: binary

// ANCHOR: left
#[derive(Serialize, Event)]
struct Left<'a>(&'a str);
// ANCHOR_END: left

// ANCHOR: guard
pub(super) fn guarded() -> NamespaceBuilder {
    NamespaceBuilder::named::<Chat>("/").event_middleware(async |event: &RawEvent, _: &Socket| {
        match event.name().starts_with("admin:") {
            true => Err(Rejection::new("not you")),
            false => Ok(()),
        }
    })
}
// ANCHOR_END: guard
