//! Namespaces, the sockets in them, and the sessions that applications write.

mod extras;
mod handlers;
mod handshake;
mod hub;
mod live;
mod recipient;
mod refusal;
mod session;
mod socket;
mod unicast;
mod untyped;
mod waiters;
mod waiting;

pub use handlers::{EventHandlers, Handle, Route};
pub use handshake::Handshake;
pub(crate) use hub::{Core, NamespaceInner, States};
pub use hub::{Hub, Namespace};
pub(crate) use live::{Called, Connect, Connecting, Live, Outcome, connect};
pub use refusal::Refusal;
pub use session::{Reply, Session};
pub use socket::Socket;
pub use unicast::Unicast;
pub use waiting::{Awaited, WaitError};
