//! The only wiring: from options to a hub, from HTTP requests to connections, and the way out.

mod allow;
mod builder;
mod client_js;
mod http;
mod refused;
mod routes;
mod shutdown;
mod verify;

pub use builder::HubBuilder;
pub use refused::{ConnectionError, ErrorContext, Forbidden};
pub use shutdown::signals;
