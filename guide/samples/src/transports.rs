//! Which transports clients may use.

use roomcast::{BuildError, Transports, prelude::*};

#[derive(EventHandlers)]
#[handles()]
struct Chat;

impl Session for Chat {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

// ANCHOR: choose
fn hub() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<Chat>("/")
        .transports(Transports::WebSocket)
        .build()
}
// ANCHOR_END: choose
