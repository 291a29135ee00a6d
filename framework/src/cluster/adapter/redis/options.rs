//! How to reach Redis, and what happens while it cannot be reached.

use std::{fmt, sync::Arc, time::Duration};

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};

use super::{
    dialer::{Address, Dialer},
    resp::MAX_REPLY,
    tls::{self, Certificates},
};
use crate::cluster::adapter::AdapterError;

/// What happens to a message for other nodes when the outbox is full, because Redis is unreachable or too
/// slow.
///
/// ```
/// use roomcast::adapter::{OutboxPolicy, Redis};
///
/// let adapter = Redis::pub_sub("redis://10.0.0.5/").outbox_policy(OutboxPolicy::Refuse);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OutboxPolicy {
    /// The message is dropped, and the emit succeeds. The default.
    #[default]
    DropNewest,
    /// The oldest queued messages are dropped to make room, except requests, joins, leaves and
    /// disconnects, which somebody may await.
    DropOldest,
    /// The message is dropped, and the emit fails with [`EmitError`](crate::EmitError); clients of this
    /// node receive the event nevertheless.
    Refuse,
}

/// What all adapters on Redis have in common.
#[derive(Clone)]
pub(super) struct LinkOptions {
    pub(super) url: String,
    pub(super) kind: Kind,
    pub(super) certificates: Certificates,
    pub(super) response_timeout: Duration,
    pub(super) connection_timeout: Duration,
    pub(super) max_outbox_bytes: usize,
    pub(super) outbox_policy: OutboxPolicy,
    /// Less in tests only: see [`MAX_REPLY`].
    pub(super) max_reply: u64,
}

#[derive(Clone)]
pub(super) enum Kind {
    Single,
    Sentinel { master: String, urls: Vec<String> },
    Cluster { urls: Vec<String> },
}

/// Where the masters are asked for.
pub(super) enum Endpoints {
    Single(Address),
    Sentinel {
        master: String,
        sentinels: Vec<(Dialer, Address)>,
    },
    Cluster(Vec<Address>),
}

/// Without the URLs, which may hold passwords.
impl fmt::Debug for LinkOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkOptions")
            .field("certificates", &self.certificates)
            .field("response_timeout", &self.response_timeout)
            .field("connection_timeout", &self.connection_timeout)
            .field("max_outbox_bytes", &self.max_outbox_bytes)
            .field("outbox_policy", &self.outbox_policy)
            .finish_non_exhaustive()
    }
}

