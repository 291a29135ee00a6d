//! For the tests of an application: a server in process on a free port, and clients for it.
//!
//! [`TestServer`] runs a [`Hub`](crate::Hub) exactly as in production, over real sockets.
//! [`TestClient`] speaks in typed events, the same types that the application declares; they only
//! need both `Serialize` and `Deserialize`. [`RawClient`] speaks in frames, for what a well-behaved
//! client never does.
//!
//! Nothing here sleeps, and nothing waits longer than [`PATIENCE`]: what does not come in time
//! panics with what came instead.
//!
//! ```
//! use roomcast::{prelude::*, testing::{TestClient, TestServer}};
//!
//! #[derive(Serialize, Deserialize, Event)]
//! struct Say { text: String }
//!
//! #[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
//! struct Said { text: String }
//!
//! #[derive(EventHandlers)]
//! #[handles(Say)]
//! struct Chat;
//!
//! impl Session for Chat {
//!     type Auth = ();
//!
//!     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
//!         Ok(Self)
//!     }
//! }
//!
//! impl Handle<Say> for Chat {
//!     async fn handle(&mut self, say: Say, socket: &Socket) -> Result<(), Rejection> {
//!         socket.broadcast().emit(&Said { text: say.text })?;
//!         Ok(())
//!     }
//! }
//!
//! #[actix_web::main] // in a test: #[actix_web::test] or #[tokio::test]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let server = TestServer::start(Hub::builder().namespace::<Chat>("/").build()?);
//!     let ann = TestClient::connect(&server).await?;
//!     let bob = TestClient::connect(&server).await?;
//!     ann.emit(&Say { text: "hi".into() }).await;
//!     assert_eq!(bob.expect::<Said>().await, Said { text: "hi".into() });
//!     server.stop().await;
//!     Ok(())
//! }
//! ```

use std::time::Duration;

mod builder;
mod client;
mod dial;
mod echo;
mod inbox;
mod link;
mod raw;
mod received;
mod server;
mod unexpected;

pub use builder::{ConnectRefused, TestClientBuilder};
pub use client::TestClient;
pub use echo::echo;
pub use raw::{Frame, RawClient};
pub use received::{Disconnected, Received};
pub use server::{TestServer, TestServerBuilder};

/// How long anything here waits before it gives up: 5 seconds.
pub const PATIENCE: Duration = Duration::from_secs(5);
