use roomcast::prelude::*;

#[derive(Event)]
#[event(slow_consumer = "drop_new")]
struct Say;

#[derive(Event)]
#[event(slow_consumer = "wait")]
struct Typing;

fn main() {}
