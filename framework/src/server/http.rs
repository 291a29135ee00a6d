//! The options of the hub that concern HTTP, and what they do to every response.
//!
//! They need actix-web's types, which the layers below do not know: so they are not in `Config`,
//! but travel among the values that a hub keeps for its application.

use std::net::SocketAddr;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header::HeaderMap},
};

use super::{
    allow::Allow,
    builder::HubBuilder,
    bundles::Bundles,
    cookie::Cookie,
    cors::Cors,
    origins::Origins,
    proxy::TrustProxy,
    refused::{ConnectionError, Refused},
};
use crate::{error::BuildError, metrics::Metrics, namespace::Handshake, supervision};

/// A hook that may change the headers of a response.
type HeadersHook = Box<dyn Fn(&mut HeaderMap, &HttpRequest) + Send + Sync>;

/// A hook that is told what was refused.
type ErrorHook = Box<dyn Fn(&ConnectionError<'_>) + Send + Sync>;

/// Who sends a request.
#[derive(Clone, Copy)]
pub(super) struct Client {
    pub(super) address: Option<SocketAddr>,
    pub(super) is_secure: bool,
}

#[derive(Default)]
pub(super) struct Http {
    pub(super) cors: Option<Cors>,
    pub(super) check_origin: Option<Origins>,
    pub(super) cookie: Option<Cookie>,
    pub(super) affinity_cookie: Option<Cookie>,
    pub(super) trust_proxy: Option<TrustProxy>,
    pub(super) allow_request: Option<Box<dyn Allow>>,
    on_connection_error: Option<ErrorHook>,
    initial_headers: Option<HeadersHook>,
    headers: Option<HeadersHook>,
    pub(super) serve_client: Option<Bundles>,
}

impl HubBuilder {
    /// What pages of other origins may read. Applies to every response below the hub's path.
    /// Default none: such pages can only use WebSocket, which CORS does not govern; see
    /// [`check_origin`](Self::check_origin).
    pub fn cors(mut self, cors: Cors) -> Self {
        self.http.cors = Some(cors);
        self
    }

    /// From which origins browsers may open WebSockets, which unlike requests any page can open
    /// anywhere, with its visitor's cookies. Others are refused with code 4. What sends no `Origin`
    /// is not a browser, and is let in. Default: any origin, as in Socket.IO.
    ///
    /// ```
    /// use roomcast::prelude::*;
    ///
    /// let builder = Hub::builder().check_origin(["https://app.example", "https://app.test:8443"]);
    /// ```
    pub fn check_origin(mut self, origins: impl Into<Origins>) -> Self {
        self.http.check_origin = Some(origins.into());
        self
    }

    /// A cookie with the session's id, for load balancers that keep a client on one node by it; for
    /// those that do so by the node's name see [`affinity_cookie`](Self::affinity_cookie). Set
    /// where a session opens by long-polling, as in Socket.IO; one that opens by WebSocket has only
    /// the one connection. Default none.
    ///
    /// ```
    /// use roomcast::{Cookie, prelude::*};
    ///
    /// let builder = Hub::builder().cookie(Cookie::default());
    /// ```
    pub fn cookie(mut self, cookie: Cookie) -> Self {
        self.http.cookie = Some(cookie);
        self
    }

    /// Which proxies are believed about the client:
    /// [`Handshake::address`](crate::Handshake::address) and
    /// [`Handshake::is_secure`](crate::Handshake::is_secure) are then what they say. Default none:
    /// the other end of the TCP connection, whatever headers say.
    ///
    /// A node without [room](Self::max_connections) answers them with 503, for which they can go to another one.
    ///
    /// ```
    /// use roomcast::{TrustProxy, prelude::*};
    ///
    /// let builder = Hub::builder().trust_proxy(TrustProxy::hops(1));
    /// ```
    pub fn trust_proxy(mut self, trust: TrustProxy) -> Self {
        self.http.trust_proxy = Some(trust);
        self
    }

    /// Called with the headers of the first response of each session: the handshake's. Default
    /// none. Runs before [`headers`](Self::headers).
    ///
    /// A panic in the hook is caught and counted; the response goes out as it is then.
    ///
    /// ```
    /// use actix_web::http::header::{HeaderName, HeaderValue};
    /// use roomcast::prelude::*;
    ///
    /// let builder = Hub::builder().initial_headers(|headers, _request| {
    ///     let version = HeaderName::from_static("x-app-version");
    ///     headers.insert(version, HeaderValue::from_static("7"));
    /// });
    /// ```
    pub fn initial_headers(
        mut self,
        hook: impl Fn(&mut HeaderMap, &HttpRequest) + Send + Sync + 'static,
    ) -> Self {
        self.http.initial_headers = Some(Box::new(hook));
        self
    }

    /// Called with the headers of every response that the hub gives, the 101 of a WebSocket and
    /// refusals included. Default none. The request has what your middleware put into its
    /// extensions.
    ///
    /// A panic in the hook is caught and counted; the response goes out as it is then.
    pub fn headers(
        mut self,
        hook: impl Fn(&mut HeaderMap, &HttpRequest) + Send + Sync + 'static,
    ) -> Self {
        self.http.headers = Some(Box::new(hook));
        self
    }

    /// Told of every request that is refused with a code of Engine.IO, which
    /// [`Stats::refused_handshakes`](crate::Stats::refused_handshakes) counts in any case. Runs on
    /// the worker that took the request and must not block it. Default none. A panic in the hook is
    /// caught and counted. What has no such code is only counted: 503, 429, an invalid WebSocket handshake,
    /// and a WebSocket that is closed because the node is full.
    ///
    /// ```
    /// use roomcast::prelude::*;
    ///
    /// let builder = Hub::builder().on_connection_error(|error| {
    ///     let from = error.request().address();
    ///     tracing::warn!(code = error.code(), context = ?error.context(), ?from, "refused");
    /// });
    /// ```
    pub fn on_connection_error(
        mut self,
        hook: impl Fn(&ConnectionError<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.http.on_connection_error = Some(Box::new(hook));
        self
    }
}

impl Http {
    /// Makes sure that every option works, and reads the files to be served.
    ///
    /// # Errors
    /// The first option that cannot work.
    pub(super) fn prepare(&mut self) -> Result<(), BuildError> {
        self.cors.as_ref().map_or(Ok(()), Cors::check)?;
        if let Some(origins) = &self.check_origin {
            origins.check("check_origin")?;
        }
        if let Some(cookie) = &self.cookie {
            cookie.check("cookie")?;
        }
        if let Some(cookie) = &self.affinity_cookie {
            cookie.check("affinity_cookie")?;
        }
        self.serve_client.as_mut().map_or(Ok(()), Bundles::read)
    }

    /// Who sends the request, as far as proxies are believed.
    pub(super) fn client(&self, req: &HttpRequest) -> Client {
        let (address, secure) = match &self.trust_proxy {
            Some(trust) => trust.client(req.headers(), req.peer_addr()),
            None => (req.peer_addr(), None),
        };
        Client {
            address,
            is_secure: secure.unwrap_or_else(|| req.app_config().secure()),
        }
    }

    /// Whether the request comes from a proxy that is trusted.
    pub(super) fn is_proxied(&self, req: &HttpRequest) -> bool {
        let trust = self.trust_proxy.as_ref();
        trust.is_some_and(|trust| trust.trusts(0, req.peer_addr()))
    }

    /// The answer to a preflight, which any OPTIONS is where there is CORS; without its headers.
    /// actix-web leaves out the `Content-Length: 0` that Node sends, since a 204 must not have one
    /// (RFC 9110 section 8.6).
    pub(super) fn preflight(&self, req: &HttpRequest) -> Option<HttpResponse> {
        let asked = self.cors.is_some() && req.method() == Method::OPTIONS;
        asked.then(|| HttpResponse::NoContent().finish())
    }

    /// What all responses have in common. `first`: it opens a session.
    pub(super) fn decorate(
        &self,
        response: &mut HttpResponse,
        req: &HttpRequest,
        first: bool,
        metrics: &Metrics,
    ) {
        if let Some(cors) = &self.cors {
            cors.apply(response.headers_mut(), req, metrics);
        }
        let initial = self.initial_headers.as_ref().filter(|_| first);
        for hook in initial.into_iter().chain(&self.headers) {
            call(metrics, || hook(response.headers_mut(), req));
        }
    }

    /// Tells the application of a refused request, if it wants to know.
    pub(super) fn tell(
        &self,
        refused: &Refused,
        request: impl FnOnce() -> Handshake,
        metrics: &Metrics,
    ) {
        let Some(hook) = &self.on_connection_error else {
            return;
        };
        let request = request();
        call(metrics, || hook(&ConnectionError::new(refused, &request)));
    }
}

fn call(metrics: &Metrics, hook: impl FnOnce()) {
    if let Err(panic) = supervision::catch(hook) {
        metrics.panics.add(1);
        tracing::error!(panic, "a hook of the hub panicked");
    }
}
