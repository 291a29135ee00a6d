//! The options of the hub that limit who may connect, and how much a client may send.

use std::time::Duration;

use super::builder::HubBuilder;
use crate::{
    config::{Excess, Rate},
    namespace::Hub,
    shard::admission::MAX_TURNED_AWAY,
};

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

    /// How many events each socket may send, in each namespace that does not say it
    /// [itself](crate::NamespaceBuilder::event_rate); of single events it can say more. Default none.
    ///
    /// ```
    /// use roomcast::{Excess, Rate, prelude::*};
    ///
    /// let builder = Hub::builder()
    ///     .event_rate(Rate::per_second(50).burst(200))
    ///     .byte_rate(Rate::per_second(64 << 10).burst(1 << 20))
    ///     .excess(Excess::Disconnect);
    /// ```
    pub fn event_rate(mut self, rate: Rate) -> Self {
        self.config.event_rate = Some(rate);
        self
    }

    /// How many bytes of events each socket may send: names, arguments and attachments. An event passes while
    /// anything is left, and its whole length is taken, so that one may be longer than the burst. Default none.
    pub fn byte_rate(mut self, rate: Rate) -> Self {
        self.config.byte_rate = Some(rate);
        self
    }

    /// Rooms that one socket may be in. One more is refused: [`Socket::join`](crate::Socket::join) returns
    /// [`EmitError::TooManyRooms`](crate::EmitError::TooManyRooms), and what joins it from another thread, or for
    /// many, passes it over and counts that. The rooms that the hub itself keeps, of users for instance, are not
    /// among them. Default 1,000, which are some 100 KB.
    pub fn max_rooms_per_socket(mut self, rooms: usize) -> Self {
        self.config.max_rooms_per_socket = rooms;
        self
    }

    /// Acks that one connection may owe. It is not sent another event that asks for one: an emit to it alone
    /// fails with [`AckError::NotSent`](crate::AckError::NotSent), a broadcast does not count it among its
    /// receivers. Default 1,000.
    pub fn max_pending_acks(mut self, acks: usize) -> Self {
        self.config.max_pending_acks = acks;
        self
    }

    /// How long a client may send nothing but pongs; then its sockets are disconnected and the connection is
    /// closed. It may take a quarter longer. Socket.IO's client does not connect again by itself then.
    /// Default none: most clients listen.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.config.idle_timeout = Some(timeout);
        self
    }

    /// What happens to events beyond a rate. Default [`Excess::Refuse`].
    pub fn excess(mut self, excess: Excess) -> Self {
        self.config.excess = excess;
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
