//! Presence on real Redis servers, whatever happens to them and to the nodes: nobody who stayed
//! seems to go, and nobody who went seems to stay for longer than a lease.

#![cfg(feature = "redis")]
mod deployments;
mod keys;
mod leaving;
mod losses;
mod outages;
mod world;
