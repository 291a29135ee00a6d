use roomcast::prelude::*;

#[derive(Serialize, Event)]
struct Said<'a>(&'a str);

#[derive(Serialize, Event)]
#[event(ack = u8)]
struct Ask;

#[derive(EventHandlers)]
#[handles()]
#[emits(Said<'_>, Ask)]
struct Chat;

impl Session for Chat {
    type Auth = ();

    async fn connect((): (), _: &TypedSocket<Self>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

async fn tell(socket: &TypedSocket<Chat>) {
    let _ = socket.emit_raw("said", &("text",));
    let _ = socket.emit_raw_with_ack("ask", &()).await;

    let _ = socket.untyped().emit_raw("said", &("text",));
}

fn main() {}
