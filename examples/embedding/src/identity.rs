//! From the application's session to the socket's.
//!
//! A handshake is a request like any other: it passes the application's middleware, which knows who it is from. The hub keeps
//! its headers, so that is where the middleware puts it.

use actix_session::SessionExt;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use roomcast::Handshake;

/// The key in the application's session.
pub(crate) const ACCOUNT: &str = "account";

const HEADER: HeaderName = HeaderName::from_static("x-account");

/// Whose handshake it is.
pub(crate) fn of(handshake: &Handshake) -> Option<i64> {
    handshake.header(HEADER.as_str())?.parse().ok()
}

/// Tells the hub who a request is from.
pub(crate) async fn tell_hub<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let account = request.get_session().get::<i64>(ACCOUNT)?;
    let headers = request.headers_mut();
    // Whatever a client has put there is not what we say.
    headers.remove(HEADER);
    if let Some(account) = account {
        headers.insert(HEADER, HeaderValue::from(account));
    }
    next.call(request).await
}
