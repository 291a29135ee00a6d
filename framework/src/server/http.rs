//! The options of the hub that concern HTTP, and what they do to every response.
//!
//! They need actix-web's types, which the layers below do not know: so they are not in `Config`,
//! but travel among the values that a hub keeps for its application.

use actix_web::{HttpRequest, HttpResponse, http::header::HeaderMap};

use super::builder::HubBuilder;
use crate::{metrics::Metrics, supervision};

/// A hook that may change the headers of a response.
type HeadersHook = Box<dyn Fn(&mut HeaderMap, &HttpRequest) + Send + Sync>;

#[derive(Default)]
pub(super) struct Http {
    initial_headers: Option<HeadersHook>,
    headers: Option<HeadersHook>,
}

impl HubBuilder {
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
}

impl Http {
    /// What all responses have in common. `first`: it opens a session.
    pub(super) fn decorate(
        &self,
        response: &mut HttpResponse,
        req: &HttpRequest,
        first: bool,
        metrics: &Metrics,
    ) {
        let initial = self.initial_headers.as_ref().filter(|_| first);
        for hook in initial.into_iter().chain(&self.headers) {
            let called = supervision::catch(|| hook(response.headers_mut(), req));
            if let Err(panic) = called {
                metrics.panics.add(1);
                tracing::error!(panic, "a headers hook panicked");
            }
        }
    }
}
