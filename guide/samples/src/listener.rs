//! A session that handles nothing, for samples that are about its hub.

use roomcast::prelude::*;

#[derive(EventHandlers)]
#[handles()]
pub(crate) struct Listener;

impl Session for Listener {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}
