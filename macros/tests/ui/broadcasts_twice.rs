use roomcast::prelude::*;

#[derive(Serialize, Event)]
struct Said;

#[derive(Serialize, Event)]
struct Left;

#[derive(Serialize, Event)]
#[event(name = "said")]
struct SaidToo;

#[derive(EventHandlers)]
#[handles()]
#[emits(Said)]
#[broadcasts(Said, Left, SaidToo, Left)]
struct Chat;

impl Session for Chat {
    type Auth = ();

    async fn connect((): (), _: &TypedSocket<Self>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

fn main() {}
