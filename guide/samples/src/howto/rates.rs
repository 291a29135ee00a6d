//! Samples of "Limit rates".

use std::time::Duration;

use roomcast::{BuildError, Excess, HubBuilder, NamespaceBuilder, Rate, prelude::*};

// ANCHOR: events
#[derive(Deserialize, Event)]
#[event(ack = usize)]
struct Shout(String);

#[derive(Deserialize, Event)]
struct Typing;
// ANCHOR_END: events

// ANCHOR: namespace
fn chat() -> NamespaceBuilder {
    NamespaceBuilder::named::<Chat>("/rates")
        .event_rate_of::<Shout>(Rate::per_minute(20).burst(2))
        .event_rate_of::<Typing>(Rate::per_second(2))
        .event_rate(Rate::per_second(20).burst(50))
}
// ANCHOR_END: namespace

// ANCHOR: hub
fn hub() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace_with(chat())
        .byte_rate(Rate::per_second(64 << 10).burst(1 << 20))
        .excess(Excess::Refuse)
        .handshake_rate_per_address(Rate::per_minute(60))
        .max_connections_per_address(20)
        .idle_timeout(Duration::from_secs(3600))
        .build()
}
// ANCHOR_END: hub

#[derive(EventHandlers)]
#[handles(Shout, Typing)]
struct Chat {
    heard: usize,
}

impl Session for Chat {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self { heard: 0 })
    }
}

impl Handle<Shout> for Chat {
    async fn handle(&mut self, _: Shout, _: &Socket) -> Result<usize, Rejection> {
        self.heard += 1;
        Ok(self.heard)
    }
}

impl Handle<Typing> for Chat {
    async fn handle(&mut self, _: Typing, socket: &Socket) -> Result<(), Rejection> {
        socket.broadcast().volatile().emit_raw("typing", &())?;
        Ok(())
    }
}

pub(crate) fn add(to: HubBuilder) -> HubBuilder {
    to.namespace_with(chat())
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use roomcast::testing::{TestClient, TestServer};

    #[actix_web::test]
    async fn the_third_at_once_is_told_when() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(super::hub()?);
        let client = TestClient::builder(&server).namespace("/rates");
        let client = client.connect().await?;
        let shout = || client.emit_raw_with_ack("shout", &["hey"]);
        let (first, second, refused) = tokio::join!(shout(), shout(), shout());
        assert_eq!([first.json(), second.json()], ["[1]", "[2]"]);
        for part in ["too many events", "event_rate_of", "retryAfter"] {
            assert!(refused.json().contains(part), "{refused}");
        }
        Ok(())
    }
}
