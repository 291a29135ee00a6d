//! Events of every form.

use roomcast::prelude::*;

#[derive(Serialize, Deserialize, Event)]
#[event(name = "chat message", ack = Result<Receipt, std::string::String>)]
pub struct Say {
    pub room: String,
    pub text: String,
}

#[derive(Serialize, Deserialize)]
pub struct Receipt {
    pub id: u64,
}

#[derive(Serialize, Deserialize, Event)]
#[event()]
pub struct Moved(pub u8, pub u8);

#[derive(Serialize, Deserialize, Event)]
pub struct Nick(pub String);

#[derive(Serialize, Deserialize, Event)]
#[serde(transparent)]
pub struct Topic {
    pub text: String,
}

#[derive(Serialize, Deserialize, Event)]
pub struct Ping;

#[derive(Serialize, Deserialize, Event)]
pub struct Pong();

#[derive(Serialize, Event)]
#[event(name = "chat message")]
pub struct Said<'a, T, const N: usize = 1>
where
    T: Serialize,
{
    pub from: &'a str,
    pub extra: T,
    #[serde(skip)]
    pub copies: [u8; N],
}

#[derive(Serialize, Event)]
#[event(slow_consumer = "latest", key = 0)]
pub struct Cursor<'a>(pub &'a str, pub u32);

#[derive(Serialize, Event)]
#[event(slow_consumer = "latest", key = r#type)]
pub struct r#Raw {
    pub r#type: u8,
}
