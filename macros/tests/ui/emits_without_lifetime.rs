use roomcast::prelude::*;

#[derive(Serialize, Event)]
struct Said<'a>(&'a str);

#[derive(Serialize, Event)]
#[event(ack = u8)]
struct Ask;

#[derive(EventHandlers)]
#[handles()]
#[emits(Said)]
struct Chat;

impl Session for Chat {
    type Auth = ();

    async fn connect((): (), _: &TypedSocket<Self>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

fn main() {}
