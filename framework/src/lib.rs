//! An actor-based real-time framework on [actix](https://docs.rs/actix) and
//! [actix-web](https://docs.rs/actix-web) that speaks the Socket.IO protocol (Engine.IO v4,
//! Socket.IO v5), so that every Socket.IO v4 client works with it.
//!
//! ```
//! use roomcast::prelude::*;
//!
//! #[derive(Deserialize, Event)]
//! struct Say {
//!     room: String,
//!     text: String,
//! }
//!
//! #[derive(Serialize, Event)]
//! struct Said<'a> {
//!     text: &'a str,
//! }
//!
//! #[derive(EventHandlers)]
//! #[handles(Say)]
//! struct Chat;
//!
//! impl Session for Chat {
//!     type Auth = ();
//!
//!     async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
//!         socket.join("lobby")?;
//!         Ok(Self)
//!     }
//! }
//!
//! impl Handle<Say> for Chat {
//!     async fn handle(&mut self, say: Say, socket: &Socket) -> Result<(), Rejection> {
//!         socket.to(&say.room).emit(&Said { text: &say.text })?;
//!         Ok(())
//!     }
//! }
//!
//! let hub = Hub::builder().namespace::<Chat>("/").build()?;
//! # Ok::<_, roomcast::BuildError>(())
//! ```
//!
//! # Where to start
//!
//! | what | where |
//! | --- | --- |
//! | the server: build it, mount it, shut it down | [`Hub`], and all its options: [`HubBuilder`] |
//! | what an application writes: a value for each client, a handler for each event | [`Session`], [`Handle`], and the derives [`Event`](derive@Event) and [`EventHandlers`](derive@EventHandlers) |
//! | one client in one namespace | [`Socket`] |
//! | many: rooms, acks from all, who is there | [`Broadcast`] |
//! | who may connect | [`NamespaceBuilder`], [`HubBuilder::allow_request`], [`Cors`] |
//! | several servers as one | [`HubBuilder::adapter`], [`adapter`], [`Cluster`], and `Emitter` for processes without a hub |
//! | events without types | [`Session::any`], [`Session::unhandled`], [`Socket::emit_raw`] |
//! | whether it is well | [`Hub::operations`], [`Hub::health`], [`Hub::ready`], [`Stats`] |
//! | what goes wrong | [`BuildError`], [`EmitError`], [`AckError`], [`DisconnectReason`], [`Stats`] |
//!
//! The repository has a guide. It ports a server from Node.js piece by piece, and has a table of
//! Socket.IO's whole server API with the calls of this crate.
//!
//! A hub is one process with as many workers as you like. Several are one server with an
//! [`adapter`]; servers on Node.js may be among them. Engine.IO v3, WebTransport and JSONP are not
//! there.
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `redis` (on by default) | adapters that make several nodes one server, with Redis in between; brings `msgpack` |
//! | `msgpack` | `parser::Msgpack`, for clients with `socket.io-msgpack-parser` |
//! | `testing` | `testing`, a server in process and a typed client for the tests of an application |
//!
//! Without `redis` nothing of TLS or Redis is compiled: `default-features = false`.

pub mod event;
pub mod prelude;
#[cfg(feature = "testing")]
pub mod testing;

mod cluster;
mod config;
mod connection;
mod error;
mod id;
mod metrics;
mod namespace;
mod protocol;
mod room;
mod server;
mod shard;
mod supervision;
mod transport;

#[cfg(feature = "redis")]
pub use cluster::adapter::{Emitter, EmitterBroadcast, EmitterError};
pub use cluster::{
    Cluster, ClusterEvent, adapter,
    presence::{
        Presence, PresenceChange, PresenceDiff, PresenceError, PresencePage, PresenceState,
        PresenceWatch, Present,
        store::{NodeInfo, StoreError},
    },
    users::User,
};
pub use config::{
    ClusterReadiness, PerMessageDeflate, ReadinessPolicy, Recovery, SharedState, SlowConsumer,
    Transports, WebSocketMode,
};
pub use error::{AckError, AdapterError, BuildError, DisconnectReason, EmitError, PublishError};
pub use event::{
    Event, Incoming, Outgoing, RawAck, RawEvent, RawReply, Rejection, RejectionKind, Target,
};
pub use id::{InvalidId, SocketId};
pub use metrics::Stats;
pub use namespace::{
    Awaited, ConnectAuth, DataError, EventHandlers, Extensions, Handle, Handshake, Hub,
    InvalidParams, Namespace, NamespaceBuilder, Params, ParentNamespace, Refusal, Reply, Route,
    ServerAcks, Session, SessionState, Socket, Unicast, WaitError,
};
pub use protocol::socket_io::{Binary, parser};
pub use room::{Acks, Applied, Broadcast, FetchedSockets, RemoteSocket};
pub use roomcast_macros::{Event, EventHandlers};
pub use server::{
    BlockedWorker, ConnectionError, Cookie, Cors, ErrorContext, Forbidden, Health, HubBuilder,
    InvalidNetwork, NotReady, Origins, Readiness, SameSite, TrustProxy, signals,
};

/// What derived code names.
#[doc(hidden)]
pub mod __private {
    pub use actix::Message;

    pub use crate::{
        config::SlowConsumer,
        error::EmitError,
        event::{Args, Event, distinct, key},
        namespace::{EventHandlers, Route},
    };
}
