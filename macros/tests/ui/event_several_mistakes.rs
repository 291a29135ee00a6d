use roomcast::prelude::*;

#[derive(Event)]
#[event(name = "", akc = Receipt, slow_consumer = "drop_oldest", key = user)]
struct Typing {
    user_id: u64,
}

// The impl is there in spite of them: what uses it is no mistake.
fn is_an_event(typing: Typing) -> impl Event {
    typing
}

fn main() {
    let _ = is_an_event(Typing { user_id: 1 });
}
