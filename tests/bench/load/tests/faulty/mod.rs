//! A server that does wrong: of so many messages one is lost, one is repeated, and one comes after the next.

use roomcast::prelude::*;
use serde_json::value::RawValue;

/// The messages among which each fault is once.
pub(crate) const EACH: u64 = 10;

#[derive(Deserialize, Event)]
struct Join(String);

#[derive(Deserialize, Event)]
struct Publish(String, Box<RawValue>);

#[derive(Serialize, Event)]
struct Message(Box<RawValue>);

#[derive(EventHandlers)]
#[handles(Join, Publish)]
pub(crate) struct Faulty {
    published: u64,
    held: Option<Message>,
}

impl Session for Faulty {
    type Auth = ();

    async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self {
            published: 0,
            held: None,
        })
    }
}

impl Handle<Join> for Faulty {
    async fn handle(&mut self, Join(room): Join, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.join(room)?)
    }
}

impl Handle<Publish> for Faulty {
    async fn handle(&mut self, publish: Publish, socket: &Socket) -> Result<(), Rejection> {
        let Publish(room, data) = publish;
        let (number, message) = (self.published % EACH, Message(data));
        self.published += 1;
        match number {
            2 => return Ok(()),
            6 => {
                self.held = Some(message);
                return Ok(());
            }
            _ => socket.hub().to(&room).emit(&message)?,
        }
        if number == 4 {
            socket.hub().to(&room).emit(&message)?;
        }
        if let Some(held) = self.held.take() {
            socket.hub().to(room).emit(&held)?;
        }
        Ok(())
    }
}
