//! Namespaces, the sockets in them, and the sessions that applications write.

mod builder;
mod children;
mod extensions;
mod guard;
mod handlers;
mod handshake;
mod hub;
mod inner;
mod live;
mod middleware;
mod params;
mod parent;
mod pattern;
mod recipient;
mod refusal;
mod session;
mod socket;
mod unicast;
mod untyped;

pub use builder::NamespaceBuilder;
pub(crate) use builder::Setup;
pub use extensions::Extensions;
pub use handlers::{EventHandlers, Handle, Route};
pub use handshake::Handshake;
pub(crate) use hub::{Core, States};
pub use hub::{Hub, Namespace};
pub(crate) use inner::NamespaceInner;
pub(crate) use live::{Called, Connecting, Live, Outcome};
pub use middleware::ConnectAuth;
pub use params::{InvalidParams, Params};
pub use parent::ParentNamespace;
pub use refusal::Refusal;
pub use session::{Reply, Session};
pub use socket::Socket;
pub use unicast::Unicast;
