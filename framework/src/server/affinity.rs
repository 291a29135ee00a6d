//! The affinity cookie: by the node's name in it a load balancer sends a client to the node that it was
//! at. A session's requests must come to its node, and one that is lost may be found there again.

use actix_web::{
    HttpRequest,
    http::header::{self, HeaderMap},
};

use super::{builder::HubBuilder, cookie::Cookie};

impl HubBuilder {
    /// A cookie with this node's name, its [`server_id`](Self::server_id), for load balancers that keep
    /// a client on one node by it. Set with the first response of each session, on either transport,
    /// unless the client has sent it: so it names the node that has the client's newest session. Over
    /// TLS, also where that ends in a [trusted](Self::trust_proxy) proxy, it is `Secure`. Default none.
    ///
    /// Give each node a name that the load balancer knows. The cookie can have neither
    /// [`max_age`](Cookie::max_age) nor [`expires`](Cookie::expires): the hub is not built. It would end in
    /// the middle of a session, whose requests then come to any node.
    ///
    /// ```
    /// use roomcast::{Cookie, prelude::*};
    ///
    /// // Set-Cookie: node=node-1; Path=/; HttpOnly; SameSite=Lax
    /// let builder = Hub::builder()
    ///     .server_id("node-1")
    ///     .affinity_cookie(Cookie::named("node"));
    /// ```
    pub fn affinity_cookie(mut self, cookie: Cookie) -> Self {
        self.http.affinity_cookie = Some(cookie);
        self
    }
}

/// Names the node to a client that has not said that it knows.
pub(super) fn set(
    cookie: &Cookie,
    headers: &mut HeaderMap,
    req: &HttpRequest,
    server_id: &str,
    is_secure: bool,
) {
    if sent(req, cookie.name()) == Some(server_id) {
        return;
    }
    match is_secure {
        true => cookie.clone().secure(true).set(headers, server_id),
        false => cookie.set(headers, server_id),
    }
}

/// The first cookie of that name, as load balancers read it.
fn sent<'r>(req: &'r HttpRequest, name: &str) -> Option<&'r str> {
    let headers = req.headers().get_all(header::COOKIE);
    let mut cookies = headers
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    cookies.find_map(|(of, value)| (of == name).then_some(value))
}
