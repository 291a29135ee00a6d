//! What the benchmarks' server serves, for those that serve it in their own process.

mod client;

pub use client::Client;
