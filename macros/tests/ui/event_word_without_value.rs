use roomcast::prelude::*;

#[derive(Event)]
#[event(name)]
struct Say;

#[derive(Event)]
#[event(ack = )]
struct Join;

fn main() {}
