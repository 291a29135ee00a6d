//! Adapters on Redis, and the link that carries them.

#![allow(dead_code, reason = "for adapters that are not there yet")]

mod backoff;
mod builder;
mod dialer;
mod interest;
mod line;
mod link;
#[cfg(test)]
mod link_tests;
mod options;
mod outbox;
mod publisher;
mod reply;
mod slot;
mod socket;
mod streams;
mod subscriber;
mod tls;
mod topology;

pub use builder::Redis;
pub use options::OutboxPolicy;
pub use streams::Streams;
