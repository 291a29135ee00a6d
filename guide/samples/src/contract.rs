//! Samples of the chapter "The contract".

use roomcast::Namespace;
// ANCHOR: uses
use roomcast::prelude::*;
use schemars::JsonSchema;
use ts_rs::TS;

// ANCHOR_END: uses
// ANCHOR: described
/// Says something to everybody else.
#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[event(ack = Receipt)]
struct Say {
    text: String,
    /// The message that it answers.
    answers: Option<u64>,
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
struct Receipt {
    /// The number of the message.
    id: u64,
}
// ANCHOR_END: described

// ANCHOR: emits
/// Somebody else has said something.
#[derive(Serialize, Event, TS, JsonSchema)]
struct Said<'a> {
    text: &'a str,
}

/// What the room is called, to who comes.
#[derive(Serialize, Event, TS, JsonSchema)]
struct Welcome<'a>(&'a str);

/// The server will close.
#[derive(Serialize, Event, TS, JsonSchema)]
struct Closing {
    minutes: u8,
}

#[derive(EventHandlers)]
#[handles(Say)]
#[emits(Welcome<'_>)]
#[broadcasts(Said<'_>, Closing)]
struct Chat;

impl Session for Chat {
    type Auth = ();

    async fn connect((): (), socket: &TypedSocket<Self>) -> Result<Self, Refusal> {
        socket.emit(&Welcome("lobby"))?;
        Ok(Self)
    }
}

impl Handle<Say> for Chat {
    async fn handle(&mut self, say: Say, socket: &TypedSocket<Self>) -> Result<Receipt, Rejection> {
        socket.broadcast().emit(&Said { text: &say.text })?;
        Ok(Receipt { id: 1 })
    }
}
// ANCHOR_END: emits

// ANCHOR: elsewhere
fn close(hub: &Hub) -> Result<(), EmitError> {
    match hub.namespace("/").map(Namespace::typed::<Chat>) {
        Some(chat) => chat.emit(&Closing { minutes: 5 }),
        None => Ok(()),
    }
}
// ANCHOR_END: elsewhere

fn hub() -> Hub {
    let hub = Hub::builder().namespace::<Chat>("/").build();
    hub.expect("a hub")
}

#[cfg(test)]
mod tests {
    use roomcast::testing::{TestClient, TestServer};

    use super::*;

    // ANCHOR: current
    #[test]
    fn the_contract_is_current() {
        let contract = hub().contract().titled("Chat", "1.0.0");
        contract.assert_current("src/contract/chat.ts");
        contract.assert_current("src/contract/chat.asyncapi.json");
        contract.assert_current("src/contract/chat.md");
    }
    // ANCHOR_END: current

    #[actix_web::test]
    async fn what_is_declared_reaches_clients() {
        let server = TestServer::start(hub());
        let ada = TestClient::connect(&server).await.expect("a client");
        let bob = TestClient::connect(&server).await.expect("a client");
        for client in [&ada, &bob] {
            assert_eq!(client.next().await.json(), r#"["lobby"]"#);
        }
        let say = Say {
            text: "hello".to_owned(),
            answers: None,
        };
        assert_eq!(ada.emit_with_ack(&say).await.id, 1);
        assert_eq!(bob.next().await.json(), r#"[{"text":"hello"}]"#);
        close(server.hub()).expect("an emit");
        assert_eq!(bob.next().await.json(), r#"[{"minutes":5}]"#);
    }
}

#[cfg(test)]
mod text;
