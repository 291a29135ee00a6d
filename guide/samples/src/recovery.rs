//! Samples of the chapter "Connection state recovery".

use std::time::Duration;

use roomcast::{BuildError, Recovery, SessionState, adapter::Redis, prelude::*};

#[derive(EventHandlers)]
#[handles(Point)]
struct Player {
    score: u32,
}

#[derive(Deserialize, Event)]
#[event(ack = u32)]
struct Point;

impl Handle<Point> for Player {
    async fn handle(&mut self, _: Point, _: &Socket) -> Result<u32, Rejection> {
        self.score += 1;
        Ok(self.score)
    }
}

fn shared(builder: roomcast::HubBuilder) -> roomcast::HubBuilder {
    // ANCHOR: streams
    builder
        .adapter(Redis::streams("redis://10.0.0.5/").max_len(100_000))
        .connection_state_recovery(Recovery::default())
    // ANCHOR_END: streams
}

// ANCHOR: build
fn hub() -> Result<Hub, BuildError> {
    let recovery = Recovery::new()
        .max_disconnection_duration(Duration::from_secs(60))
        .max_log_bytes(64 << 20);
    Hub::builder()
        .namespace::<Player>("/")
        .connection_state_recovery(recovery)
        .build()
}
// ANCHOR_END: build

// ANCHOR: session
impl Session for Player {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        socket.join("players")?;
        Ok(Self { score: 0 })
    }

    fn save(&self) -> Option<SessionState> {
        SessionState::of(&self.score)
    }

    async fn restore(state: SessionState, _: (), _: &Socket) -> Result<Self, Refusal> {
        // Already in "players" again.
        Ok(Self {
            score: state.read()?,
        })
    }
}
// ANCHOR_END: session

#[cfg(test)]
mod tests {
    use std::error::Error;

    use roomcast::testing::{RawClient, TestServer};

    use super::*;

    #[actix_web::test]
    async fn a_hub_with_recovery_sends_private_ids() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(hub()?);
        let mut client = RawClient::open(&server).await;
        client.send("40").await;
        let reply = client.next().await;
        assert!(format!("{reply:?}").contains("pid"), "{reply:?}");
        client.send(r#"421["point"]"#).await;
        client.expect_text("431[1]").await;
        Ok(())
    }
}
