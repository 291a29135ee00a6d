//! The testing kit (feature `testing`): a server inside the test, on a free port, and clients for it.
//!
//! [`TestServer`] runs a [`Hub`](crate::Hub) as in production, over real sockets. [`TestClient`] sends
//! and receives the event types of the application, which need both `Serialize` and `Deserialize` for
//! that. [`RawClient`] sends and receives WebSocket frames, to test what a well-behaved client never
//! does.
//!
//! [`VirtualCluster`] simulates several nodes on one thread, in virtual time, with faults that are
//! derived from a seed.
//!
//! Nothing here sleeps, and nothing waits longer than [`PATIENCE`]: when an expected event does not
//! arrive in time, the test panics with what arrived instead.
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
mod recovery;
mod server;
mod unexpected;
mod virtual_cluster;

pub use builder::{ConnectRefused, TestClientBuilder};
pub use client::TestClient;
pub use echo::echo;
pub use raw::{Frame, RawClient};
pub use received::{Disconnected, Received};
pub use recovery::RecoveryTicket;
pub use server::{TestServer, TestServerBuilder};
pub use virtual_cluster::{
    Faults, Report, VirtualCluster, VirtualClusterBuilder, for_each_seed, with_seed,
};

/// How long everything here waits at most before it panics: 5 seconds.
pub const PATIENCE: Duration = Duration::from_secs(5);
