//! The other nodes: what they are told, what they tell, and what carries it.
//!
//! | module | holds |
//! | --- | --- |
//! | [`adapter`] | what nodes tell each other, and what carries it |
//! | [`core`] | what a hub has of its cluster |
//! | [`actor`] | the actor that runs the adapter, on one worker |
//! | [`link`] | the uplink of a namespace: from the hub to the adapter |
//! | [`delivery`] | events and changes for the sockets here |
//! | [`shared_log`] | the log of all nodes, and the sessions whose clients may come back to any |
//! | [`answering`] | what is asked of this node |
//! | [`asking`] | what this node asks of all others |
//! | [`confirming`] | when this node must not say that it has done what it was told |
//! | `client` | what nodes that are watched tell of a socket's connection |
//! | [`handle`] | the cluster as an application sees it |
//! | [`namesake`] | another node with this node's name |
//! | [`naming`] | the names of the nodes, asked for seldom |
//! | [`requests`] | what this node has asked, and the answers |
//! | [`state`] | whether it is connected |
//! | [`presence`] | what nodes share about users and rooms, under leases |
//! | [`under_way`] | what other nodes have told this one, and is not done yet |
//! | [`users`] | everything that is done to all sockets of a user |
//! | [`typed_user`] | the same, of what a session declares that it emits |
//! | `wire` | what the Redis adapters write and read, as pure codecs |

mod actor;
pub mod adapter;
mod answering;
mod asking;
mod client;
mod confirming;
mod core;
mod delivery;
mod handle;
mod link;
mod namesake;
mod naming;
pub(crate) mod presence;
pub(crate) mod requests;
mod shared_log;
mod state;
pub(crate) mod typed_user;
mod under_way;
pub(crate) mod users;
#[cfg(feature = "redis")]
mod wire;

pub(crate) use self::core::{Core, MakeAdapter};
pub use handle::Cluster;
pub use state::ClusterEvent;
pub(crate) use state::OnCluster;
