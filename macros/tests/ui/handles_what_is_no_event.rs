use roomcast::prelude::*;

#[derive(Deserialize)]
struct Say;

#[derive(EventHandlers)]
#[handles(Say)]
struct Chat;

fn main() {}
