//! Sessions that declare what they emit, in every form.

use std::marker::PhantomData;

use roomcast::{Emits, prelude::*};

#[derive(Deserialize, Event)]
pub struct Say(pub String);

#[derive(Serialize, Event)]
pub struct Said<'a>(pub &'a str);

#[derive(Serialize, Event)]
#[event(ack = bool)]
pub struct Ready;

#[derive(Serialize, Event)]
pub struct Wrapped<T>(pub T);

#[derive(EventHandlers)]
#[handles(Say)]
#[emits(Said<'_>, Ready, Wrapped<u8>)]
pub struct Chat;

impl Session for Chat {
    type Auth = ();

    async fn connect((): (), socket: &TypedSocket<Self>) -> Result<Self, Refusal> {
        socket.emit(&Said("welcome"))?;
        let held = socket.clone();
        actix_free(async move { held.emit_with_ack(&Ready).await.unwrap_or(false) });
        Ok(Self)
    }
}

fn actix_free(_: impl Future<Output = bool> + 'static) {}

impl Handle<Say> for Chat {
    async fn handle(&mut self, say: Say, socket: &TypedSocket<Self>) -> Result<(), Rejection> {
        socket
            .to("lobby")
            .except("bots")
            .volatile()
            .emit(&Said(&say.0))?;
        socket.namespace().everyone().emit(&Wrapped(1_u8))?;
        takes_any(socket);
        Ok(())
    }
}

fn takes_any(socket: &Socket) {
    let _ = socket.rooms();
}

#[derive(EventHandlers)]
#[handles()]
#[emits(Wrapped<T>)]
pub struct Generic<T: Serialize + 'static>(PhantomData<T>);

impl<T: Serialize + 'static> Session for Generic<T> {
    type Auth = Option<u8>;

    async fn connect(_: Option<u8>, _: &TypedSocket<Self>) -> Result<Self, Refusal> {
        Ok(Self(PhantomData))
    }
}

#[derive(EventHandlers)]
#[handles(Say)]
#[emits(Ready)]
#[broadcasts(Said<'_>, Wrapped<T>)]
pub struct Both<T: Serialize + 'static>(PhantomData<T>);

impl<T: Serialize + 'static> Session for Both<T> {
    type Auth = ();

    async fn connect((): (), socket: &TypedSocket<Self>) -> Result<Self, Refusal> {
        socket.emit(&Ready)?;
        socket.broadcast().emit(&Ready)?;
        Ok(Self(PhantomData))
    }
}

impl<T: Serialize + 'static> Handle<Say> for Both<T> {
    async fn handle(&mut self, say: Say, socket: &TypedSocket<Self>) -> Result<(), Rejection> {
        greet(socket)?;
        Ok(socket.to("lobby").emit(&Said(&say.0))?)
    }
}

/// Who may emit it to one may emit it to many.
fn greet<S: Emits<Ready>>(socket: &TypedSocket<S>) -> Result<(), EmitError> {
    socket.emit(&Ready)?;
    socket.namespace().emit(&Ready)
}

#[derive(EventHandlers)]
#[handles()]
#[broadcasts()]
pub struct Mute;

impl Session for Mute {
    type Auth = ();

    async fn connect((): (), _: &TypedSocket<Self>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

#[derive(EventHandlers)]
#[handles()]
#[emits()]
pub struct Silent;

impl Session for Silent {
    type Auth = ();

    async fn connect((): (), _: &TypedSocket<Self>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}
