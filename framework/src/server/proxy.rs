//! The client behind proxies that can be trusted to name it.

use std::{
    borrow::Cow,
    net::{IpAddr, SocketAddr},
};

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::{forwarded, network::Network};

/// Which proxies are believed when they say whose request they pass on: the option
/// [`trust_proxy`](crate::HubBuilder::trust_proxy).
///
/// By default they say so in `X-Forwarded-For` and `X-Forwarded-Proto`. Never are these and
/// `Forwarded` read together, as a proxy passes on what a client made up in the ones it does not
/// write. So let it write both of the two: of one that writes `X-Forwarded-For` only, the client
/// itself says in `X-Forwarded-Proto` whether it came over TLS.
///
/// ```
/// use roomcast::TrustProxy;
///
/// let one_nginx_in_front = TrustProxy::hops(1);
/// let private = TrustProxy::networks(["10.0.0.0/8", "127.0.0.1", "fd00::/8"])?;
/// let standard = TrustProxy::hops(1).forwarded();
/// # Ok::<_, roomcast::InvalidNetwork>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "give it to `HubBuilder::trust_proxy`"]
pub struct TrustProxy {
    trusted: Trusted,
    forwarded: bool,
}

#[derive(Debug, Clone)]
enum Trusted {
    Hops(usize),
    Networks(Vec<Network>),
}

/// Neither an IP address nor a network like `10.0.0.0/8`; from [`TrustProxy::networks`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an IP address nor a network")]
pub struct InvalidNetwork(String);

impl TrustProxy {
    /// So many proxies in a row, wherever they are. No client may be able to reach the server
    /// past them.
    pub fn hops(hops: usize) -> Self {
        Self {
            trusted: Trusted::Hops(hops),
            forwarded: false,
        }
    }

    /// Proxies with these addresses or in these networks. The client is the first address, from
    /// the server outwards, that is not among them.
    ///
    /// # Errors
    /// The first text that is neither an address nor a network.
    pub fn networks<'a>(
        networks: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, InvalidNetwork> {
        let networks = networks.into_iter().map(|text| {
            let network = Network::parse(text);
            network.ok_or_else(|| InvalidNetwork(text.to_owned()))
        });
        Ok(Self {
            trusted: Trusted::Networks(networks.collect::<Result<_, _>>()?),
            forwarded: false,
        })
    }

    /// They write `Forwarded` (RFC 7239), which is read in place of `X-Forwarded-For` and
    /// `X-Forwarded-Proto`.
    ///
    /// An element in which `for` is twice names nobody. A proxy that also writes `host` must put it
    /// in quotes and escape those within it: copied as it is, `Host` lets a client write further
    /// elements, and so name any address as its own.
    pub fn forwarded(mut self) -> Self {
        self.forwarded = true;
        self
    }

    /// Whether it is about no proxy at all.
    pub(super) fn trusts_nobody(&self) -> bool {
        match &self.trusted {
            Trusted::Hops(hops) => *hops == 0,
            Trusted::Networks(networks) => networks.is_empty(),
        }
    }

    /// The client's address and whether it came over TLS, as far as they are believed and known.
    pub(super) fn client(
        &self,
        headers: &HeaderMap,
        peer: Option<SocketAddr>,
    ) -> (Option<SocketAddr>, Option<bool>) {
        if !self.trusts(0, peer) {
            return (peer, None);
        }
        let elements;
        let (addresses, protocols) = match self.forwarded {
            true => {
                elements = forwarded::elements(headers);
                let of = |name| {
                    let values = elements.iter().rev();
                    values.map(|it| forwarded::parameter(it, name)).collect()
                };
                (of("for"), of("proto"))
            }
            false => (
                list(headers, &header::X_FORWARDED_FOR),
                list(headers, &header::X_FORWARDED_PROTO),
            ),
        };
        let mut client = peer;
        let mut hops = 0;
        // Each proxy appends, so the nearest one's word is the last.
        for address in addresses.iter().rev() {
            let Some(address) = address_of(address).filter(|_| self.trusts(hops, client)) else {
                break;
            };
            client = Some(address);
            hops += 1;
        }
        // Most proxies replace the protocol, so there may be fewer.
        let protocol = protocols.iter().rev().nth(hops.saturating_sub(1));
        let protocol = protocol
            .or(protocols.first())
            .filter(|said| !said.is_empty());
        (
            client,
            protocol.map(|said| said.eq_ignore_ascii_case("https")),
        )
    }

