//! One client's connection: an actor that owns the Engine.IO session, decodes what comes, and runs
//! the sessions of the client's sockets.
//!
//! | module | holds |
//! | --- | --- |
//! | [`actor`] | the actor, and what its shard tells it |
//! | [`context`] | its context: it lives in a task of its own, not in a response body |
//! | [`drive`] | its turn: read, run handlers, write, end |
//! | [`carrier`] | what carries the session: a WebSocket, or requests |
//! | [`wire`] | bytes to messages |
//! | [`polling`] | requests to packets, and the answers to polls |
//! | [`probe`] | a WebSocket that takes over from polling |
//! | [`packets`] | messages to packets, and what each asks for |
//! | [`clients`] | the sockets of the connection and where their sessions are |
//! | [`joining`] | clients that come |
//! | [`claim`] | what those show who come back |
//! | [`recovering`] | clients that come back |
//! | [`replaying`] | those whose session may be on another node |
//! | [`handling`] | their events |
//! | [`expiry`] | those whose time is over |
//! | [`waiting`] | those that a task waits for |
//! | [`leaving`] | clients that go |
//! | [`dismissed`] | what those send who do not know yet that they have gone |
//! | [`draining`] | what the connection does when its hub drains |
//! | [`keeping`] | what they can come back to |
//! | [`ending`] | how a session ends |
//! | [`spans`] | what traces show of it |

mod actor;
mod carrier;
mod claim;
mod clients;
mod context;
mod dismissed;
mod draining;
mod drive;
mod ending;
mod expiry;
mod handling;
mod joining;
mod keeping;
mod leaving;
mod limiting;
mod packets;
mod parsing;
mod polling;
mod probe;
mod recovering;
mod replaying;
mod spans;
mod spent;
mod waiting;
mod wire;

pub(crate) use actor::{Connection, Opening};
pub(crate) use spans::OnConnectionSpan;
