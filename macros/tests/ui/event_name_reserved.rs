use roomcast::prelude::*;

#[derive(Event)]
#[event(name = "disconnecting")]
struct Leaving;

fn main() {}
