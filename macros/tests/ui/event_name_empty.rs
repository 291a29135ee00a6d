use roomcast::prelude::*;

#[derive(Event)]
#[event(name = "")]
struct Say;

fn main() {}
