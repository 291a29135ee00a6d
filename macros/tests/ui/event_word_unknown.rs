use roomcast::prelude::*;

#[derive(Event)]
#[event(nam = "chat message")]
struct Say;

#[derive(Event)]
#[event(volatile)]
struct Typing;

fn main() {}
