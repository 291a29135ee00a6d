//! The only wiring: from options to a hub, from HTTP requests to connections, and the way out.

mod builder;
mod client_js;
mod compress;
mod polling;
mod routes;
mod shutdown;

pub use builder::HubBuilder;
pub use shutdown::signals;
