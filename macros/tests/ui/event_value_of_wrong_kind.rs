use roomcast::prelude::*;

#[derive(Event)]
#[event(name = 5)]
struct Say;

#[derive(Event)]
#[event(ack = "Receipt")]
struct Join;

#[derive(Event)]
#[event(slow_consumer = latest, key = "user_id")]
struct Typing {
    user_id: u64,
}

fn main() {
    let _ = Typing { user_id: 1 }.user_id;
}
