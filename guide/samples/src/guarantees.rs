//! Samples of the chapter "Guarantees".

use roomcast::{BuildError, SlowConsumer, prelude::*};

// ANCHOR: policy
/// A chat line must not be lost: a client that does not take it is cut, and comes back.
#[derive(Serialize, Event)]
struct Line {
    text: String,
}

/// Old positions are worthless. Of each player, only the newest one waits.
#[derive(Serialize, Event)]
#[event(slow_consumer = "latest", key = player)]
struct Position {
    player: u32,
    x: f32,
    y: f32,
}

/// Better the newest log lines than none.
#[derive(Serialize, Event)]
#[event(slow_consumer = "drop_oldest")]
struct Log {
    line: String,
}
// ANCHOR_END: policy

// ANCHOR: limits
fn hub<S: Session>() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<S>("/")
        .max_outbox_bytes(256 * 1024)
        .slow_consumer(SlowConsumer::DropNewest)
        .max_queued_events(16)
        .build()
}
// ANCHOR_END: limits

#[cfg(test)]
mod tests {
    use roomcast::{
        event::SlowConsumer,
        prelude::*,
        testing::{TestClient, TestServer},
    };

    use crate::listener::Listener;

    #[actix_web::test]
    async fn every_policy_delivers_to_a_client_that_reads() -> Result<(), Box<dyn std::error::Error>>
    {
        assert_eq!(super::Line::SLOW_CONSUMER, None);
        assert_eq!(super::Position::SLOW_CONSUMER, Some(SlowConsumer::Latest));
        assert_eq!(super::Log::SLOW_CONSUMER, Some(SlowConsumer::DropOldest));

        let server = TestServer::start(super::hub::<Listener>()?);
        let client = TestClient::connect(&server).await?;
        let hub = server.hub();
        hub.emit(&super::Line { text: "hi".into() })?;
        hub.emit(&super::Position {
            player: 1,
            x: 0.0,
            y: 0.0,
        })?;
        hub.emit(&super::Log {
            line: "started".into(),
        })?;
        for name in ["line", "position", "log"] {
            assert_eq!(client.next().await.name(), name);
        }
        Ok(())
    }
}
