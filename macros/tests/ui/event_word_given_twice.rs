use roomcast::prelude::*;

#[derive(Event)]
#[event(name = "say", name = "tell")]
struct Say;

fn main() {}
