use roomcast::prelude::*;

#[derive(EventHandlers)]
struct Chat;

fn main() {}
