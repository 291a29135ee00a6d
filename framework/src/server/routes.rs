//! The requests that the hub answers below its path, and the steps of each answer.

use std::{any::Any, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse,
    dev::Extensions,
    web::{self, ServiceConfig},
};
use tokio::sync::oneshot;

use super::{
    affinity, allow, client_js, denied,
    http::{Client, Http},
    polling,
    refused::{self, ErrorContext, Refused},
    verify::{Wanted, verify, verify_version},
};
use crate::{
    cluster::presence::Registrar,
    connection::{Connection, Opening},
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

    /// Lets the hub take over the TCP sockets of WebSocket connections after their handshake; for
    /// [`HttpServer::on_connect`](actix_web::HttpServer::on_connect). Without it, over TLS and on
    /// other platforms than Unix, WebSockets are served through the response body
    /// ([`WebSocketMode::BodyStream`](crate::WebSocketMode::BodyStream)).
    ///
    /// Each plain HTTP connection uses one more file descriptor. What is not handed over counts towards actix-web's
    /// own limit of connections: set it to [`max_http_connections`](Self::max_http_connections).
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
        Wanted::Crossing => return Ok(polling::crossing(core, req, payload).await.into()),
    };
    let client = http.client(req);
    let refuse = |payload, denied| denied::refuse(core, http, req, payload, denied, client.address);
    let place = match core.node.admit(client.address) {
        Ok(place) => place,
        Err(denied) => return Ok(refuse(payload, denied).into()),
    };
    let handshake = seen(req, client);
    let check = http.allow_request.as_deref();
    tokio::select! {
        biased;
        said = allow::ask(check, &handshake, req, &core.node.metrics) => said?,
        // What it says does not matter any more.
        () = core.node.closed() => {}
        // Nobody is left to read this.
        () = handoff::gone(req) => return Ok(HttpResponse::BadRequest().force_close().finish().into()),
    }
    verify_version(&query)?;
    // It may have begun to drain while the application was asked.
    if let Err(denied) = core.node.is_open() {
        return Ok(refuse(payload, denied).into());
    }
    let opening = Opening {
        core: Arc::clone(core),
        handshake,
        place,
    };
    open(http, req, opening, payload, websocket).await
}

async fn open(
    http: &Http,
    req: &HttpRequest,
    opening: Opening,
    payload: web::Payload,
    websocket: bool,
) -> Result<Answer, Refused> {
    let core = &Arc::clone(&opening.core);
    let Some(shard) = core.node.local_or_start() else {
        tracing::error!("the hub has as many workers as it can");
        return Ok(HttpResponse::ServiceUnavailable().finish().into());
    };
    let session = SessionId::random().map_err(|error| {
        tracing::error!(%error, "the system's random source failed");
        let context = ErrorContext::IdGeneration(error.to_string());
        Refused::new(HandshakeError::BadRequest, context)
    })?;
    let is_secure = opening.handshake.is_secure();
    let keep_here = |response: &mut HttpResponse| {
        if let Some(cookie) = &http.affinity_cookie {
            let server_id = core.states.of::<Arc<Registrar>>().server_id();
            affinity::set(cookie, response.headers_mut(), req, server_id, is_secure);
        }
    };
    if !websocket {
        let (first, opened) = oneshot::channel();
        Connection::start_polling(opening, shard, session, first);
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
            Connection::start(opening, shard, session, io, early, deflate);
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
        Err(error) => refused::not_a_websocket(core, req, &error).into(),
    })
}

/// The request as sessions will see it.
fn seen(req: &HttpRequest, client: Client) -> Handshake {
    let headers = req.headers().iter();
    let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let url = req.uri().to_string();
    Handshake::new(&url, headers, client.address, client.is_secure)
}

fn refuse(core: &Core, http: &Http, req: &HttpRequest, refused: &Refused) -> HttpResponse {
    let metrics = &core.node.metrics;
    metrics.refused_handshakes.add(refused.reason());
    tracing::debug!(peer = ?http.client(req).address, %refused, "handshake refused");
    http.tell(refused, || seen(req, http.client(req)), metrics);
    refused.response(req)
}
