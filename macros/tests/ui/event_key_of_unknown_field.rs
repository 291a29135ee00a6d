use roomcast::prelude::*;

#[derive(Event)]
#[event(slow_consumer = "latest", key = user)]
struct Typing {
    user_id: u64,
    room: String,
}

#[derive(Event)]
#[event(slow_consumer = "latest", key = 2)]
struct Moved(u64, u8);

#[derive(Event)]
#[event(slow_consumer = "latest", key = user)]
struct Ping;

fn main() {
    let typing = Typing {
        user_id: 1,
        room: String::new(),
    };
    let moved = Moved(1, 2);
    let _ = (typing.user_id, typing.room, moved.0, moved.1);
}
