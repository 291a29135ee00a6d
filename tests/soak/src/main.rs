//! One of the nodes that the soak (`cargo xtask soak`) runs against.
//!
//! From the environment: `PORT`, `REDIS` (its URL), `ADAPTER` (`pub_sub`, `sharded` or `streams`) and `RECOVERY` (`1` turns
//! connection state recovery on). It prints `ready` once it listens, and tells what it knows of itself at `/state`, and of who is
//! online in the cluster at `/online`.

mod client;
mod state;

use std::{env, error::Error};

use actix_web::{App, HttpServer, web};
use roomcast::{Hub, Recovery, adapter::Redis, signals};
use tracing_subscriber::filter::LevelFilter;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
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
    let hub = builder.build()?;
    let app = hub.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(app.clone()))
            .configure(app.mount())
            .route("/state", web::get().to(state::state))
            .route("/online", web::get().to(state::online))
    })
    // So that clients of different workers meet.
    .workers(2)
    .on_connect(hub.on_connect())
    .shutdown_signal(hub.shutdown_on(signals()))
    .bind(("127.0.0.1", port))?;
    println!("ready");
    Ok(server.run().await?)
}
