//! The options of the hub that limit who may connect, and how often.

use super::builder::HubBuilder;
use crate::{config::Rate, namespace::Hub, shard::admission::MAX_TURNED_AWAY};

/// Requests beside those of the hub's connections: of the rest of the application, and kept alive.
const OTHER_REQUESTS: usize = 25_600;

impl HubBuilder {
    /// Connections of this node, of whatever transport. One more is refused with
    /// `Server at capacity`: over WebSocket as the reason of close code 1008 (or with 503, while many are being
    /// told), over long-polling as the body of a 503. Default 50,000; `usize::MAX` for no limit but the system's.
    ///
    /// Each takes a file descriptor or two. actix-web has a limit of its own:
    /// [`Hub::max_http_connections`].
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.config.max_connections = connections;
        self
    }

    /// Connections of one address; one more is refused with 429. The address is that of
    /// [`Handshake::address`](crate::Handshake::address): behind a proxy set
    /// [`trust_proxy`](Self::trust_proxy), or all clients have the proxy's. An IPv6 network of 64 bits counts
    /// as one address, since a single host has all of it. Default none: behind one IPv4 address may be a whole
    /// company, or the customers of a mobile network.
    pub fn max_connections_per_address(mut self, connections: usize) -> Self {
        self.config.max_connections_per_address = Some(connections);
        self
    }

    /// How often clients may open a connection to this node. Beyond it they are refused with 503 and a
    /// `Retry-After`, before [`allow_request`](Self::allow_request) is asked. Default none.
    ///
    /// It keeps a node upright whose clients all come back at once after an outage.
    ///
    /// ```
    /// use roomcast::{Rate, prelude::*};
    ///
    /// let builder = Hub::builder()
    ///     .handshake_rate(Rate::per_second(500).burst(2_000))
    ///     .handshake_rate_per_address(Rate::per_second(5).burst(50));
    /// ```
    pub fn handshake_rate(mut self, rate: Rate) -> Self {
        self.config.handshake_rate = Some(rate);
        self
    }

    /// How often one address may open a connection; beyond it is refused with 429 and a `Retry-After`. What counts
    /// as an address is as for [`max_connections_per_address`](Self::max_connections_per_address). Default none.
    pub fn handshake_rate_per_address(mut self, rate: Rate) -> Self {
        self.config.handshake_rate_per_address = Some(rate);
        self
    }
}

impl Hub {
    /// What actix-web has to allow each of its workers, so that the hub's own limits are the ones that act; for
    /// [`HttpServer::max_connections`](actix_web::HttpServer::max_connections).
    ///
    /// Where actix-web's limit is reached (25,600 by default), it accepts nothing more, and clients wait without
    /// being told. WebSockets that were [handed off](Self::on_connect) do not count there; those behind the
    /// response body do, and polls that wait.
    ///
    /// ```no_run
    /// use actix_web::{App, HttpServer};
    /// use roomcast::prelude::*;
    /// # #[derive(EventHandlers)] #[handles()] struct Chat;
    /// # impl Session for Chat {
    /// #     type Auth = ();
    /// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    /// # }
    ///
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let hub = Hub::builder().namespace::<Chat>("/").max_connections(100_000).build()?;
    /// let mount = hub.clone();
    /// HttpServer::new(move || App::new().configure(mount.mount()))
    ///     .on_connect(hub.on_connect())
    ///     .max_connections(hub.max_http_connections())
    ///     .bind(("127.0.0.1", 3000))?
    ///     .run()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn max_http_connections(&self) -> usize {
        // One worker may have them all, and a polling session a GET and a POST.
        let connections = self.core.node.config.max_connections;
        connections
            .saturating_mul(2)
            .saturating_add(MAX_TURNED_AWAY + OTHER_REQUESTS)
    }
}
