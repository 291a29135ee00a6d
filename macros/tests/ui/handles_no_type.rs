use roomcast::prelude::*;

#[derive(EventHandlers)]
#[handles("say")]
struct Chat;

fn main() {}
