use roomcast::prelude::*;

#[derive(Serialize, Event)]
struct Said(u8, #[serde(skip_serializing_if = "Option::is_none")] Option<String>);

fn main() {
    let said = Said(1, None);
    let _ = (said.0, said.1);
}
