//! The routes for whoever runs the node: `/health` and `/ready`.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web::{self, ServiceConfig},
};
use serde::Serialize;

use super::health::{Health, Readiness};
use crate::namespace::Hub;

impl Hub {
    /// Registers `GET /health` and `GET /ready`; for
    /// [`App::configure`](actix_web::App::configure), beside the hub's own routes, in a scope, or in
    /// another server of the same process on a port that clients do not reach.
    ///
    /// | route | 200 | 503 |
    /// | --- | --- | --- |
    /// | `/health` | no worker is blocked ([`health`](Self::health)) | a worker is blocked: restart the process |
    /// | `/ready` | the node is ready for new clients ([`ready`](Self::ready)) | it is not: send them to other nodes |
    ///
    /// Both answer with JSON that contains the reasons. They need no authentication: if your middleware
    /// requires a login, mount them outside of it.
    ///
    /// ```no_run
    /// use actix_web::{App, HttpServer};
    /// # async fn serve(hub: roomcast::Hub) -> std::io::Result<()> {
    /// let (public, private) = (hub.clone(), hub.clone());
    /// let clients = HttpServer::new(move || App::new().configure(public.mount()))
    ///     .on_connect(hub.on_connect())
    ///     .bind(("0.0.0.0", 3000))?
    ///     .run();
    /// let operators = HttpServer::new(move || App::new().configure(private.operations()))
    ///     .workers(1)
    ///     .bind(("127.0.0.1", 9000))?
    ///     .run();
    /// tokio::try_join!(clients, operators)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn operations(&self) -> impl FnOnce(&mut ServiceConfig) + Clone + use<> {
        let hub = self.clone();
        move |config| {
            let ready = hub.clone();
            let route = |path: &str, answer: fn(&Hub) -> HttpResponse, hub: Hub| {
                let answer = move || std::future::ready(answer(&hub));
                web::resource(path)
                    .route(web::get().to(answer.clone()))
                    .route(web::head().to(answer))
            };
            config
                .service(route("/health", |hub| health(&hub.health()), hub))
                .service(route("/ready", |hub| readiness(&hub.ready()), ready));
        }
    }
}

#[derive(Serialize)]
struct HealthAnswer<'a> {
    status: &'static str,
    workers: usize,
    blocked: Vec<BlockedAnswer<'a>>,
}

#[derive(Serialize)]
struct BlockedAnswer<'a> {
    worker: u16,
    seconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'static str>,
}

fn health(health: &Health) -> HttpResponse {
    let blocked = health.blocked().iter().map(|blocked| BlockedAnswer {
        worker: blocked.worker,
        seconds: blocked.since.as_secs(),
        namespace: blocked.place.as_ref().map(|(namespace, _)| &**namespace),
        event: blocked.place.as_ref().map(|(_, event)| *event),
    });
    let body = HealthAnswer {
        status: if health.is_healthy() {
            "healthy"
        } else {
            "unhealthy"
        },
        workers: health.workers(),
        blocked: blocked.collect(),
    };
    answer(health.is_healthy(), &body)
}

#[derive(Serialize)]
struct ReadyAnswer {
    status: &'static str,
    reasons: Vec<ReasonAnswer>,
}

#[derive(Serialize)]
struct ReasonAnswer {
    reason: &'static str,
    message: String,
}

fn readiness(readiness: &Readiness) -> HttpResponse {
    let reasons = readiness.reasons().iter().map(|reason| ReasonAnswer {
        reason: reason.as_str(),
        message: reason.to_string(),
    });
    let body = ReadyAnswer {
        status: if readiness.is_ready() {
            "ready"
        } else {
            "not ready"
        },
        reasons: reasons.collect(),
    };
    answer(readiness.is_ready(), &body)
}

fn answer(good: bool, body: &impl Serialize) -> HttpResponse {
    let status = match good {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(body)
}
