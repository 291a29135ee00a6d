//! Cross-origin requests (Engine.IO v4, section 10).
//!
//! Not actix-cors, although an application may wrap the hub in it: it refuses what does not match,
//! answers an unexpected OPTIONS with 400, and never names an origin other than the request's.
//! Engine.IO answers with the npm package `cors`, which only tells browsers what they may read.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    http::{
        Method,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
};

use super::origins::{Kind, Origins};
use crate::{error::BuildError, metrics::Metrics};

/// What pages of other origins may read of the hub's answers: the option
/// [`cors`](crate::HubBuilder::cors).
///
/// ```
/// use roomcast::{Cors, prelude::*};
///
/// let builder = Hub::builder().cors(Cors::new("https://app.example").credentials(true));
/// ```
#[derive(Debug, Clone)]
#[must_use = "give it to `HubBuilder::cors`"]
pub struct Cors {
    origins: Origins,
    credentials: bool,
    methods: String,
    allowed_headers: Option<String>,
    exposed_headers: Option<String>,
    max_age: Option<Duration>,
}

impl Cors {
    /// For these origins. A single one is named in every answer, whoever asks; of several, the
    /// one that asks, if it is among them.
    pub fn new(origins: impl Into<Origins>) -> Self {
        Self {
            origins: origins.into(),
            credentials: false,
            methods: "GET,HEAD,PUT,PATCH,POST,DELETE".to_owned(),
            allowed_headers: None,
            exposed_headers: None,
            max_age: None,
        }
    }

    /// Whether pages may send cookies and read the answer (`withCredentials` of the client).
    /// Default false. Browsers ignore it for the origin `*`, so that a hub with both is not
    /// [built](crate::HubBuilder::build): see [`Origins::reflected`](crate::Origins::reflected).
    pub fn credentials(mut self, credentials: bool) -> Self {
        self.credentials = credentials;
        self
    }

    /// The methods that a preflight allows. Default GET, HEAD, PUT, PATCH, POST, DELETE.
    pub fn methods<'a>(mut self, methods: impl IntoIterator<Item = &'a str>) -> Self {
        self.methods = list(methods);
        self
    }

    /// The request headers that a preflight allows. Default: whatever it asks for.
    pub fn allowed_headers<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.allowed_headers = Some(list(names));
        self
    }

    /// The response headers that a page may read, besides those that it always may. Default none.
    pub fn exposed_headers<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.exposed_headers = Some(list(names)).filter(|names| !names.is_empty());
        self
    }

    /// For how long a browser may remember a preflight, in whole seconds. Default: the browser's
    /// own, 5 s.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// # Errors
    /// The text that is no origin, or cannot stand in a header.
    pub(super) fn check(&self) -> Result<(), BuildError> {
        self.origins.check("cors")?;
        let texts = [
            Some(&self.methods),
            self.allowed_headers.as_ref(),
            self.exposed_headers.as_ref(),
        ];
        match texts
            .into_iter()
            .flatten()
            .find(|text| value(text).is_none())
        {
            Some(text) => Err(BuildError::Header {
                option: "cors",
                text: text.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Whether it lets pages have what browsers give them from no `*`.
    pub(super) fn is_ignored(&self) -> bool {
        self.credentials && matches!(self.origins.0, Kind::Any)
    }

    /// Sets the headers of the answer to `req`.
    pub(super) fn apply(&self, headers: &mut HeaderMap, req: &HttpRequest, metrics: &Metrics) {
        self.apply_origin(headers, req, metrics);
        if self.credentials {
            set(headers, header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        }
        if req.method() == Method::OPTIONS {
            self.apply_preflight(headers, req);
        }
        if let Some(names) = &self.exposed_headers {
            set(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, names);
        }
    }

    fn apply_origin(&self, headers: &mut HeaderMap, req: &HttpRequest, metrics: &Metrics) {
        let name = header::ACCESS_CONTROL_ALLOW_ORIGIN;
        match &self.origins.0 {
            Kind::Any => return set(headers, name, "*"),
            Kind::One(origin) => set(headers, name, origin),
            _ => {
                let asks = req.headers().get(header::ORIGIN);
                let accepted = asks.filter(|origin| {
                    let origin = origin.to_str();
                    origin.is_ok_and(|origin| self.origins.accept(origin, metrics))
                });
                if let Some(origin) = accepted {
                    headers.insert(name, origin.clone());
                }
            }
        }
        vary(headers, "Origin");
    }

    fn apply_preflight(&self, headers: &mut HeaderMap, req: &HttpRequest) {
        set(headers, header::ACCESS_CONTROL_ALLOW_METHODS, &self.methods);
        match &self.allowed_headers {
            Some(names) if names.is_empty() => {}
            Some(names) => set(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, names),
            None => {
                vary(headers, "Access-Control-Request-Headers");
                let asked = req.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS);
                if let Some(names) = asked.filter(|names| !names.is_empty()) {
                    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
                }
            }
        }
        if let Some(age) = self.max_age {
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, age.as_secs().into());
        }
    }
}

/// As the npm package joins them, without spaces.
fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(",")
}

fn value(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}

fn set(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    // Never `None`: `check` has run.
    if let Some(value) = value(text) {
        headers.insert(name, value);
    }
}

/// Adds a name to `Vary`, which stays one line.
fn vary(headers: &mut HeaderMap, name: &str) {
    let known = headers
        .get(header::VARY)
        .and_then(|known| known.to_str().ok());
    match known {
        Some(known) => {
            let both = format!("{known}, {name}");
            set(headers, header::VARY, &both);
        }
        None => set(headers, header::VARY, name),
    }
}
