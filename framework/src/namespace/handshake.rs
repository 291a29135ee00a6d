use std::{
    net::SocketAddr,
    time::{Instant, SystemTime},
};

/// The request that opened a connection. All sockets of the connection share it.
///
/// ```
/// use roomcast::prelude::*;
///
/// fn device(socket: &Socket) -> Option<&str> {
///     socket.handshake().header("user-agent")
/// }
/// ```
pub struct Handshake {
    // One allocation for all headers: an idle connection keeps them.
    headers: Box<str>,
    url: Box<str>,
    address: Option<SocketAddr>,
    time: SystemTime,
    opened: Instant,
    secure: bool,
}

impl Handshake {
    pub(crate) fn new<'a>(
        url: &str,
        headers: impl Iterator<Item = (&'a str, &'a str)>,
        address: Option<SocketAddr>,
        secure: bool,
    ) -> Self {
        let mut text = String::new();
        for (name, value) in headers {
            text.push_str(name);
            text.push(':');
            text.push_str(value);
            text.push('\n');
        }
        Self {
            headers: text.into_boxed_str(),
            url: url.into(),
            address,
            time: SystemTime::now(),
            opened: Instant::now(),
            secure,
        }
    }

    /// The path and query of the request.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The query string, without the question mark; empty if there is none.
    #[must_use]
    pub fn query(&self) -> &str {
        self.url.split_once('?').map_or("", |(_, query)| query)
    }

    /// The names, in lower case, and values of the headers. A value that is not text is left out.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.lines().filter_map(|line| line.split_once(':'))
    }

    /// The first value of a header; its name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The other end of the TCP connection, which may be a proxy.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// When the connection was opened.
    #[must_use]
    pub fn time(&self) -> SystemTime {
        self.time
    }

    /// How long the connection has been open.
    #[must_use]
    pub fn age(&self) -> std::time::Duration {
        self.opened.elapsed()
    }

    /// Whether it came over TLS that ends here.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }
}

impl std::fmt::Debug for Handshake {
    // Headers carry credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handshake")
            .field("address", &self.address)
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_whatever_their_case() {
        let headers = [("user-agent", "x: y"), ("cookie", "a=1"), ("cookie", "b=2")];
        let handshake = Handshake::new("/socket.io/?EIO=4&a=b", headers.into_iter(), None, false);
        assert_eq!(handshake.header("User-Agent"), Some("x: y"));
        assert_eq!(handshake.header("cookie"), Some("a=1"));
        assert_eq!(handshake.headers().count(), 3);
        assert_eq!(handshake.query(), "EIO=4&a=b");
    }
}
