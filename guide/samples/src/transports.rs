//! Which transports clients may use.

use roomcast::{BuildError, Transports, prelude::*};

// ANCHOR: choose
fn without_polling<S: Session>() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<S>("/")
        .transports(Transports::WebSocket)
        .build()
}
// ANCHOR_END: choose
