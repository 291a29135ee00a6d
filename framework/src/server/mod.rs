//! The only wiring: from options to a hub, from HTTP requests to connections, and the way out.

mod allow;
mod builder;
mod client_js;
mod compress;
mod cors;
mod http;
mod origins;
mod polling;
mod proxy;
mod refused;
mod routes;
mod shutdown;
mod verify;

pub use builder::HubBuilder;
pub use cors::Cors;
pub use origins::Origins;
pub use proxy::{InvalidNetwork, TrustProxy};
pub use refused::{ConnectionError, ErrorContext, Forbidden};
pub use shutdown::signals;
