use std::{
    borrow::Cow,
    collections::BTreeMap,
    net::SocketAddr,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use crate::protocol::{date, engine_io};

/// What only served to open the WebSocket; an idle connection need not keep it.
const SPENT: [&str; 5] = [
    "connection",
    "upgrade",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-version",
];

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
    // The URL and all headers, a line each: one allocation, as every idle connection keeps it.
    lines: Box<str>,
    address: Option<SocketAddr>,
    time: SystemTime,
    secure: bool,
}

impl Handshake {
    pub(crate) fn new<'a>(
        url: &str,
        headers: impl Iterator<Item = (&'a str, &'a str)>,
        address: Option<SocketAddr>,
        secure: bool,
    ) -> Self {
        let mut lines = url.to_owned();
        for (name, value) in headers.filter(|(name, _)| !SPENT.contains(name)) {
            lines.extend(["\n", name, ":", value]);
        }
        Self {
            lines: lines.into_boxed_str(),
            address,
            time: SystemTime::now(),
            secure,
        }
    }

    /// The path and query of the request.
    #[must_use]
    pub fn url(&self) -> &str {
        self.lines.lines().next().unwrap_or_default()
    }

    /// The query string, without the question mark; empty if there is none.
    #[must_use]
    pub fn query(&self) -> &str {
        self.url().split_once('?').map_or("", |(_, query)| query)
    }

    /// The value of a parameter of the query, its escapes undone: of a repeated one the last.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<Cow<'_, str>> {
        self.query_pairs()
            .filter_map(|(known, value)| (known == name).then_some(value))
            .last()
    }

    /// The names and values of the query, their escapes undone.
    pub fn query_pairs(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        engine_io::query_pairs(self.query())
    }

    /// The names, in lower case, and values of the headers. A value that is not text is left out,
    /// and so are `Connection`, `Upgrade` and those of the WebSocket handshake itself.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.lines.lines().skip(1);
        headers.filter_map(|line| line.split_once(':'))
    }

    /// The first value of a header; its name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The other end of the TCP connection, which may be a proxy; with
    /// [`trust_proxy`](crate::HubBuilder::trust_proxy) the client as the proxies name it, with port
    /// 0 if they do not tell it.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// When the connection was opened.
    #[must_use]
    pub fn time(&self) -> SystemTime {
        self.time
    }

    /// The same in milliseconds since 1970, Socket.IO's `issued`.
    #[must_use]
    pub fn issued(&self) -> u64 {
        let since = self.time.duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether it came from a page: it has an `Origin`, which browsers set on every WebSocket and
    /// on requests to another site. Socket.IO's `xdomain`.
    #[must_use]
    pub fn xdomain(&self) -> bool {
        self.header("origin").is_some()
    }

    /// Whether it came over TLS that ends here, or with
    /// [`trust_proxy`](crate::HubBuilder::trust_proxy) at the proxy.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }
}

impl Handshake {
    /// What Socket.IO calls the handshake, as a JSON object. `auth` is empty: it is what clients
    /// prove themselves with, and other nodes need not see it.
    pub(crate) fn json(&self) -> String {
        let mut headers: BTreeMap<&str, Cow<'_, str>> = BTreeMap::new();
        for (name, value) in self.headers() {
            // Node joins those that come several times.
            let known = headers.entry(name).or_default();
            match known.is_empty() {
                true => *known = value.into(),
                false => known.to_mut().extend([", ", value]),
            }
        }
        let query: BTreeMap<_, _> = self.query_pairs().collect();
        let json = Json {
            headers,
            time: i64::try_from(self.issued()).ok().and_then(date::iso),
            address: self.address.map(|address| address.ip().to_string()),
            xdomain: self.xdomain(),
            secure: self.secure,
            issued: self.issued(),
            url: self.url(),
            query,
            auth: BTreeMap::new(),
        };
        serde_json::to_string(&json).unwrap_or_else(|_| "{}".to_owned())
    }
}

/// In the order in which Socket.IO writes it.
#[derive(Serialize)]
struct Json<'a> {
    headers: BTreeMap<&'a str, Cow<'a, str>>,
    time: Option<String>,
    address: Option<String>,
    xdomain: bool,
    secure: bool,
    issued: u64,
    url: &'a str,
    query: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    auth: BTreeMap<&'a str, &'a str>,
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn headers_are_found_whatever_their_case() {
        let headers = [
            ("user-agent", "x: y"),
            ("upgrade", "websocket"),
            ("cookie", "a=1"),
            ("cookie", "b=2"),
        ];
        let handshake = Handshake::new("/socket.io/?EIO=4&a=b", headers.into_iter(), None, false);
        assert_eq!(handshake.header("User-Agent"), Some("x: y"));
        assert_eq!(handshake.header("cookie"), Some("a=1"));
        assert_eq!(handshake.headers().count(), 3);
        assert_eq!(handshake.url(), "/socket.io/?EIO=4&a=b");
        assert_eq!(handshake.query(), "EIO=4&a=b");
        assert!(!handshake.xdomain());
    }

    #[test]
    fn parameters_are_unescaped_and_the_last_of_a_name_counts() {
        let url = "/socket.io/?room=a&room=b%20%26+c&%6Bey&empty=";
        let headers = [("origin", "https://a.example")];
        let handshake = Handshake::new(url, headers.into_iter(), None, false);
        assert_eq!(handshake.query_value("room").as_deref(), Some("b & c"));
        assert_eq!(handshake.query_value("key").as_deref(), Some(""));
        assert_eq!(handshake.query_value("none"), None);
        assert_eq!(handshake.query_pairs().count(), 4);
        assert!(handshake.xdomain());
        assert!(handshake.issued() > 0);
    }

    proptest! {
        #[test]
        fn headers_come_out_as_they_went_in(
            url in "/[!-~]{0,20}",
            // What HTTP allows in names and values (RFC 9110 section 5.1 and 5.5).
            headers in prop::collection::vec(("[-!#$%&'*+.^_`|~0-9a-z]{1,12}", "[ -~\\t]{0,20}"), 0..6),
        ) {
            let borrowed = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let handshake = Handshake::new(&url, borrowed.clone(), None, false);
            prop_assert_eq!(handshake.url(), &url);
            let kept: Vec<_> = borrowed.filter(|(name, _)| !SPENT.contains(name)).collect();
            prop_assert_eq!(handshake.headers().collect::<Vec<_>>(), kept);
        }
    }
}
