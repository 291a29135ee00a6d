use roomcast::prelude::*;

struct Said;

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
