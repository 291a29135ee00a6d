//! Namespaces, the sockets in them, and the sessions that applications write.

mod builder;
mod children;
mod core;
mod data;
mod describe_macro;
#[cfg(feature = "codegen")]
pub mod described;
mod expiry;
mod extensions;
mod extras;
mod guard;
mod handlers;
mod hub;
mod inner;
mod latencies;
mod limits;
mod live;
mod middleware;
mod params;
mod parent;
mod pattern;
mod recipient;
mod recoverable;
mod refusal;
mod server_side;
mod session;
mod session_state;
mod socket;
mod states;
mod typed;
mod unicast;
mod untyped;
mod waiters;
mod waiting;

pub(crate) use self::core::Core;
pub use crate::shard::handshake::Handshake;
pub use builder::NamespaceBuilder;
pub(crate) use builder::Setup;
pub use data::DataError;
pub use extensions::Extensions;
pub use handlers::{EventHandlers, Handle, Route};
pub use hub::{Hub, Namespace};
pub(crate) use inner::NamespaceInner;
pub(crate) use limits::{EventLimits, Limiter, TooMany};
pub(crate) use live::{Called, Connecting, Live, Outcome};
pub use middleware::ConnectAuth;
pub use params::{InvalidParams, Params};
pub use parent::ParentNamespace;
pub(crate) use recoverable::{Kept, Recoverable};
pub use refusal::Refusal;
pub use server_side::ServerAcks;
pub use session::{Reply, Session};
pub use session_state::SessionState;
pub use socket::Socket;
pub(crate) use states::States;
pub use typed::{
    Broadcasts, Emits, EmitsUntyped, TypedBroadcast, TypedNamespace, TypedSocket, TypedUnicast,
};
pub use unicast::Unicast;
pub use waiting::{Awaited, WaitError};
