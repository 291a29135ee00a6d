//! Adapters on Redis, and the link that carries them.

mod attached;
mod audience;
mod backoff;
mod builder;
mod counting;
mod dialer;
mod discovery;
mod emitter;
mod guard;
mod interest;
#[cfg(feature = "admin")]
mod keys;
mod line;
mod link;
#[cfg(test)]
mod link_tests;
mod options;
mod outbox;
mod pub_sub;
mod publish;
mod publisher;
mod refusal;
mod reply;
mod requests;
mod resp;
mod round_trips;
mod session;
mod sharded;
mod slot;
mod socket;
mod store;
mod streams;
mod subscriber;
mod tls;
mod topology;
mod waiting;

pub use builder::Redis;
pub use emitter::{Emitter, EmitterBroadcast, EmitterError, IntoEmitter};
#[cfg(feature = "admin")]
pub(crate) use keys::ExpiringKeys;
pub use options::OutboxPolicy;
pub use pub_sub::PubSub;
pub use sharded::{Sharded, SubscriptionMode};
pub use streams::Streams;
