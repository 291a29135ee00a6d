//! Adapters on Redis, and the link that carries them.

#![expect(
    dead_code,
    reason = "the first adapter on it comes with the wire formats"
)]

mod backoff;
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
mod subscriber;
mod tls;
mod topology;

pub use options::OutboxPolicy;