impl LinkOptions {
    pub(super) fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            kind: Kind::Single,
            certificates: Certificates::default(),
            response_timeout: Duration::from_secs(5),
            connection_timeout: Duration::from_secs(5),
            max_outbox_bytes: 16 << 20,
            outbox_policy: OutboxPolicy::default(),
            max_reply: MAX_REPLY,
        }
    }

    /// Who dials, and whom.
    ///
    /// # Errors
    /// If a URL or a certificate is not valid, or nothing could ever be done in the time or room there is.
    pub(super) fn resolve(&self) -> Result<(Dialer, Endpoints), AdapterError> {
        refuse_zero(&[
            ("response_timeout", self.response_timeout.is_zero()),
            ("connection_timeout", self.connection_timeout.is_zero()),
            ("max_outbox_bytes", self.max_outbox_bytes == 0),
        ])?;
        if let Kind::Sentinel { master, urls } = &self.kind
            && (master.is_empty() || urls.is_empty())
        {
            return Err(AdapterError::new(
                "`sentinel` must have the name of a master, and at least one sentinel",
            ));
        }
        let (dialer, address) = self.parse(&self.url)?;
        let endpoints = match &self.kind {
            Kind::Single => Endpoints::Single(address),
            Kind::Sentinel { master, urls } => Endpoints::Sentinel {
                master: master.clone(),
                sentinels: urls
                    .iter()
                    .map(|url| self.parse(url))
                    .collect::<Result<_, _>>()?,
            },
            Kind::Cluster { urls } => {
                let mut nodes = vec![address];
                for url in urls {
                    nodes.push(self.parse(url)?.1);
                }
                Endpoints::Cluster(nodes)
            }
        };
        Ok((dialer, endpoints))
    }

    fn parse(&self, url: &str) -> Result<(Dialer, Address), AdapterError> {
        // The text of a URL may hold a password: it is in no error.
        let info: ConnectionInfo = url.into_connection_info().map_err(AdapterError::new)?;
        let (address, tls) = match info.addr() {
            ConnectionAddr::Tcp(host, port) => (Address::Tcp(host.clone(), *port), false),
            ConnectionAddr::TcpTls { insecure: true, .. } => {
                return Err(AdapterError::new(
                    "certificates are always verified: name the one of Redis with \
                     `root_certificate` instead of `#insecure`",
                ));
            }
            ConnectionAddr::TcpTls { host, port, .. } => (Address::Tcp(host.clone(), *port), true),
            ConnectionAddr::Unix(path) => (Address::Unix(path.clone()), false),
            _ => return Err(AdapterError::new("this kind of Redis URL is not known")),
        };
        let dialer = Dialer {
            login: info
                .redis_settings()
                .clone()
                .set_protocol(redis::ProtocolVersion::RESP3)
                .set_lib_name("roomcast", env!("CARGO_PKG_VERSION")),
            tls: match tls {
                true => Some(Arc::new(tls::config(&self.certificates)?)),
                false => None,
            },
            connection_timeout: self.connection_timeout,
            response_timeout: self.response_timeout,
            max_reply: self.max_reply,
        };
        Ok((dialer, address))
    }
}

/// # Errors
/// The first of these options that is zero.
pub(super) fn refuse_zero(options: &[(&str, bool)]) -> Result<(), AdapterError> {
    match options.iter().find(|(_, is_zero)| *is_zero) {
        Some((option, _)) => Err(AdapterError::new(format!("`{option}` must not be zero"))),
        None => Ok(()),
    }
}

/// # Errors
/// The first of these options that is an empty text.
pub(super) fn refuse_empty(options: &[(&str, &str)]) -> Result<(), AdapterError> {
    match options.iter().find(|(_, text)| text.is_empty()) {
        Some((option, _)) => Err(AdapterError::new(format!("`{option}` must not be empty"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_does_not_hold_is_refused_without_its_password() {
        for url in [
            "http://u:secret@host/",
            "redis://u:secret@host/x",
            "",
            "rediss://u:secret@h/#insecure",
        ] {
            let error = LinkOptions::new(url)
                .resolve()
                .err()
                .map(|error| error.to_string());
            let error = error.unwrap_or_default();
            assert!(
                !error.is_empty() && !error.contains("secret"),
                "{url}: {error}"
            );
        }
    }

    #[test]
    fn what_is_printed_of_an_adapter_has_no_passwords() {
        use super::super::Redis;
        let url = || "redis://u:secret@host/".to_owned();
        for printed in [
            format!("{:?}", Redis::pub_sub(url())),
            format!("{:?}", Redis::sharded(url()).cluster([url()])),
            format!("{:?}", Redis::streams(url()).sentinel("main", [url()])),
        ] {
            assert!(printed.contains("max_outbox_bytes"), "{printed}");
            assert!(!printed.contains("secret"), "{printed}");
        }
    }

    #[test]
    fn a_url_tells_user_database_and_path() {
        let (dialer, endpoints) = LinkOptions::new("redis://ann:pw@host:7000/3")
            .resolve()
            .expect("valid");
        assert_eq!(dialer.login.username(), Some("ann"));
        assert_eq!(dialer.login.db(), 3);
        assert!(matches!(endpoints, Endpoints::Single(Address::Tcp(host, 7000)) if host == "host"));
        let (_, endpoints) = LinkOptions::new("redis+unix:///run/redis.sock")
            .resolve()
            .expect("valid");
        assert!(matches!(endpoints, Endpoints::Single(Address::Unix(_))));
    }
}
