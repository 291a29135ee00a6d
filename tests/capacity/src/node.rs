//! One of the nodes that are measured: a chat with rooms, which say nothing of several nodes.

use std::error::Error;
use std::net::Ipv4Addr;
use std::time::Duration;

use actix_web::{App, HttpServer, Responder, web};
use roomcast::{Hub, Recovery, adapter::Redis, prelude::*, signals};

use crate::options::{Adapter, Features};
use crate::wire::{Auth, Message};

/// Connections that may wait to be accepted; the kernel takes it down to its `somaxconn`.
const BACKLOG: u32 = 8_192;

/// What a node is told on its command line, as JSON.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Settings {
    pub(crate) redis: String,
    pub(crate) adapter: Adapter,
    pub(crate) features: Features,
    pub(crate) ping_interval: Duration,
    pub(crate) max_connections: usize,
}

/// What a node knows of itself.
#[derive(Deserialize, Serialize)]
pub(crate) struct State {
    pub(crate) connected: bool,
    pub(crate) sockets: u64,
    /// Events and frames that did not get to where they should have, for any reason.
    pub(crate) dropped: u64,
}

#[derive(Deserialize, Event)]
#[event(ack = bool)]
struct Join(u64);

#[derive(Deserialize, Event)]
struct Say(u64, Message);

#[derive(Serialize, Event)]
struct Said(Message);

#[derive(EventHandlers)]
#[handles(Join, Say)]
struct Guest;

impl Session for Guest {
    type Auth = Auth;

    async fn connect(Auth { user, room }: Auth, socket: &Socket) -> Result<Self, Refusal> {
        if socket.state::<Features>().presence {
            socket.bind_user(&user.to_string())?;
            socket.track(room.to_string(), &())?;
        }
        Ok(Self)
    }
}

impl Handle<Join> for Guest {
    async fn handle(&mut self, Join(room): Join, socket: &Socket) -> Result<bool, Rejection> {
        socket.join(room.to_string())?;
        Ok(true)
    }
}

impl Handle<Say> for Guest {
    async fn handle(&mut self, Say(room, message): Say, socket: &Socket) -> Result<(), Rejection> {
        let hub = socket.hub();
        hub.to(room.to_string()).emit(&Said(message))?;
        Ok(())
    }
}

/// Serves until it is told to end, on one thread, and prints where it listens.
///
/// # Errors
///
/// If it cannot listen, or an option is out of its range.
pub(crate) async fn run(settings: Settings) -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .init();
    let hub = hub(settings)?;
    let app = hub.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(app.clone()))
            .configure(app.mount())
            .route("/state", web::get().to(state))
    })
    // As many threads as cores in each of the nodes would only take turns.
    .workers(1)
    .backlog(BACKLOG)
    .on_connect(hub.on_connect())
    .max_connections(hub.max_http_connections())
    .shutdown_signal(hub.shutdown_on(signals()))
    .bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("listening on http://{}", server.addrs()[0]);
    Ok(server.run().await?)
}

fn hub(settings: Settings) -> Result<Hub, Box<dyn Error>> {
    let redis = settings.redis;
    let hub = Hub::builder()
        .namespace::<Guest>("/")
        .state(settings.features)
        .max_connections(settings.max_connections)
        .ping_interval(settings.ping_interval);
    let hub = match settings.adapter {
        Adapter::PubSub => hub.adapter(Redis::pub_sub(redis)),
        Adapter::Sharded => hub.adapter(Redis::sharded(redis)),
        Adapter::Streams => hub.adapter(Redis::streams(redis)),
    };
    let hub = match settings.features.recovery {
        true => hub.connection_state_recovery(Recovery::default()),
        false => hub,
    };
    Ok(hub.build()?)
}

async fn state(hub: web::Data<Hub>) -> impl Responder {
    let stats = hub.stats();
    web::Json(State {
        connected: stats.cluster_connected == 1,
        sockets: stats.sockets,
        dropped: stats.dropped_newest
            + stats.dropped_oldest
            + stats.closed_slow
            + stats.refused_overloaded
            + stats.rejected.values().sum::<u64>()
            + stats.cluster_gaps
            + stats.cluster_lost_in_flight
            + stats.cluster_dropped.values().sum::<u64>(),
    })
}
