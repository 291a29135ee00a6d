//! The requests that the hub answers below its path, and the steps of each answer.

use std::{
    any::Any,
    sync::{Arc, atomic::Ordering},
};

use actix_web::{
    HttpRequest, HttpResponse,
    dev::Extensions,
    web::{self, ServiceConfig},
};
use tokio::sync::oneshot;

use super::{
    affinity, allow, client_js,
    http::Http,
    polling,
    refused::{ErrorContext, Refused},
    verify::{Wanted, verify, verify_version},
};
use crate::{
    cluster::presence::Registrar,
    connection::Connection,
    id::SessionId,
    namespace::{Core, Handshake, Hub},
    protocol::engine_io::{HandshakeError, Query},
    transport::{handoff, handshake},
};

impl Hub {
    /// Registers the hub's routes; for [`App::configure`](actix_web::App::configure), in a scope
    /// and behind middleware if you like.
    pub fn mount(&self) -> impl FnOnce(&mut ServiceConfig) + Clone + use<> {
        let core = Arc::clone(&self.core);
        move |config| {
            // The worker's thread: the adapter does not wait for the first connection.
            let node = Arc::clone(&core.node);
            let path = &core.node.config.path;
            let mut paths = vec![format!("{path}/{{tail:.*}}")];
            if !core.node.config.add_trailing_slash {
                paths.push(path.clone());
            }
            let answer = move |req: HttpRequest, payload: web::Payload| {
                answer(Arc::clone(&core), req, payload)
            };
            config.service(web::resource(paths).to(answer));
            node.run_here();
        }
    }

    /// Keeps the sockets of new connections, so that WebSockets can be handed off; for
    /// [`HttpServer::on_connect`](actix_web::HttpServer::on_connect). Without it, over TLS and on
    /// other platforms than Unix, they are served behind the response body
    /// ([`WebSocketMode::BodyStream`](crate::WebSocketMode::BodyStream)).
    ///
    /// Each plain HTTP connection holds one more descriptor for as long as it lives.
    pub fn on_connect(&self) -> impl Fn(&dyn Any, &mut Extensions) + Send + Clone + use<> {
        handoff::keep_socket
    }
}

/// A response, and what the options for headers need to know of it.
pub(super) struct Answer {
    pub(super) response: HttpResponse,
    /// It is the first one of a session.
    pub(super) first: bool,
}

impl From<HttpResponse> for Answer {
    fn from(response: HttpResponse) -> Self {
        Self {
            response,
            first: false,
        }
    }
}

async fn answer(core: Arc<Core>, req: HttpRequest, payload: web::Payload) -> HttpResponse {
    let http = core.states.of::<Http>();
    let answer = match http.preflight(&req).or_else(|| file(http, &req)) {
        Some(response) => response.into(),
        None => {
            let answer = engine(&core, http, &req, payload).await;
            answer.unwrap_or_else(|refused| refuse(&core, http, &req, &refused).into())
        }
    };
    let Answer {
        mut response,
        first,
    } = answer;
    http.decorate(&mut response, &req, first, &core.node.metrics);
    response
}

/// A client to be downloaded.
fn file(http: &Http, req: &HttpRequest) -> Option<HttpResponse> {
    let file = match req.match_info().query("tail") {
        client_js::NAME => &*client_js::FILE,
        name => http.serve_client.as_ref()?.get(name)?,
    };
    Some(file.serve(req))
}

async fn engine(
    core: &Arc<Core>,
    http: &Http,
    req: &HttpRequest,
    payload: web::Payload,
) -> Result<Answer, Refused> {
    let query = Query::parse(req.query_string());
    let websocket = match verify(core, http, req, &query)? {
        Wanted::Session { websocket } => websocket,
        Wanted::Request(session) => {
            let sid = query.sid.as_deref().unwrap_or_default();
            let response = polling::answer(core, req, payload, session, sid).await?;
            return Ok(response.into());
        }
        Wanted::Upgrade(session) => {
            return Ok(polling::upgrade(core, req, payload, session)?.into());
        }
    };
    if let Some(busy) = unavailable(core) {
        return Ok(busy.into());
    }
    let handshake = seen(http, req);
    let check = http.allow_request.as_deref();
    tokio::select! {
        biased;
        said = allow::ask(check, &handshake, req, &core.node.metrics) => said?,
        // Nobody is left to read this.
        () = handoff::gone(req) => return Ok(HttpResponse::BadRequest().force_close().finish().into()),
    }
    verify_version(&query)?;
    // Things change while the application is asked.
    if let Some(busy) = unavailable(core) {
        return Ok(busy.into());
    }
    open(core, http, req, handshake, payload, websocket).await
}

