//! The events by which a test tells the server what to do.

use roomcast::{event::Args, prelude::*};

use crate::value::{Value, Values};

/// Events with any number of arguments, which the derive has no form for.
macro_rules! with_any_arguments {
    ($event:ident, $name:literal, $ack:ty, $ack_args:expr) => {
        #[derive(Serialize, Deserialize)]
        #[serde(transparent)]
        pub(crate) struct $event(pub(crate) Values);

        impl roomcast::event::Event for $event {
            const NAME: &'static str = $name;
            const ARGS: roomcast::event::Args = roomcast::event::Args::Many(0);
            type Ack = $ack;
            const ACK_ARGS: roomcast::event::Args = $ack_args;
        }
    };
}
pub(crate) use with_any_arguments;

// The names and answers of the official conformance suite.
with_any_arguments!(Message, "message", (), Args::None);
with_any_arguments!(MessageBack, "message-back", (), Args::None);
with_any_arguments!(MessageWithAck, "message-with-ack", Values, Args::Many(0));

#[derive(Deserialize, Event)]
#[event(ack = Identity)]
pub(crate) struct Whoami;

#[derive(Serialize)]
pub(crate) struct Identity {
    pub(crate) id: roomcast::SocketId,
    pub(crate) nsp: String,
    pub(crate) rooms: Vec<String>,
    pub(crate) query: String,
    pub(crate) secure: bool,
    pub(crate) recovered: bool,
}

#[derive(Deserialize, Event)]
pub(crate) struct Join(pub(crate) String);

#[derive(Deserialize, Event)]
pub(crate) struct Leave(pub(crate) String);

/// Becomes the data of the sender's socket.
#[derive(Deserialize, Event)]
pub(crate) struct Describe(pub(crate) Value);

/// Emits an event to others.
#[derive(Default, Deserialize, Event)]
#[serde(default)]
pub(crate) struct Cast {
    pub(crate) to: Vec<String>,
    pub(crate) except: Vec<String>,
    /// From the namespace, so that the sender gets it as well.
    pub(crate) from_all: bool,
    pub(crate) volatile: bool,
    pub(crate) event: String,
    pub(crate) args: Values,
}

/// Asks the sender a question.
#[derive(Deserialize, Event)]
#[event(ack = Answers)]
pub(crate) struct AskMe {
    pub(crate) question: Value,
    pub(crate) timeout: u64, // ms
}

/// Asks everyone in a room, the sender too.
#[derive(Deserialize, Event)]
#[event(ack = Answers)]
pub(crate) struct AskRoom {
    pub(crate) room: String,
    pub(crate) question: Value,
    pub(crate) timeout: u64, // ms
}

#[derive(Serialize, Event)]
#[event(ack = Value)]
pub(crate) struct Question(pub(crate) Value);

#[derive(Serialize, Default)]
pub(crate) struct Answers {
    pub(crate) answers: Vec<Value>,
    pub(crate) error: Option<String>,
}

/// Emits to the sender: this many numbers, in their order.
#[derive(Deserialize, Event)]
pub(crate) struct Count(pub(crate) u32);

#[derive(Serialize, Event)]
pub(crate) struct Number(pub(crate) u32);

/// Who is in a room.
#[derive(Deserialize, Event)]
#[event(ack = Vec<Found>)]
pub(crate) struct Fetch(pub(crate) String);

#[derive(Serialize)]
pub(crate) struct Found {
    pub(crate) id: roomcast::SocketId,
    pub(crate) rooms: Vec<String>,
}

/// Disconnects the sender; with `true` its connection.
#[derive(Deserialize, Event)]
pub(crate) struct DisconnectMe(pub(crate) bool);

/// Disconnects the others in a room; with `true` their connections.
#[derive(Deserialize, Event)]
pub(crate) struct DisconnectRoom(pub(crate) String, pub(crate) bool);

#[derive(Deserialize, Event)]
pub(crate) struct Panic;

#[derive(Deserialize, Event)]
pub(crate) struct Refuse(pub(crate) String);

/// To everyone else in the namespace: a socket has gone; why, and which rooms it was in.
#[derive(Serialize, Event)]
pub(crate) struct Gone(
    pub(crate) roomcast::SocketId,
    pub(crate) String,
    pub(crate) Vec<String>,
);

/// Whoever is in this room is told of every event that arrives from them.
pub(crate) const EAVESDROP: &str = "eavesdrop";

/// An event that arrived: its name, its arguments, whether it asks for an ack.
#[derive(Serialize, Event)]
pub(crate) struct Heard(pub(crate) String, pub(crate) Values, pub(crate) bool);
