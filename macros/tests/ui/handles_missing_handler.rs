use roomcast::prelude::*;

#[derive(Deserialize, Event)]
struct Say;

mod room {
    use super::*;

    #[derive(Deserialize, Event)]
    pub struct Join;
}

#[derive(EventHandlers)]
#[handles(Say, room::Join)]
struct Chat;

impl Handle<Say> for Chat {
    async fn handle(&mut self, _: Say, _: &Socket) -> Result<(), Rejection> {
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
