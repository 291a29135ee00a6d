//! The server that the benchmarks and the Autobahn cases run against.
//!
//! | variable | meaning | default |
//! | --- | --- | --- |
//! | `PORT` | where to listen on 127.0.0.1 (0: anywhere) | 21001 |
//! | `WORKERS` | threads | 1 |
//! | `DEFLATE` | `1` turns permessage-deflate on, for whoever offers it | 0 |
//! | `PARK_MS` | after how long the GET of a polling client is parked | 5000 |
//! | `REDIS` | the URL of a Redis through which it is one of several nodes (feature `redis`) | none |
//! | `ADAPTER` | how: `pub_sub`, `sharded` or `streams` | `pub_sub` |
//! | `METRICS` | the port on which `/metrics` is for Prometheus | none, and no exporter |
//! | `ADMIN` | it has an admin page, for everyone, in this mode: `development` or `production` (feature `admin`) | none |
//! | `MODE` | `handoff` or `body`, see [`WebSocketMode`] | `handoff` |
//!
//! It prints `ready PORT` once it listens. `/echo` is a bare WebSocket echo; everything else is in
//! [`Client`].

mod figures;

use std::{env, error::Error, net::Ipv4Addr, str::FromStr, time::Duration};

use actix_web::{App, HttpServer};
use bench_server::Client;
use roomcast::{Hub, PerMessageDeflate, WebSocketMode, signals, testing};

/// Connections that actix-web's dispatcher may hold on one worker: all of them, with `MODE=body`.
const MAX_CONNECTIONS: usize = 100_000;

/// Connections that may wait to be accepted; load generators open thousands at once.
const BACKLOG: u32 = 8192;

/// The longest message of `/echo`; the Autobahn cases need 16 MiB.
const MAX_ECHO: usize = 16 << 20;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = variable("PORT", 21001)?;
    let workers = variable("WORKERS", 1)?;
    let mode = match variable("MODE", String::from("handoff"))?.as_str() {
        "handoff" => WebSocketMode::Handoff,
        "body" => WebSocketMode::BodyStream,
        other => return Err(format!("MODE is `{other}`, neither handoff nor body").into()),
    };

    let compression = match variable("DEFLATE", 0)? {
        0 => None,
        _ => Some(PerMessageDeflate::default()),
    };

    match variable("METRICS", 0)? {
        0 => {}
        port => figures::export(port)?,
    }
    let mut hub = Hub::builder()
        .namespace::<Client>("/")
        .max_connections(MAX_CONNECTIONS)
        .park_polls_after(Duration::from_millis(variable("PARK_MS", 5000)?))
        .websocket_mode(mode);
    if let Some(options) = compression {
        hub = hub.per_message_deflate(options);
    }
    #[cfg(feature = "redis")]
    if let Ok(url) = env::var("REDIS") {
        use roomcast::adapter::Redis;

        hub = match variable("ADAPTER", String::from("pub_sub"))?.as_str() {
            "pub_sub" => hub.adapter(Redis::pub_sub(&url)),
            "sharded" => hub.adapter(Redis::sharded(&url)),
            "streams" => hub.adapter(Redis::streams(&url)),
            other => return Err(format!("ADAPTER is `{other}`, none of the three").into()),
        };
    }
    #[cfg(feature = "admin")]
    if let Ok(mode) = env::var("ADMIN") {
        use roomcast::admin::{Admin, Auth, Mode};

        let mode = match mode.as_str() {
            "development" => Mode::Development,
            "production" => Mode::Production,
            other => return Err(format!("ADMIN is `{other}`, neither of the two").into()),
        };
        hub = hub.admin(Admin::new(Auth::none()).mode(mode));
    }
    let hub = hub.build()?;
    let mount = hub.mount();
    let echo = testing::echo("/echo", MAX_ECHO, mode, compression);
    let server =
        HttpServer::new(move || App::new().configure(mount.clone()).configure(echo.clone()))
            .workers(workers)
            .backlog(BACKLOG)
            .max_connections(MAX_CONNECTIONS)
            .on_connect(hub.on_connect())
            .shutdown_signal(hub.shutdown_on(signals()))
            .bind((Ipv4Addr::LOCALHOST, port))?;
    for address in server.addrs() {
        println!("ready {}", address.port());
    }
    server.run().await?;
    Ok(())
}

/// The value of an environment variable.
fn variable<T>(name: &str, default: T) -> Result<T, String>
where
    T: FromStr<Err: std::fmt::Display>,
{
    match env::var(name) {
        Ok(text) => text.parse().map_err(|error| format!("{name}: {error}")),
        Err(env::VarError::NotPresent) => Ok(default),
        Err(error) => Err(format!("{name}: {error}")),
    }
}
