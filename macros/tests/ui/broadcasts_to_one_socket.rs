use roomcast::prelude::*;

#[derive(Serialize, Event)]
struct Said<'a>(&'a str);

#[derive(EventHandlers)]
#[handles()]
#[broadcasts(Said<'_>)]
struct Chat;

impl Session for Chat {
    type Auth = ();

    async fn connect((): (), socket: &TypedSocket<Self>) -> Result<Self, Refusal> {
        socket.emit(&Said("alone"))?;
        Ok(Self)
    }
}

fn tell(socket: &TypedSocket<Chat>) {
    let _ = socket.volatile().emit(&Said("alone"));

    let _ = socket.broadcast().emit(&Said("declared"));
    let _ = socket.to("lobby").emit(&Said("declared"));
    let _ = socket.namespace().emit(&Said("declared"));
    let _ = socket.namespace().user("ann").emit(&Said("declared"));
    let _ = socket.untyped().emit(&Said("alone"));
}

#[derive(EventHandlers)]
#[handles()]
#[emits()]
struct Silent;

impl Session for Silent {
    type Auth = ();

    async fn connect((): (), socket: &TypedSocket<Self>) -> Result<Self, Refusal> {
        socket.broadcast().emit(&Said("undeclared"))?;
        Ok(Self)
    }
}

fn main() {}
