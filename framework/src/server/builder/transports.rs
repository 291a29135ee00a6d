//! How clients reach the hub: where, by which transports, in which form, and in what time.

use std::time::Duration;

use super::HubBuilder;
use crate::{
    config::{PerMessageDeflate, Transports, WebSocketMode},
    protocol::socket_io::parser::Parser,
};

impl HubBuilder {
    /// The path of the hub's routes. Default `/socket.io`.
    pub fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.config.path);
        self
    }

    /// Whether clients request the path with a trailing slash, as they do by default. If false, both forms
    /// are answered. Default true.
    pub fn add_trailing_slash(mut self, add: bool) -> Self {
        self.config.add_trailing_slash = add;
        self
    }

    /// Which transports clients may use. Default [`Transports::All`].
    pub fn transports(mut self, transports: Transports) -> Self {
        self.config.transports = transports;
        self
    }

    /// Whether a polling session may change to WebSocket. Default true.
    pub fn allow_upgrades(mut self, allow: bool) -> Self {
        self.config.allow_upgrades = allow;
        self
    }

    /// How WebSockets are served. Default [`WebSocketMode::Handoff`].
    pub fn websocket_mode(mut self, mode: WebSocketMode) -> Self {
        self.config.websocket_mode = mode;
        self
    }

    /// Compresses messages on WebSockets whose clients offer it, with these options. Default: no
    /// compression; the offers are ignored.
    pub fn per_message_deflate(mut self, options: PerMessageDeflate) -> Self {
        self.config.per_message_deflate = Some(options);
        self
    }

    /// From how many bytes the answer to a poll is compressed, if the client takes gzip or
    /// deflate; `None`: never. Default 1024.
    pub fn http_compression(mut self, threshold: Option<usize>) -> Self {
        self.config.http_compression = threshold;
        self
    }

    /// The format of packets on the wire: a [parser](crate::parser), which all clients must use as well.
    /// Default: Socket.IO's own.
    pub fn parser(mut self, parser: impl Parser) -> Self {
        self.parser = Some(Box::new(parser));
        self
    }

    /// The time between the last pong and the next ping. Default 25 s.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.config.ping_interval = interval;
        self
    }

    /// How long a client may take to answer a ping before it counts as gone. Default 20 s.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.config.ping_timeout = timeout;
        self
    }

    /// How long after it was opened a connection may be in no namespace; then it is closed. Default 45 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.config.connect_timeout = timeout;
        self
    }

    /// How long a client may take to finish the closing handshake, and to take what was sent
    /// before it; then it is cut. Default 30 s.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.config.close_timeout = timeout;
        self
    }

    /// How long a client may take to change from long-polling to WebSocket. Default 10 s.
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.config.upgrade_timeout = timeout;
        self
    }

    /// How long a GET of a long-polling client waits before its connection is taken out of the HTTP
    /// server, which costs an idle session less than a third of the memory. Default 5 s; `Duration::MAX` for
    /// never.
    ///
    /// Its answer is a single packet of one byte then, and the connection is closed behind it: what is
    /// emitted after that much silence takes one more request of the client. Middleware around the hub
    /// must not read or replace the body of that answer. Nothing is parked with
    /// [`WebSocketMode::BodyStream`], over HTTP/1.0, and where the hub does not have the sockets: with TLS
    /// in this process, without [`Hub::on_connect`](crate::Hub::on_connect), on other systems than Unix.
    pub fn park_polls_after(mut self, time: Duration) -> Self {
        self.config.park_polls_after = time;
        self
    }
}
