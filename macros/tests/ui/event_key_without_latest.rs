use roomcast::prelude::*;

#[derive(Event)]
#[event(key = user_id)]
struct Typing {
    user_id: u64,
}

#[derive(Event)]
#[event(slow_consumer = "close", key = 0)]
struct Moved(u64);

fn main() {
    let _ = (Typing { user_id: 1 }.user_id, Moved(1).0);
}
