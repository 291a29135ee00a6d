use roomcast::prelude::*;

#[derive(Event)]
union Number {
    whole: u32,
    real: f32,
}

fn main() {
    let _ = (Number { whole: 1 }, Number { real: 1.0 });
}
