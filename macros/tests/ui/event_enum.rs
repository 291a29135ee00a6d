use roomcast::prelude::*;

#[derive(Event)]
#[event(name = "moved")]
enum Direction {
    Left,
    Right,
}

fn main() {
    let _ = [Direction::Left, Direction::Right];
}
