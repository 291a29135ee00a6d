use std::{fmt, sync::Arc};

use crate::{error::BuildError, metrics::Metrics, supervision};

/// Which origins are meant. An origin is scheme, host, and port unless it is the scheme's own:
/// `https://app.example`. Made from a text, where `*` is any, or from a list of texts.
///
/// Each text is compared with what browsers send, byte by byte: scheme and host in lower case (a name
/// beyond ASCII as `xn--…`), no path, and no slash at the end. With another one the hub is not
/// [built](crate::HubBuilder::build). Pages without an origin of their own send `null`, which can be
/// listed too.
///
/// ```
/// use roomcast::Origins;
///
/// let one: Origins = "https://app.example".into();
/// let some: Origins = ["https://app.example", "https://admin.example"].into();
/// let any: Origins = "*".into();
/// let configured: Origins = "https://a.example https://b.example".split(' ').collect();
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

    /// # Errors
    /// The text that no browser sends, or that there is none.
    pub(super) fn check(&self, option: &'static str) -> Result<(), BuildError> {
        let texts = match &self.0 {
            Kind::One(text) => std::slice::from_ref(text),
            Kind::List(texts) => texts,
            Kind::Any | Kind::Matching(_) | Kind::Reflected => &[],
        };
        match texts.iter().find(|text| !is_origin(text)) {
            Some(text) => Err(BuildError::Origin {
                option,
                text: text.clone(),
            }),
            None if matches!(&self.0, Kind::List(texts) if texts.is_empty()) => {
                Err(BuildError::Zero(option))
            }
            None => Ok(()),
        }
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

/// Whether a browser may send this (RFC 6454 section 6.2).
fn is_origin(text: &str) -> bool {
    if text == "null" {
        return true;
    }
    let Some((scheme, authority)) = text.split_once("://") else {
        return false;
    };
    let is_lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let port_of_scheme = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => "://",
    };
    // Pages of an app that come from its own files have no host.
    (!authority.is_empty() || scheme == "file")
        && scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme
            .bytes()
            .all(|byte| is_lower(byte) || b"+-.".contains(&byte))
        && authority
            .bytes()
            .all(|byte| is_lower(byte) || b"-._:[]".contains(&byte))
        && !authority.ends_with(port_of_scheme)
}

impl From<&str> for Origins {
    fn from(origin: &str) -> Self {
        origin.to_owned().into()
    }
}

impl From<String> for Origins {
    fn from(origin: String) -> Self {
        Self(match origin.as_str() {
            "*" => Kind::Any,
            _ => Kind::One(origin),
        })
    }
}

impl<T: Into<String>, const N: usize> From<[T; N]> for Origins {
    fn from(origins: [T; N]) -> Self {
        origins.into_iter().collect()
    }
}

impl<T: Into<String>> From<Vec<T>> for Origins {
    fn from(origins: Vec<T>) -> Self {
        origins.into_iter().collect()
    }
}

impl<T: Into<String>> FromIterator<T> for Origins {
    fn from_iter<I: IntoIterator<Item = T>>(origins: I) -> Self {
        Self(Kind::List(origins.into_iter().map(Into::into).collect()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_send_can_be_listed() {
        for text in [
            "https://app.example",
            "http://app.example:443",
            "http://localhost:3000",
            "https://xn--bcher-kva.example",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "chrome-extension://abcdefgh",
            "capacitor://localhost",
            "file://",
            "null",
        ] {
            assert!(Origins::from(text).check("cors").is_ok(), "{text}");
        }
        for any in [
            Origins::from("*"),
            Origins::reflected(),
            Origins::matching(|_| true),
        ] {
            assert!(any.check("cors").is_ok(), "{any:?}");
        }
    }

    #[test]
    fn what_no_browser_sends_is_refused() {
        for text in [
            "",
            "app.example",
            "https://",
            "://app.example",
            "https://app.example/",
            "https://app.example/path",
            "https://App.example",
            "HTTPS://app.example",
            "https://app.example:443",
            "http://app.example:80",
            "https://*.app.example",
            "https://user@app.example",
            "https://bücher.example",
            " https://app.example",
            "https://a.example,https://b.example",
        ] {
            for origins in [Origins::from(text), ["https://known.example", text].into()] {
                let refused = origins.check("cors");
                assert!(
                    matches!(refused, Err(BuildError::Origin { text: named, .. }) if named == text)
                );
            }
        }
        assert!(
            Origins::from(["*"]).check("cors").is_err(),
            "any is not one of several"
        );
    }

    #[test]
    fn texts_of_either_kind_make_origins() {
        let (one, two) = ("https://a.example", "https://b.example");
        for origins in [
            Origins::from([one, two]),
            [one.to_owned(), two.to_owned()].into(),
            vec![one, two].into(),
            vec![one.to_owned(), two.to_owned()].into(),
            [one, two].into_iter().collect(),
        ] {
            assert_eq!(format!("{origins:?}"), format!("{:?}", [one, two]));
        }
        assert_eq!(format!("{:?}", Origins::from(one.to_owned())), one);
        assert_eq!(format!("{:?}", Origins::from("*".to_owned())), "*");
    }
}
