//! Adapters, which carry messages between the nodes of a cluster. Give one to
//! [`HubBuilder::adapter`](crate::HubBuilder::adapter).
//!
//! With the feature `redis` (on by default) there are `Redis::pub_sub`, `Redis::sharded` and
//! `Redis::streams`, in the wire formats of Socket.IO's adapters for Node.js. [`InProcess`] connects
//! several hubs of one process, for tests. For anything else implement [`Adapter`].
//!
//! # An adapter of your own
//!
//! One that has no other nodes, and tells what they would be sent:
//!
//! ```
//! use std::{future::pending, sync::Arc};
//! use roomcast::{
//!     Hub,
//!     adapter::{
//!         Adapter, AdapterContext, AdapterError, AdapterFuture, Inbound, IntoAdapter, Message,
//!         PublishError,
//!     },
//! };
//!
//! struct Alone;
//!
//! impl IntoAdapter for Alone {
//!     fn into_adapter(self, _: AdapterContext) -> Result<Arc<dyn Adapter>, AdapterError> {
//!         Ok(Arc::new(self))
//!     }
//! }
//!
//! impl Adapter for Alone {
//!     fn run(self: Arc<Self>, inbound: Inbound) -> AdapterFuture<'static, ()> {
//!         inbound.connected();
//!         Box::pin(pending())
//!     }
//!
//!     fn attach(&self, _: &Arc<str>) {}
//!
//!     fn detach(&self, _: &str) {}
//!
//!     fn publish(&self, namespace: &str, message: &Message<'_>) -> Result<(), PublishError> {
//!         println!("to all other nodes with {namespace}: {message:?}");
//!         Ok(())
//!     }
//!
//!     fn respond(&self, _: &str, node: &str, message: &Message<'_>) -> Result<(), PublishError> {
//!         println!("to the node {node}: {message:?}");
//!         Ok(())
//!     }
//!
//!     fn server_count(&self, _: &str) -> AdapterFuture<'_, Result<usize, AdapterError>> {
//!         Box::pin(async { Ok(1) })
//!     }
//!
//!     fn close(&self) -> AdapterFuture<'_, ()> {
//!         Box::pin(async {})
//!     }
//! }
//!
//! let builder = Hub::builder().adapter(Alone);
//! ```

mod in_process;
mod inbound;
mod message;
mod owned;
mod recovery_log;
#[cfg(feature = "redis")]
mod redis;

use std::{future::Future, pin::Pin, sync::Arc};

#[cfg(all(feature = "admin", feature = "redis"))]
pub(crate) use self::redis::ExpiringKeys;
#[cfg(feature = "redis")]
pub use self::redis::{
    Emitter, EmitterBroadcast, EmitterError, IntoEmitter, OutboxPolicy, PubSub, Redis, Sharded,
    Streams, SubscriptionMode,
};
pub use in_process::InProcess;
#[cfg(feature = "testing")]
pub(crate) use in_process::{Carrier, Parcel};
pub use inbound::{Inbound, Received};
pub use message::{Data, Flags, Message, Options, SocketDetails};
pub use recovery_log::{RecoveryLog, SessionExtra, StoredSession};

pub use super::presence::store::{
    Diff, Entry, KeyState, Lease, Listener, MAX_METAS, Moment, NodeInfo, Page, Reaped, Renewal,
    Store, StoreError, StoreResult, Topic, Write,
};
use crate::{config::SharedState, metrics::Metrics};
pub use crate::{
    error::{AdapterError, PublishError},
    id::{EntryId, InvalidEntryId},
};

