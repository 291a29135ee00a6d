use roomcast::prelude::*;

#[derive(Event)]
#[event(rejected = u8)]
struct Say;

fn main() {
    let _ = Say;
}
