use roomcast::prelude::*;

#[derive(Serialize, Event)]
struct Said<'a>(&'a str);

#[derive(Serialize, Event)]
#[event(ack = u8)]
struct Ask;

#[derive(Deserialize, Event)]
struct Say;

#[derive(EventHandlers)]
#[handles(Say)]
#[emits(Said<'_>, Ask)]
struct Chat;

impl Session for Chat {
    type Auth = ();

    async fn connect((): (), _: &TypedSocket<Self>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Say> for Chat {
    async fn handle(&mut self, _: Say, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.emit(&Said("hi"))?)
    }
}

fn main() {}