/// A future that an adapter returns.
pub type AdapterFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Carries messages between the nodes of a cluster. It does not know the members of rooms and does not
/// deliver events itself: it passes received messages to [`Inbound`].
///
/// One value serves all namespaces of a hub. Methods can be called from any thread, and must not block.
/// Hubs call them while they hold locks: [`attach`](Self::attach), [`detach`](Self::detach),
/// [`room_changed`](Self::room_changed), [`publish`](Self::publish) and [`respond`](Self::respond) must
/// not call the hub or [`Inbound`].
pub trait Adapter: Send + Sync + 'static {
    /// Connects, and receives until the future is dropped; it does not end by itself, whatever
    /// fails. Called on a worker before anything else is expected of the adapter, and again on
    /// another worker should that one end.
    ///
    /// It tells `inbound` when it [is connected](Inbound::connected), which it is once everything
    /// it has to hear is subscribed to, and when it [is not](Inbound::disconnected) any more.
    fn run(self: Arc<Self>, inbound: Inbound) -> AdapterFuture<'static, ()>;

    /// Called when the hub begins to serve a namespace: its messages have to be received from now on.
    fn attach(&self, namespace: &Arc<str>);

    /// Called when this node stops serving a namespace.
    fn detach(&self, namespace: &str);

    /// A room of the namespace has got its first member on this node, or lost its last one:
    /// [`Inbound::has_members`] tells which. Calls of several threads may come in any order.
    fn room_changed(&self, namespace: &str, room: &str) {
        let _ = (namespace, room);
    }

    /// Whether [`room_changed`](Self::room_changed) is to be called for sockets' private rooms, too.
    fn wants_private_rooms(&self) -> bool {
        false
    }

    /// Sends a message to all other nodes. It is taken over before this returns, and messages of
    /// one thread arrive in their order.
    ///
    /// # Errors
    /// [`PublishError`]: no other node gets it.
    fn publish(&self, namespace: &str, message: &Message<'_>) -> Result<(), PublishError>;

    /// Sends an answer to the node that asked, named as in
    /// [`Received::from`].
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    fn respond(&self, namespace: &str, to: &str, message: &Message<'_>)
    -> Result<(), PublishError>;

    /// Sends a [`FetchSockets`](Message::FetchSockets) that every other node answers only after all
    /// that [`publish`](Self::publish) was given before it.
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    fn barrier(&self, namespace: &str, message: &Message<'_>) -> Result<(), PublishError> {
        self.publish(namespace, message)
    }

    /// Whether what other nodes have [published](Self::publish) while this one was not connected comes once it
    /// is again. Of an adapter for which it does not, a node that has just come back
    /// [confirms](Self::barrier) nothing that was published before.
    fn resumes(&self) -> bool {
        false
    }

    /// Ready once everything is subscribed to that [`attach`](Self::attach) and
    /// [`room_changed`](Self::room_changed) have asked for so far.
    fn subscribed(&self) -> AdapterFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// How many nodes serve the namespace, this one included.
    fn server_count(&self, namespace: &str) -> AdapterFuture<'_, Result<usize, AdapterError>>;

    /// The ids of the nodes that serve the namespace, this one included, in no order. It may cost more
    /// than to count them.
    ///
    /// # Errors
    /// As [`server_count`](Self::server_count), and if the adapter cannot tell.
    fn server_ids(
        &self,
        namespace: &str,
    ) -> AdapterFuture<'_, Result<Vec<Arc<str>>, AdapterError>> {
        let _ = namespace;
        let error = AdapterError::new("the adapter does not know the ids of nodes");
        Box::pin(std::future::ready(Err(error)))
    }

    /// Where the nodes of the cluster keep what they share about users and presence. Called once.
    /// Without it, the hub knows of its own sockets only.
    fn store(&self, options: &SharedState) -> Option<Arc<dyn Store>> {
        let _ = options;
        None
    }

    /// The log that all nodes share, if the adapter has one and connection state recovery is on.
    fn recovery_log(&self) -> Option<&dyn RecoveryLog> {
        None
    }

    /// Ends the subscriptions, before [`close`](Self::close): no node counts this one from then on. What other
    /// nodes have asked before still comes, and is answered. Returns when that is done.
    ///
    /// By default it does nothing, and `close` ends them.
    fn unsubscribe(&self) -> AdapterFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Leaves the cluster: takes nothing more, sends what waits, and ends the subscriptions. Returns when
    /// that is done, however long other programs are away; the hub drops the future when a drain has no more
    /// time, which is not [clean](crate::Drained::clean) then.
    fn close(&self) -> AdapterFuture<'_, ()>;
}

/// Options that become an adapter when the hub is built.
pub trait IntoAdapter {
    /// Makes the adapter; nothing is connected yet.
    ///
    /// # Errors
    /// If the options are not valid.
    fn into_adapter(self, context: AdapterContext) -> Result<Arc<dyn Adapter>, AdapterError>;
}

/// What an adapter is told when it is made.
#[derive(Clone)]
#[non_exhaustive]
pub struct AdapterContext {
    /// The name of this node among the others: [`Hub::server_id`](crate::Hub::server_id).
    pub server_id: Arc<str>,
    /// Connection state recovery is on.
    pub recovery: bool,
    #[allow(dead_code, reason = "the Redis adapters count in them")]
    pub(crate) metrics: Arc<Metrics>,
}
