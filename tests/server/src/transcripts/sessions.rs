use std::sync::{Mutex, PoisonError};

use roomcast::{Incoming, event::Args, prelude::*};
use serde_json::json;

use super::say;
use crate::{
    commands::with_any_arguments,
    value::{Value, Values},
};

/// The sockets of the main namespace, in the order in which they connected.
#[derive(Default)]
pub(super) struct Sockets(Mutex<Vec<Socket>>);

impl Sockets {
    fn add(&self, socket: &Socket) {
        let mut sockets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sockets.push(socket.clone());
    }

    pub(super) fn all(&self) -> Vec<Socket> {
        let sockets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sockets.clone()
    }
}

with_any_arguments!(Message, "message", (), Args::None);
with_any_arguments!(WithAck, "with ack", Values, Args::Many(0));
with_any_arguments!(BinAck, "bin ack", Values, Args::Many(0));
with_any_arguments!(Echo, "echo", (), Args::None);

#[derive(Deserialize, Event)]
#[event(name = "ask me")]
struct AskMe;

/// Asks for text of so many bytes.
#[derive(Deserialize, Event)]
struct N(usize);

/// The same, not to be compressed.
#[derive(Deserialize, Event)]
struct Nc(usize);

/// A question with any answer.
#[derive(Serialize)]
struct Question(u32);

impl Event for Question {
    const NAME: &'static str = "question";
    const ARGS: Args = Args::One;
    type Ack = Values;
    const ACK_ARGS: Args = Args::Many(0);
}

/// The main namespace.
#[derive(EventHandlers)]
#[handles(Message, WithAck, BinAck, Echo, AskMe, N, Nc)]
pub(super) struct Main;

impl Session for Main {
    type Auth = ();

    async fn connect((): (), socket: &Socket) -> Result<Self, Refusal> {
        connected(socket);
        socket.state::<Sockets>().add(socket);
        Ok(Self)
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        disconnected(socket, reason);
    }

    fn any(&mut self, event: &Incoming<'_>, socket: &Socket) {
        happened(event, socket);
    }
}

impl Handle<Message> for Main {
    async fn handle(&mut self, event: Message, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.emit_raw("message-back", &event.0)?)
    }
}

impl Handle<WithAck> for Main {
    async fn handle(&mut self, event: WithAck, _: &Socket) -> Result<Values, Rejection> {
        Ok(event.0)
    }
}

impl Handle<BinAck> for Main {
    async fn handle(&mut self, event: BinAck, _: &Socket) -> Result<Values, Rejection> {
        let mut answer = vec![Value::Binary(Binary::from(vec![9, 9]))];
        answer.extend(event.0);
        Ok(answer)
    }
}

impl Handle<Echo> for Main {
    async fn handle(&mut self, event: Echo, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.emit_raw("echo", &event.0)?)
    }
}

impl Handle<AskMe> for Main {
    async fn handle(&mut self, _: AskMe, socket: &Socket) -> Result<(), Rejection> {
        let socket = socket.clone();
        actix_web::rt::spawn(async move {
            if let Ok(answer) = socket.emit_with_ack(&Question(1)).await {
                say("ack received", &json!(answer));
            }
        });
        Ok(())
    }
}

impl Handle<N> for Main {
    async fn handle(&mut self, N(bytes): N, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.emit_raw("d", &("x".repeat(bytes),))?)
    }
}

impl Handle<Nc> for Main {
    async fn handle(&mut self, Nc(bytes): Nc, socket: &Socket) -> Result<(), Rejection> {
        let plain = socket.compress(false);
        Ok(plain.emit_raw("d", &("x".repeat(bytes),))?)
    }
}

/// A namespace that lets everyone in.
#[derive(EventHandlers)]
#[handles()]
pub(super) struct Watched;

impl Session for Watched {
    type Auth = ();

    async fn connect((): (), socket: &Socket) -> Result<Self, Refusal> {
        connected(socket);
        Ok(Self)
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        disconnected(socket, reason);
    }

    fn any(&mut self, event: &Incoming<'_>, socket: &Socket) {
        happened(event, socket);
    }
}

/// A namespace that asks for a token.
#[derive(EventHandlers)]
#[handles()]
pub(super) struct Admin;

#[derive(Deserialize)]
pub(super) struct Token {
    token: String,
}

impl Session for Admin {
    type Auth = Token;

    async fn connect(auth: Token, socket: &Socket) -> Result<Self, Refusal> {
        if auth.token != "ok" {
            let data = json!({ "content": "Please retry later" });
            return Err(Refusal::new("not authorized").with_data(&data));
        }
        connected(socket);
        Ok(Self)
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        disconnected(socket, reason);
    }

    fn any(&mut self, event: &Incoming<'_>, socket: &Socket) {
        happened(event, socket);
    }
}

/// A namespace that lets nobody in.
#[derive(EventHandlers)]
#[handles()]
pub(super) struct Closed;

impl Session for Closed {
    type Auth = ();

    async fn connect((): (), socket: &Socket) -> Result<Self, Refusal> {
        Err(Refusal::new(match socket.namespace().name() {
            "/plain" => "nope",
            _ => "denied",
        }))
    }
}

fn connected(socket: &Socket) {
    let about = json!({ "recovered": socket.recovered(), "rooms": rooms(socket) });
    say("connection", &json!([socket.namespace().name(), about]));
}

fn disconnected(socket: &Socket, reason: DisconnectReason) {
    let (nsp, reason) = (socket.namespace().name().to_owned(), reason.to_string());
    let about = json!({ "rooms": rooms(socket) });
    say("disconnecting", &json!([nsp, reason, about]));
    say("disconnect", &json!([nsp, reason]));
}

fn happened(event: &Incoming<'_>, socket: &Socket) {
    let mut args = vec![json!(socket.namespace().name()), json!(event.name())];
    let values: Values = event.args().unwrap_or_default();
    args.extend(values.iter().map(|value| json!(value)));
    if event.wants_ack() {
        args.push(json!({ "$function": true }));
    }
    say("event", &json!(args));
}

/// The room that bears a socket's own id included, as in Socket.IO.
fn rooms(socket: &Socket) -> Vec<String> {
    let mut rooms = socket.rooms();
    rooms.push(socket.id().to_string());
    rooms
}