/// Whether the node takes no more connections, and the answer that says so.
fn unavailable(core: &Core) -> Option<HttpResponse> {
    let node = &core.node;
    let (reason, text) = if node.draining.load(Ordering::Acquire) {
        ("shutting_down", "shutting down")
    } else {
        let limit = node.config.max_connections?;
        let open = usize::try_from(node.metrics.connections.get()).unwrap_or(usize::MAX);
        if open < limit {
            return None;
        }
        ("max_connections", "too many connections")
    };
    node.metrics.refused_handshakes.add(reason);
    let mut response = HttpResponse::ServiceUnavailable();
    response.force_close();
    Some(response.content_type("text/html").body(text))
}

async fn open(
    core: &Arc<Core>,
    http: &Http,
    req: &HttpRequest,
    handshake: Handshake,
    payload: web::Payload,
    websocket: bool,
) -> Result<Answer, Refused> {
    let Some(shard) = core.node.local_or_start() else {
        tracing::error!("the hub has as many workers as it can");
        return Ok(HttpResponse::ServiceUnavailable().finish().into());
    };
    let session = SessionId::random().map_err(|error| {
        tracing::error!(%error, "the system's random source failed");
        let context = ErrorContext::IdGeneration(error.to_string());
        Refused::new(HandshakeError::BadRequest, context)
    })?;
    let started = Arc::clone(core);
    let is_secure = handshake.is_secure();
    let keep_here = |response: &mut HttpResponse| {
        if let Some(cookie) = &http.affinity_cookie {
            let server_id = core.states.of::<Arc<Registrar>>().server_id();
            affinity::set(cookie, response.headers_mut(), req, server_id, is_secure);
        }
    };
    if !websocket {
        let (first, opened) = oneshot::channel();
        Connection::start_polling(started, shard, session, handshake, first);
        let mut response = polling::opened(core, req, opened).await?;
        let first = response.status().is_success();
        if let Some(cookie) = http.cookie.as_ref().filter(|_| first) {
            cookie.set(response.headers_mut(), session.reveal());
        }
        if first {
            keep_here(&mut response);
        }
        return Ok(Answer { response, first });
    }
    let mode = core.node.config.websocket_mode;
    let compression = core.node.config.per_message_deflate.as_ref();
    let accepted = handshake::accept(
        req,
        payload,
        mode,
        compression,
        move |io, early, deflate| {
            Connection::start(started, shard, session, handshake, io, early, deflate);
        },
    );
    Ok(match accepted {
        Ok(mut response) => {
            keep_here(&mut response);
            Answer {
                response,
                first: true,
            }
        }
        Err(error) => {
            core.node.metrics.refused_handshakes.add("websocket");
            error.error_response().into()
        }
    })
}

/// The request as sessions will see it.
fn seen(http: &Http, req: &HttpRequest) -> Handshake {
    let headers = req.headers().iter();
    let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let (address, secure) = match &http.trust_proxy {
        Some(trust) => trust.client(req.headers(), req.peer_addr()),
        None => (req.peer_addr(), None),
    };
    let secure = secure.unwrap_or_else(|| req.app_config().secure());
    Handshake::new(&req.uri().to_string(), headers, address, secure)
}

fn refuse(core: &Core, http: &Http, req: &HttpRequest, refused: &Refused) -> HttpResponse {
    let metrics = &core.node.metrics;
    metrics.refused_handshakes.add(refused.reason());
    tracing::debug!(peer = ?req.peer_addr(), %refused, "handshake refused");
    http.tell(refused, || seen(http, req), metrics);
    refused.response(req)
}
