//! The application's own check of a handshake.

use actix_web::HttpRequest;
use futures_util::future::LocalBoxFuture;

use super::{
    builder::HubBuilder,
    refused::{Forbidden, Refused},
};
use crate::{metrics::Metrics, namespace::Handshake, supervision};

/// An application's check, without its type.
pub(super) trait Allow: Send + Sync {
    fn ask<'a>(
        &'a self,
        handshake: &'a Handshake,
        req: &'a HttpRequest,
    ) -> LocalBoxFuture<'a, Result<(), Forbidden>>;
}

impl<F> Allow for F
where
    F: AsyncFn(&Handshake, &HttpRequest) -> Result<(), Forbidden> + Send + Sync,
{
    fn ask<'a>(
        &'a self,
        handshake: &'a Handshake,
        req: &'a HttpRequest,
    ) -> LocalBoxFuture<'a, Result<(), Forbidden>> {
        // Not called before it is polled, where its panics are caught.
        Box::pin(async move { self(handshake, req).await })
    }
}

impl HubBuilder {
    /// Asked before a session is opened, for every handshake that is well-formed. A refused client
    /// gets code 4 with the text of the [`Forbidden`]: status 403, or 400 for a WebSocket. Requests
    /// of open sessions are not asked about again. Default: everyone is let in.
    ///
    /// The [`Handshake`] is what sessions will see later. The request is actix-web's, with whatever
    /// your middleware put into its extensions.
    ///
    /// The check runs on the worker that took the request and must not block it; waiting is fine,
    /// but give it a timeout if what it waits for can hang. A panic is caught and counted, and
    /// refuses the client.
    ///
    /// ```
    /// use actix_web::HttpRequest;
    /// use roomcast::{Forbidden, Handshake, prelude::*};
    ///
    /// let builder = Hub::builder().allow_request(
    ///     async |handshake: &Handshake, _request: &HttpRequest| match handshake.header("x-key") {
    ///         Some("sesame") => Ok(()),
    ///         _ => Err(Forbidden::new("no key")),
    ///     },
    /// );
    /// ```
    ///
    /// # Cancel safety
    /// The check is dropped when the client closes its connection. Over TLS, and without
    /// [`Hub::on_connect`](crate::Hub::on_connect), that shows only once there is an answer, and the
    /// check runs to its end.
    pub fn allow_request<F>(mut self, check: F) -> Self
    where
        F: AsyncFn(&Handshake, &HttpRequest) -> Result<(), Forbidden> + Send + Sync + 'static,
    {
        self.http.allow_request = Some(Box::new(check));
        self
    }
}

/// What the application says, if it wants to be asked.
pub(super) async fn ask(
    check: Option<&dyn Allow>,
    handshake: &Handshake,
    req: &HttpRequest,
    metrics: &Metrics,
) -> Result<(), Refused> {
    let Some(check) = check else { return Ok(()) };
    let asked = supervision::catching(check.ask(handshake, req)).await;
    let said = asked.unwrap_or_else(|panic| {
        metrics.panics.add(1);
        tracing::error!(panic, "`allow_request` panicked");
        Err(Forbidden::default())
    });
    said.map_err(Refused::from)
}
