use roomcast::prelude::*;

#[derive(EventHandlers)]
#[handles]
struct Chat;

fn main() {}
