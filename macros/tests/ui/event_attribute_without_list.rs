use roomcast::prelude::*;

#[derive(Event)]
#[event = "chat message"]
struct Say;

#[derive(Event)]
#[event("chat message")]
struct Said;

fn main() {}
