//! Samples of the chapter "Compression".

use roomcast::{BuildError, EmitError, PerMessageDeflate, prelude::*};

// ANCHOR: on
fn compressing<S: Session>() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<S>("/")
        .per_message_deflate(PerMessageDeflate::default())
        .build()
}
// ANCHOR_END: on

#[derive(Serialize, Event)]
struct Thumbnail {
    jpeg: Binary,
}

// ANCHOR: off
fn show(socket: &Socket, thumbnail: &Thumbnail) -> Result<(), EmitError> {
    // JPEG is compressed already.
    socket.to("gallery").compress(false).emit(thumbnail)
}
// ANCHOR_END: off
