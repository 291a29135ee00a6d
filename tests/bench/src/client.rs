//! What a client of the benchmark can ask for.

use roomcast::prelude::*;
use serde_json::value::RawValue;

#[derive(Deserialize, Event)]
struct Join(String);

#[derive(Deserialize, Event)]
struct Publish(String, Box<RawValue>);

#[derive(Serialize, Event)]
struct Message(Box<RawValue>);

#[derive(Deserialize, Event)]
#[event(ack = Box<RawValue>)]
struct Echo(Box<RawValue>);

/// The session of a client, in the namespace `/`.
///
/// | it sends | it gets |
/// | --- | --- |
/// | `join` ROOM, with an ack | joins, then the ack |
/// | `publish` ROOM DATA | `message` DATA goes to everyone in ROOM |
/// | `echo` DATA, with an ack | the ack with DATA |
///
/// DATA is any JSON value; its text is handed on as it came.
#[derive(EventHandlers)]
#[handles(Join, Publish, Echo)]
pub struct Client;

impl Session for Client {
    type Auth = ();

    async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Join> for Client {
    async fn handle(&mut self, Join(room): Join, socket: &Socket) -> Result<(), Rejection> {
        socket.join(room)?;
        Ok(())
    }
}

impl Handle<Publish> for Client {
    async fn handle(
        &mut self,
        Publish(room, data): Publish,
        socket: &Socket,
    ) -> Result<(), Rejection> {
        socket.hub().to(room).emit(&Message(data))?;
        Ok(())
    }
}

impl Handle<Echo> for Client {
    async fn handle(&mut self, Echo(data): Echo, _: &Socket) -> Result<Box<RawValue>, Rejection> {
        Ok(data)
    }
}
