//! The server that the end-to-end tests run against.
//!
//! From the environment: `PORT` (0, the default, takes any that is free), `PING_INTERVAL`,
//! `PING_TIMEOUT`, `CONNECT_TIMEOUT` and `PARK` in milliseconds, `MODE` (`handoff` or `body`), `PARSER`
//! (`default` or `msgpack`), `DEFLATE` (`1` turns permessage-deflate on), `RECOVERY` (connection state
//! recovery, for this many milliseconds), `ORIGIN` (whose pages may talk to it; it sets a cookie then),
//! `CLIENT` (the directory of the official bundles). It prints `ready PORT` once it listens. With `SCENARIO` it is
//! the application of a recorded scenario instead (`transcripts`), with `ADAPTER` a node of a cluster
//! (`cluster`). With `ADMIN` it has the admin page (`admin`).

mod admin;
mod cluster;
mod commands;
mod guest;
mod lab;
mod options;
mod private;
mod room;
mod transcripts;
mod value;

use std::time::Duration;

use actix_web::{App, HttpServer};
use roomcast::{Cookie, Cors, Hub, parser::Msgpack, signals};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = options::Options::from_env()?;
    if let Ok(scenario) = std::env::var("SCENARIO") {
        return transcripts::serve(&scenario, options.port).await;
    }
    if let Ok(adapter) = std::env::var("ADAPTER") {
        return cluster::serve(&adapter, options).await;
    }
    let mut builder = Hub::builder()
        .namespace::<lab::Lab>("/")
        .namespace::<lab::Lab>("/custom")
        .namespace::<private::Private>("/private")
        .namespace::<guest::Guest>("/guest")
        .namespace_with(room::rooms())
        .namespace_with(room::tenants())
        .ping_interval(options.ping_interval)
        .ping_timeout(options.ping_timeout)
        .connect_timeout(options.connect_timeout)
        .park_polls_after(options.park_polls_after)
        // The tests' clients share one busy thread.
        .upgrade_timeout(Duration::from_secs(60))
        .websocket_mode(options.mode);
    if options.msgpack {
        builder = builder.parser(Msgpack);
    }
    if let Some(options) = options.per_message_deflate {
        builder = builder.per_message_deflate(options);
    }
    if let Some(recovery) = options.recovery {
        builder = builder.connection_state_recovery(recovery);
    }
    if let Some(origin) = options.origin {
        builder = builder
            .cors(Cors::new(&*origin).credentials(true))
            .cookie(Cookie::default());
    }
    if let Some(client) = options.client {
        builder = builder.serve_client(client);
    }
    let hub = admin::add(builder).build()?;
    let (app, page) = (hub.clone(), admin::Page::from_env()?);
    let server = HttpServer::new(move || {
        App::new()
            .configure(app.mount())
            .configure(|config| page.mount(config))
    })
    // So that clients of different workers meet.
    .workers(2)
    .on_connect(hub.on_connect())
    .shutdown_signal(hub.shutdown_on(signals()))
    .bind(("127.0.0.1", options.port))?;
    for address in server.addrs() {
        println!("ready {}", address.port());
    }
    Ok(server.run().await?)
}
