//! The options of the hub that concern HTTP, and what they do to every response.
//!
//! They need actix-web's types, which the layers below do not know: so they are not in `Config`,
//! but travel among the values that a hub keeps for its application.

use actix_web::{HttpRequest, HttpResponse, http::header::HeaderMap};

use super::{
    allow::Allow,
    builder::HubBuilder,
    refused::{ConnectionError, Refused},
};
use crate::{metrics::Metrics, namespace::Handshake, supervision};

/// A hook that may change the headers of a response.
type HeadersHook = Box<dyn Fn(&mut HeaderMap, &HttpRequest) + Send + Sync>;

/// A hook that is told what was refused.
type ErrorHook = Box<dyn Fn(&ConnectionError<'_>) + Send + Sync>;

#[derive(Default)]
pub(super) struct Http {
    pub(super) allow_request: Option<Box<dyn Allow>>,
    connection_error: Option<ErrorHook>,
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

    /// Told of every request that is refused with a code of Engine.IO, which
    /// [`Stats::refused_handshakes`](crate::Stats::refused_handshakes) counts in any case. Runs on
    /// the worker that took the request and must not block it. Default none. A panic in the hook is
    /// caught and counted.
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
        self.http.connection_error = Some(Box::new(hook));
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
        let Some(hook) = &self.connection_error else {
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
