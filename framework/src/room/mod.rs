//! Rooms: the actor that supervises each, and the builder through which everything is broadcast.

mod broadcast;
mod encoder;
mod fetched;
mod remote;
pub(crate) mod reserved;
mod supervisor;

pub use broadcast::{Acks, Applied, Broadcast};
pub(crate) use broadcast::{Asked, names};
pub(crate) use encoder::Encoder;
pub use fetched::FetchedSockets;
pub use remote::RemoteSocket;
pub(crate) use supervisor::supervise;
