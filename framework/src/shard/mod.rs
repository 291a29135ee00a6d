//! The worker's part of delivery: who is in which room here, what is emitted to them, and when it
//! is written. No application code, and no knowledge of what a packet means.
//!
//! | module | holds |
//! | --- | --- |
//! | [`membership`] | rooms and members, pure |
//! | [`pending`] | what was emitted and not yet handed out, pure |
//! | [`draining`] | connections that go because their hub drains |
//! | [`deadlines`] | heartbeats and timeouts, pure |
//! | [`expiry`] | sockets that expire, pure |
//! | [`slot`] | one connection as its shard sees it |
//! | [`handshake`] | the request that opened a connection |
//! | [`held`] | what waits for a client until it is connected |
//! | [`state`] | all slots of the worker |
//! | [`apply`] | what a command does to the state |
//! | [`select`] | whom it names |
//! | [`seats`] | sockets and their rooms |
//! | [`emit`] | emits on their way to the outboxes |
//! | [`deflate`] | frames in the form that receivers agreed to |
//! | [`flush`] | writing in slices, and acting on deadlines |
//! | [`local`] | the shard for whoever runs on its worker |
//! | [`lender`] | what its connections borrow |
//! | [`inbox`] | what other threads ask of it |
//! | [`actor`] | the shard for everyone else |
//! | [`command`] | what can be asked of it |
//! | [`directory`] | what the workers share |
//! | [`workers`] | sets of them |
//! | [`recovery`] | what a namespace keeps for clients that come back: its [`log`], of events with an [`offset`] each, and the sessions that it has [`retained`], each restored with its [`ticket`]; what dynamic namespaces keep is [`shared`]; of a log of all nodes, the [`shared_log`], it is a reader |
//! | [`admission`] | who may open a connection |
//! | [`bucket`] | a token bucket, pure |
//! | [`observer`] | who is told what becomes of single sockets |
//! | [`monitor`] | what is told to whoever watches the hub |
//! | [`telling`] | what a worker tells of its sockets |
//! | [`traffic`] | what a worker counts for itself |
//! | [`clock`] | the time on a worker |
//! | [`pulse`] | whether a worker runs, and where |
//! | [`watch`] | the workers watch each other |
//! | [`failure`] | a worker whose own work panics |
//! | [`node`] | all workers of the process |
//! | [`uplink`] | the way to other nodes |

pub(crate) mod actor;
pub(crate) mod admission;
mod apply;
#[cfg(test)]
mod backlog_tests;
pub(crate) mod bucket;
pub(crate) mod clock;
pub(crate) mod command;
mod deadlines;
mod deflate;
pub(crate) mod directory;
pub(crate) mod draining;
mod emit;
mod expiry;
mod failure;
mod flush;
pub(crate) mod handshake;
mod held;
mod inbox;
mod lender;
pub(crate) mod local;
pub(crate) mod log;
mod membership;
#[cfg_attr(
    not(feature = "admin"),
    allow(dead_code, reason = "nobody can watch a hub without the feature")
)]
pub(crate) mod monitor;
pub(crate) mod node;
pub(crate) mod observer;
pub(crate) mod offset;
mod pending;
pub(crate) mod pulse;
pub(crate) mod recovery;
pub(crate) mod retained;
mod seats;
mod select;
pub(crate) mod shared;
pub(crate) mod shared_log;
pub(crate) mod slot;
mod state;
mod telling;
pub(crate) mod ticket;
pub(crate) mod traffic;
pub(crate) mod uplink;
pub(crate) mod watch;
mod workers;
