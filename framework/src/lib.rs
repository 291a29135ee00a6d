//! A real-time server library on [actix](https://docs.rs/actix) and
//! [actix-web](https://docs.rs/actix-web) that speaks the Socket.IO protocol (Engine.IO v4,
//! Socket.IO v5): clients of Socket.IO 3 and 4, in any language, work with it.
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
//! | what an application implements: a session for each client, a handler for each event | [`Session`], [`Handle`], and the derives [`Event`](derive@Event) and [`EventHandlers`](derive@EventHandlers) |
//! | one client in one namespace | [`Socket`], or [`TypedSocket`] if the session declares what it emits |
//! | many clients: rooms, broadcasts, acks from many | [`Broadcast`], [`Namespace`] |
//! | users, and who is online | [`Hub::user`], [`Socket::track`], [`Presence`] |
//! | who may connect | [`NamespaceBuilder`], [`HubBuilder::allow_request`], [`Cors`] |
//! | several nodes as one server | [`HubBuilder::adapter`], [`adapter`], [`Cluster`], and `Emitter` for processes without a hub |
//! | untyped events | [`Session::any`], [`Session::unhandled`], [`Socket::emit_raw`] |
//! | TypeScript, AsyncAPI and Markdown of all events | `Hub::contract` (feature `codegen`) |
//! | the admin page of Socket.IO | `HubBuilder::admin` (feature `admin`) |
//! | health, readiness and metrics | [`Hub::operations`], [`Hub::health`], [`Hub::ready`], [`Stats`] |
//! | graceful shutdown | [`Hub::drain`], [`Hub::shutdown_on`], [`signals`] |
//! | testing an application | `testing` (feature `testing`) |
//! | errors | [`BuildError`], [`EmitError`], [`AckError`], [`DisconnectReason`], [`Stats`] |
//!
//! The repository has a guide: a tutorial, how-to pages, and a table of Socket.IO's whole server API with
//! the corresponding calls of this crate.
//!
//! A hub is one process, with any number of worker threads. With an [`adapter`], several processes act as
//! one server, together with Socket.IO servers on Node.js. Engine.IO v3 (Socket.IO 2), WebTransport and
//! JSONP are not supported.
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `redis` (on by default) | adapters that connect several nodes through Redis, and `Emitter`; enables `msgpack` |
//! | `msgpack` (on by default, by `redis`) | `parser::Msgpack`, for clients with `socket.io-msgpack-parser` |
//! | `admin` | `admin`, the server side of the page `@socket.io/admin-ui` |
//! | `codegen` | `contract`: TypeScript, an AsyncAPI document and Markdown of all events of a hub |
//! | `testing` | `testing`: a server inside the test, a typed client, and a simulated cluster |
//!
//! With `default-features = false` no Redis client and no TLS library is compiled.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "admin")]
pub mod admin;
#[cfg(feature = "codegen")]
pub mod contract;
pub mod event;
pub mod prelude;
#[cfg(feature = "testing")]
pub mod testing;

mod cluster;
mod config;
mod connection;
mod entropy;
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
    typed_user::TypedUser,
    users::User,
};
pub use config::{
    ClusterReadiness, Excess, PerMessageDeflate, Rate, ReadinessPolicy, Recovery, SharedState,
    SlowConsumer, Transports, WebSocketMode,
};
pub use error::{AckError, AdapterError, BuildError, DisconnectReason, EmitError, PublishError};
pub use event::{
    Event, Incoming, Outgoing, RawAck, RawEvent, RawReply, Rejection, RejectionKind, Target,
};
pub use id::{InvalidId, SocketId};
pub use metrics::Stats;
pub use namespace::{
    Awaited, Broadcasts, ConnectAuth, DataError, Emits, EventHandlers, Extensions, Handle,
    Handshake, Hub, InvalidParams, Namespace, NamespaceBuilder, Params, ParentNamespace, Refusal,
    Reply, Route, ServerAcks, Session, SessionState, Socket, TypedBroadcast, TypedNamespace,
    TypedSocket, TypedUnicast, Unicast, WaitError,
};
pub use protocol::socket_io::{Binary, parser};
pub use room::{Acks, Applied, Broadcast, FetchedSockets, RemoteSocket};
pub use roomcast_macros::{Event, EventHandlers};
#[cfg(feature = "admin")]
pub use server::AdminPage;
pub use server::{
    BlockedWorker, ConnectionError, Cookie, Cors, Drained, ErrorContext, Forbidden, Health,
    HubBuilder, InvalidNetwork, NextSignal, NotReady, Origins, Readiness, SameSite, TrustProxy,
    signals,
};

/// What derived code names.
#[doc(hidden)]
pub mod __private {
    pub use actix::Message;

    #[cfg(feature = "codegen")]
    pub use crate::namespace::described;
    pub use crate::{
        config::SlowConsumer,
        error::EmitError,
        event::{Args, Event, Rejects, distinct, key},
        namespace::{Broadcasts, Emits, EmitsUntyped, EventHandlers, Route, Socket, TypedSocket},
    };
}
