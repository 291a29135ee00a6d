use roomcast::prelude::*;

#[derive(Event)]
struct ConnectError;

fn main() {}
