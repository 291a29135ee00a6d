//! The only wiring: from options to a hub, from HTTP requests to connections, and the way out.

mod affinity;
mod allow;
mod builder;
mod bundles;
mod client_js;
mod compress;
mod cookie;
mod cors;
mod file;
mod health;
mod http;
mod network;
mod operations;
mod origins;
mod polling;
mod proxy;
mod refused;
mod routes;
mod shutdown;
mod verify;

#[cfg(test)]
mod properties;

pub use builder::HubBuilder;
pub use cookie::{Cookie, SameSite};
pub use cors::Cors;
pub use health::{BlockedWorker, Health, NotReady, Readiness};
pub use origins::Origins;
pub use proxy::{InvalidNetwork, TrustProxy};
pub use refused::{ConnectionError, ErrorContext, Forbidden};
pub use shutdown::signals;
