//! One of the nodes that the soak (`cargo xtask soak`) and the test of rolling restarts run against.
//!
//! From the environment: `PORT`, `REDIS` (its URL), `ADAPTER` (`pub_sub`, `sharded` or `streams`) and `RECOVERY` (`1` turns
//! connection state recovery on). `NAME` is that of a node behind a load balancer, `DRAIN_WINDOW` and `DRAIN_TIMEOUT` (in
//! milliseconds) are for those that are shut down. It prints `ready` once it listens, and tells what it knows of itself at
//! `/state`, and of who is online in the cluster at `/online`. It exits with 1 if its drain was not clean.

mod client;
mod state;

use std::{env, error::Error, process::ExitCode, time::Duration};

use actix_web::{App, HttpServer, web};
use roomcast::{Cookie, Hub, HubBuilder, Recovery, TrustProxy, adapter::Redis, signals};
use tracing_subscriber::filter::LevelFilter;

#[actix_web::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(LevelFilter::WARN)
        .init();
    let (port, redis): (u16, _) = (env::var("PORT")?.parse()?, env::var("REDIS")?);
    let builder = Hub::builder().namespace::<client::Client>("/");
    let mut builder = match &*env::var("ADAPTER")? {
        "pub_sub" => builder.adapter(Redis::pub_sub(redis)),
        "sharded" => builder.adapter(Redis::sharded(redis)),
        "streams" => builder.adapter(Redis::streams(redis)),
        other => return Err(format!("ADAPTER is pub_sub, sharded or streams, not {other}").into()),
    };
    if env::var("RECOVERY")? == "1" {
        builder = builder.connection_state_recovery(Recovery::default());
    }
    let hub = drained_within(behind_load_balancer(builder))?.build()?;
    let (app, ending) = (hub.clone(), hub.clone());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(app.clone()))
            .configure(app.mount())
            .configure(app.operations())
            .route("/state", web::get().to(state::state))
            .route("/online", web::get().to(state::online))
    })
    // So that clients of different workers meet.
    .workers(2)
    .on_connect(hub.on_connect())
    .shutdown_signal(hub.shutdown_on(signals()))
    .shutdown_timeout(5)
    .bind(("127.0.0.1", port))?;
    println!("ready");
    server.run().await?;
    Ok(match ending.drain().await.clean {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn behind_load_balancer(builder: HubBuilder) -> HubBuilder {
    match env::var("NAME") {
        Ok(name) => builder
            .server_id(&name)
            .affinity_cookie(Cookie::named("node"))
            .trust_proxy(TrustProxy::hops(1)),
        Err(_) => builder,
    }
}

fn drained_within(mut builder: HubBuilder) -> Result<HubBuilder, Box<dyn Error>> {
    let millis = |text: String| text.parse().map(Duration::from_millis);
    if let Ok(window) = env::var("DRAIN_WINDOW") {
        builder = builder.drain_window(millis(window)?);
    }
    if let Ok(timeout) = env::var("DRAIN_TIMEOUT") {
        builder = builder.drain_timeout(millis(timeout)?);
    }
    Ok(builder)
}
