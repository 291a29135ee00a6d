//! Samples of the chapter "Events and handlers": events without types.

use roomcast::{Incoming, RawEvent, RawReply, Target, prelude::*};

#[derive(EventHandlers)]
#[handles()]
struct Relay;

// ANCHOR: session
impl Session for Relay {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }

    fn any(&mut self, event: &Incoming<'_>, socket: &Socket) {
        println!("{}: {} {}", socket.id(), event.name(), event.json());
    }

    async fn unhandled(
        &mut self,
        event: RawEvent,
        socket: &Socket,
    ) -> Result<Option<RawReply>, Rejection> {
        match event.name() {
            "move" => {
                let (x, y) = event.args::<(i32, i32)>()?;
                socket.broadcast().emit_raw("moved", &(x, y))?;
                Ok(Some(RawReply::new(("seen", x + y))))
            }
            _ => Err(event.refuse()),
        }
    }
}
// ANCHOR_END: session

// ANCHOR: outgoing
fn traced() -> Result<Hub, roomcast::BuildError> {
    Hub::builder()
        .namespace::<Relay>("/")
        .on_any_outgoing(|event| match event.to() {
            Target::Socket(id) => println!("{} to {id}", event.name()),
            Target::Rooms { rooms, .. } => println!("{} to {rooms:?}", event.name()),
        })
        .build()
}
// ANCHOR_END: outgoing

// ANCHOR: ask
async fn ask(socket: &Socket) -> Result<u32, Box<dyn std::error::Error>> {
    let answer = socket.emit_raw_with_ack("how many", &("apples",)).await?;
    let (count,) = answer.args::<(u32,)>()?;
    Ok(count)
}
// ANCHOR_END: ask

#[cfg(test)]
mod tests {
    use roomcast::testing::{TestClient, TestServer};

    use super::*;

    #[actix_web::test]
    async fn an_untyped_event_is_handled_and_answered() {
        let server = TestServer::start(traced().expect("a hub"));
        let client = TestClient::connect(&server).await.expect("a client");
        let other = TestClient::connect(&server).await.expect("a client");
        let answer = client.emit_raw_with_ack("move", &(1, 2)).await;
        assert_eq!(answer.json(), r#"["seen",3]"#);
        assert_eq!(other.next().await.json(), "[1,2]");
    }
}
