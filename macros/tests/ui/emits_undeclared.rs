use roomcast::prelude::*;

#[derive(Serialize, Event)]
struct Said<'a>(&'a str);

#[derive(Serialize, Event)]
#[event(ack = u8)]
struct Ask;

#[derive(EventHandlers)]
#[handles()]
#[emits(Said<'_>)]
struct Chat;

impl Session for Chat {
    type Auth = ();

    async fn connect((): (), _: &TypedSocket<Self>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

async fn tell(socket: &TypedSocket<Chat>) {
    let _ = socket.emit(&Ask);
    let _ = socket.emit_with_ack(&Ask).await;
    let _ = socket.to("lobby").emit(&Ask);
    let _ = socket.broadcast().emit_with_ack(&Ask).await;
    let _ = socket.volatile().emit(&Ask);
    let _ = socket.namespace().emit(&Ask);
    let _ = socket.namespace().user("ann").emit(&Ask);
    let _ = socket.namespace().user("ann").sockets().emit(&Ask);
    let _ = socket.recipient::<Ask>();

    let _ = socket.emit(&Said("declared"));
    let _ = socket.untyped().emit(&Ask);
}

fn main() {}
