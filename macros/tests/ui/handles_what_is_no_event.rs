use roomcast::prelude::*;

#[derive(Deserialize)]
struct Say;

#[derive(EventHandlers)]
#[handles(Say)]
struct Chat;

impl Session for Chat {
    type Auth = ();

    async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

fn main() {}