    /// Whether what came from `address`, so many hops away, is believed.
    pub(super) fn trusts(&self, hop: usize, address: Option<SocketAddr>) -> bool {
        match &self.trusted {
            Trusted::Hops(hops) => hop < *hops,
            Trusted::Networks(networks) => address.is_some_and(|address| {
                let ip = address.ip().to_canonical();
                networks.iter().any(|network| network.contains(ip))
            }),
        }
    }
}

/// The elements of a header, those of all its lines in order. Split at every comma, also inside
/// quotes, and whatever the bytes: neither a quote that a client opened nor what is no text must
/// swallow what a proxy appended.
fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<Cow<'a, str>> {
    let lines = headers.get_all(name).map(HeaderValue::as_bytes);
    let elements = lines.flat_map(|line| line.split(|byte| *byte == b','));
    elements
        .map(|element| String::from_utf8_lossy(element.trim_ascii()))
        .collect()
}

/// An address with a port, or without, which is then 0.
fn address_of(text: &str) -> Option<SocketAddr> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(SocketAddr::new(address.ip().to_canonical(), address.port()));
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let ip: IpAddr = bare.unwrap_or(text).parse().ok()?;
    Some(SocketAddr::new(ip.to_canonical(), 0))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn client(
        trust: &TrustProxy,
        peer: &str,
        headers: &[(&'static str, &'static str)],
    ) -> (String, Option<bool>) {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()))
            .collect();
        client_of_bytes(trust, peer, &headers)
    }

    fn client_of_bytes(
        trust: &TrustProxy,
        peer: &str,
        headers: &[(&'static str, &[u8])],
    ) -> (String, Option<bool>) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_static(name);
            map.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        let (address, secure) = trust.client(&map, Some(peer.parse().unwrap()));
        (address.unwrap().to_string(), secure)
    }

    #[test]
    fn hops_are_counted_from_the_server_outwards() {
        let lines = [
            ("x-forwarded-for", "6.6.6.6, 1.2.3.4"),
            ("x-forwarded-for", "10.0.0.2:4711"),
            ("x-forwarded-proto", "https"),
        ];
        for (hops, address, secure) in [
            (0, "10.0.0.1:80", None),
            (1, "10.0.0.2:4711", Some(true)),
            (2, "1.2.3.4:0", Some(true)),
            (9, "6.6.6.6:0", Some(true)),
        ] {
            let found = client(&TrustProxy::hops(hops), "10.0.0.1:80", &lines);
            assert_eq!(found, (address.to_owned(), secure), "{hops}");
        }
    }

    #[test]
    fn the_client_is_the_first_address_that_is_not_a_proxys() {
        let mapped = "::ffff:172.16.0.0/112";
        let trust = TrustProxy::networks(["10.0.0.0/8", "fd00::/8", "192.0.2.7", mapped]).unwrap();
        for (peer, chain, address) in [
            ("10.0.0.1:80", "6.6.6.6, 1.2.3.4, 10.9.9.9", "1.2.3.4:0"),
            ("11.0.0.1:80", "1.2.3.4", "11.0.0.1:80"),
            (
                "[fd00::1]:80",
                "2001:db8::1, [fd12::3]:443",
                "[2001:db8::1]:0",
            ),
            ("[::ffff:10.0.0.1]:80", "::ffff:1.2.3.4", "1.2.3.4:0"),
            ("192.0.2.7:80", "[2001:db8::1]", "[2001:db8::1]:0"),
            ("192.0.2.8:80", "1.2.3.4", "192.0.2.8:80"),
            ("172.16.0.1:80", "1.2.3.4", "1.2.3.4:0"),
            ("172.17.0.1:80", "1.2.3.4", "172.17.0.1:80"),
            ("10.0.0.1:80", "[::ffff:1.2.3.4]:443", "1.2.3.4:443"),
            ("10.0.0.1:80", "1.2.3.4, unknown", "10.0.0.1:80"),
            ("10.0.0.1:80", "1.2.3.4, ", "10.0.0.1:80"),
            ("10.0.0.1:80", "10.0.0.3, 10.0.0.2", "10.0.0.3:0"),
        ] {
            let headers = [("x-forwarded-for", chain)];
            assert_eq!(client(&trust, peer, &headers).0, address, "{chain}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_hide_nothing_that_a_proxy_appended() {
        let trust = TrustProxy::hops(1);
        for (address, protocol) in [
            (&b"\xff, 1.2.3.4"[..], &b"\xff, https"[..]),
            (b"\xe2\x82,1.2.3.4", b"http\xe2,https"),
        ] {
            let headers = [
                ("x-forwarded-for", address),
                ("x-forwarded-proto", protocol),
            ];
            let found = client_of_bytes(&trust, "10.0.0.1:80", &headers);
            assert_eq!(found, ("1.2.3.4:0".to_owned(), Some(true)));
        }
        // A proxy may name the host as well, which is the client's own word.
        let standard = [(
            "forwarded",
            &b"for=\xff, host=\"\xff\";for=1.2.3.4;proto=https"[..],
        )];
        let found = client_of_bytes(&trust.forwarded(), "10.0.0.1:80", &standard);
        assert_eq!(found, ("1.2.3.4:0".to_owned(), Some(true)));

        let no_address = [("x-forwarded-for", &b"1.2.3.4, \xff"[..])];
        let found = client_of_bytes(&TrustProxy::hops(2), "10.0.0.1:80", &no_address);
        assert_eq!(found.0, "10.0.0.1:80");
    }

    #[test]
    fn the_protocol_is_that_of_the_hop_that_is_believed() {
        let chain = ("x-forwarded-for", "6.6.6.6, 1.2.3.4, 10.0.0.2");
        for (hops, protocols, secure) in [
            (1, "https, https, http", Some(false)),
            (2, "http, https, http", Some(true)),
            (2, "HTTPS", Some(true)),
            (2, "", None),
        ] {
            let headers = [chain, ("x-forwarded-proto", protocols)];
            let found = client(&TrustProxy::hops(hops), "10.0.0.1:80", &headers);
            assert_eq!(found.1, secure, "{protocols}");
        }
        let alone = [("x-forwarded-proto", "https")];
        let found = client(&TrustProxy::hops(1), "10.0.0.1:80", &alone);
        assert_eq!(found, ("10.0.0.1:80".to_owned(), Some(true)));
    }

    #[test]
    fn the_standard_header_is_read_if_it_is_the_one_and_never_beside_the_others() {
        let headers = [
            (
                "forwarded",
                "for=6.6.6.6;proto=http, for=\"evil, For=\"[2001:db8::1]:80\";Proto=https",
            ),
            ("x-forwarded-for", "1.2.3.4"),
        ];
        let found = client(&TrustProxy::hops(1).forwarded(), "10.0.0.1:80", &headers);
        assert_eq!(found, ("[2001:db8::1]:80".to_owned(), Some(true)));
        let found = client(&TrustProxy::hops(1), "10.0.0.1:80", &headers);
        assert_eq!(found, ("1.2.3.4:0".to_owned(), None));
        let hidden = [("forwarded", "for=_secret;by=x")];
        let found = client(&TrustProxy::hops(1).forwarded(), "10.0.0.1:80", &hidden);
        assert_eq!(found, ("10.0.0.1:80".to_owned(), None));
    }

    #[test]
    fn what_is_no_network_is_said_so() {
        for text in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "host",
            "10.0.0.0/x",
            "::1/",
            "::ffff:10.0.0.0/95",
            "::ffff:10.0.0.0/129",
        ] {
            let refused = TrustProxy::networks(["127.0.0.1", text]).unwrap_err();
            assert_eq!(refused, InvalidNetwork(text.to_owned()));
        }
        let all = TrustProxy::networks(["0.0.0.0/0", "::/0"]).unwrap();
        assert!(all.trusts(0, Some("1.2.3.4:5".parse().unwrap())));
        assert!(all.trusts(0, Some("[2001:db8::1]:5".parse().unwrap())));
    }
}
