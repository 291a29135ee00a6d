//! The emitter.

use roomcast::{Emitter, prelude::*};

// ANCHOR: emit
#[derive(Serialize, Event)]
struct Built {
    version: String,
}

async fn tell(version: String) -> Result<(), Box<dyn std::error::Error>> {
    let emitter = Emitter::connect("redis://10.0.0.5/").await?;
    emitter.to("developers").emit(&Built { version }).await?;
    let boards = emitter.of("/status");
    boards.to("boards").emit_raw("refresh", &()).await?;
    boards.to("old").disconnect(true).await?;
    Ok(())
}
// ANCHOR_END: emit
