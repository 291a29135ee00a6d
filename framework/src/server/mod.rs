//! The only wiring: from options to a hub, from HTTP requests to connections, and the way out.

#[cfg(feature = "admin")]
mod admin_page;
mod affinity;
mod allow;
mod builder;
mod bundles;
mod client_js;
mod compress;
mod cookie;
mod cors;
mod denied;
mod drain;
mod file;
mod forwarded;
mod health;
mod http;
mod network;
mod operations;
mod origins;
mod polling;
mod proxy;
mod refused;
mod routes;
mod verify;

#[cfg(test)]
mod properties;

#[cfg(feature = "admin")]
pub use admin_page::AdminPage;
pub use builder::HubBuilder;
pub use cookie::{Cookie, SameSite};
pub use cors::Cors;
pub use drain::{Drained, NextSignal, signals};
pub use health::{BlockedWorker, Health, NotReady, Readiness};
pub use origins::Origins;
pub use proxy::{InvalidNetwork, TrustProxy};
pub use refused::{ConnectionError, ErrorContext, Forbidden};
