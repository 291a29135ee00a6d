//! Who may connect, how often a client may send something, and how long it may be silent.

use std::time::Duration;

use super::HubBuilder;
use crate::{
    config::{Excess, Rate},
    namespace::Hub,
    shard::admission::MAX_TURNED_AWAY,
};

/// Requests beside those of the hub's connections: of the rest of the application, and kept alive.
const OTHER_REQUESTS: usize = 25_600;

impl HubBuilder {
    /// The maximum number of connections of this node, over any transport. Further ones are refused with
    /// `Server at capacity`: over WebSocket as the reason of close code 1008, over long-polling as the body of a
    /// 503. A WebSocket is also answered with 503 if it comes through a [trusted proxy](Self::trust_proxy), which
    /// can then try another node, or while many are being refused. Default 50,000; `usize::MAX` for no limit but
    /// the system's.
    ///
    /// Each connection uses one or two file descriptors. actix-web has a limit of its own:
    /// [`Hub::max_http_connections`].
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.config.max_connections = connections;
        self
    }

    /// The maximum number of connections from one client address; further ones are refused with 429. The address
    /// is that of [`Handshake::address`](crate::Handshake::address): behind a proxy set
    /// [`trust_proxy`](Self::trust_proxy), or all clients have the proxy's address. An IPv6 /64 network counts as
    /// one address, since a single host usually has all of it. Default none: a whole company, or the customers of
    /// a mobile network, may share one IPv4 address.
    pub fn max_connections_per_address(mut self, connections: usize) -> Self {
        self.config.max_connections_per_address = Some(connections);
        self
    }

    /// How many connections clients may open in a time. Beyond this they are refused with 429 and a
    /// `Retry-After`, before [`allow_request`](Self::allow_request) is called. Default none.
    ///
    /// The status is not 503, since proxies would take that for a failing node and redirect its other clients.
    ///
    /// Use it to protect a node whose clients all reconnect at once after an outage.
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

    /// How many connections one client address may open in a time; beyond this they are refused with 429 and a
    /// `Retry-After`. What counts as an address is as for [`max_connections_per_address`](Self::max_connections_per_address). Default none.
    pub fn handshake_rate_per_address(mut self, rate: Rate) -> Self {
        self.config.handshake_rate_per_address = Some(rate);
        self
    }

    /// How many events each socket may send in a time, in namespaces without a rate
    /// [of their own](crate::NamespaceBuilder::event_rate). A namespace can also limit single events. Default
    /// none.
    ///
    /// Leaving and joining a namespace again does not reset it: a later socket of the same connection in the same
    /// namespace (or in one of the same pattern) continues with what was left, and its CONNECT
    /// counts as an event: beyond the rate it is refused.
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

    /// How many bytes of events each socket may send in a time: names, arguments and attachments. An event passes
    /// if anything is left, and its whole length is then subtracted, so it may be longer than the burst. Default
    /// none.
    pub fn byte_rate(mut self, rate: Rate) -> Self {
        self.config.byte_rate = Some(rate);
        self
    }

    /// The maximum number of rooms that one socket may be in. Beyond it, [`Socket::join`](crate::Socket::join)
    /// returns [`EmitError::TooManyRooms`](crate::EmitError::TooManyRooms); a join from another thread, or of many
    /// sockets, skips the socket and is counted. The hub's own rooms, such as those of users, do not count.
    /// Default 1,000.
    pub fn max_rooms_per_socket(mut self, rooms: usize) -> Self {
        self.config.max_rooms_per_socket = rooms;
        self
    }

    /// The maximum number of sockets on this node that one [user](crate::Socket::bind_user) may have, in all
    /// namespaces together. Binding a further one fails with
    /// [`PresenceError::TooManySockets`](crate::PresenceError::TooManySockets): a session that returns this error from
    /// `connect` refuses the client with `too many connections of this user`. Default none.
    ///
    /// Each node counts its own sockets, so that binding need not wait for the cluster: on `n` nodes a user can have
    /// up to `n` times as many. A socket counts until it is disconnected, so a client that lost its network and
    /// reconnects counts twice until its old connection has timed out; allow for that. With
    /// [recovery](Self::connection_state_recovery) a client keeps its socket, but is recovered without a user if
    /// the limit has been reached meanwhile.
    ///
    /// ```
    /// use roomcast::prelude::*;
    ///
    /// let builder = Hub::builder().max_sockets_per_user(20);
    /// ```
    pub fn max_sockets_per_user(mut self, sockets: usize) -> Self {
        self.config.max_sockets_per_user = Some(sockets);
        self
    }

    /// The maximum number of acks that one connection may owe the server. Beyond it, no further event with ack is sent
    /// to it: an emit to it alone fails with [`AckError::NotSent`](crate::AckError::NotSent), and a broadcast does not
    /// count it among its receivers. Acks that nobody waits for any more may count for another quarter of a second.
    /// Default 1,000.
    pub fn max_pending_acks(mut self, acks: usize) -> Self {
        self.config.max_pending_acks = acks;
        self
    }

    /// How long a client may send nothing but pongs before its sockets are disconnected and its connection is
    /// closed; this may happen up to a quarter of the time later. Socket.IO's client does not reconnect by itself
    /// then. Default none, since many clients only listen.
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
    /// The number of connections that actix-web must allow each worker, so that the hub's own limits are reached
    /// first; for [`HttpServer::max_connections`](actix_web::HttpServer::max_connections).
    ///
    /// When actix-web's limit is reached (25,600 by default), it accepts no further connections, and clients wait
    /// without an answer. WebSockets that were [handed off](Self::on_connect) do not count towards it; those served
    /// through the response body and waiting polls do.
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
