//! Samples of the chapter "Guarantees".

use roomcast::{BuildError, SlowConsumer, prelude::*};

// ANCHOR: policy
/// A chat line must not be lost: a client that does not take it is cut, and comes back.
#[derive(Serialize, Event)]
struct Line {
    text: String,
}

/// Old positions are worthless. Of each player, only the newest one waits.
#[derive(Serialize, Event)]
#[event(slow_consumer = "latest", key = player)]
struct Position {
    player: u32,
    x: f32,
    y: f32,
}

/// Better the newest log lines than none.
#[derive(Serialize, Event)]
#[event(slow_consumer = "drop_oldest")]
struct Log {
    line: String,
}
// ANCHOR_END: policy

// ANCHOR: limits
fn hub<S: Session>() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<S>("/")
        .max_outbox_bytes(256 * 1024)
        .slow_consumer(SlowConsumer::DropNewest)
        .max_queued_events(16)
        .build()
}
// ANCHOR_END: limits
