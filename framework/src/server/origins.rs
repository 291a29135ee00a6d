use std::{fmt, sync::Arc};

use crate::{metrics::Metrics, supervision};

/// Which origins are meant. An origin is scheme, host, and port unless it is the scheme's own:
/// `https://app.example`. Made from a text, where `*` is any, or from a list of texts.
///
/// ```
/// use roomcast::Origins;
///
/// let one: Origins = "https://app.example".into();
/// let some: Origins = ["https://app.example", "https://admin.example"].into();
/// let any: Origins = "*".into();
/// let ours = Origins::matching(|origin| origin.ends_with(".app.example"));
/// ```
#[derive(Clone)]
pub struct Origins(pub(super) Kind);

#[derive(Clone)]
pub(super) enum Kind {
    Any,
    One(String),
    List(Vec<String>),
    Matching(Arc<dyn Fn(&str) -> bool + Send + Sync>),
    Reflected,
}

impl Origins {
    /// Those that a predicate accepts. Compare whole hosts: `ends_with("app.example")` would
    /// accept `https://evil-app.example` too. A panic in it is caught and counted, and means no.
    pub fn matching(accepts: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Kind::Matching(Arc::new(accepts)))
    }

    /// Every origin, each answered with its own name: unlike `*`, browsers take that together with
    /// [`credentials`](crate::Cors::credentials).
    #[must_use]
    pub fn reflected() -> Self {
        Self(Kind::Reflected)
    }

    pub(super) fn accept(&self, origin: &str, metrics: &Metrics) -> bool {
        match &self.0 {
            Kind::Any | Kind::Reflected => true,
            Kind::One(known) => known == origin,
            Kind::List(known) => known.iter().any(|known| known == origin),
            Kind::Matching(accepts) => {
                supervision::catch(|| accepts(origin)).unwrap_or_else(|panic| {
                    metrics.panics.add(1);
                    tracing::error!(panic, "the predicate for origins panicked");
                    false
                })
            }
        }
    }
}

impl From<&str> for Origins {
    fn from(origin: &str) -> Self {
        Self(match origin {
            "*" => Kind::Any,
            one => Kind::One(one.to_owned()),
        })
    }
}

impl<const N: usize> From<[&str; N]> for Origins {
    fn from(origins: [&str; N]) -> Self {
        origins.map(ToOwned::to_owned).to_vec().into()
    }
}

impl From<Vec<String>> for Origins {
    fn from(origins: Vec<String>) -> Self {
        Self(Kind::List(origins))
    }
}

impl fmt::Debug for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Any => f.write_str("*"),
            Kind::One(origin) => f.write_str(origin),
            Kind::List(origins) => f.debug_list().entries(origins).finish(),
            Kind::Matching(_) => f.write_str("matching"),
            Kind::Reflected => f.write_str("reflected"),
        }
    }
}
