use roomcast::prelude::*;

#[derive(Deserialize, Event)]
struct Say;

#[derive(Deserialize, Event)]
#[event(name = "say")]
struct Tell;

#[derive(EventHandlers)]
#[handles(Say, Tell)]
struct Chat;

impl Handle<Say> for Chat {
    async fn handle(&mut self, _: Say, _: &Socket) -> Result<(), Rejection> {
        Ok(())
    }
}

impl Handle<Tell> for Chat {
    async fn handle(&mut self, _: Tell, _: &Socket) -> Result<(), Rejection> {
        Ok(())
    }
}

impl Session for Chat {
    type Auth = ();

    async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

fn main() {}
