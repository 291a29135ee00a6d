//! The server of the chapter "Coming from Socket.IO".

mod admin;
mod board;
mod chat;

use std::{net::ToSocketAddrs, time::Duration};

// ANCHOR: start
use actix_web::{App, HttpServer};
use roomcast::{BuildError, prelude::*};

fn hub() -> Result<Hub, BuildError> {
    Hub::builder()
        .ping_interval(Duration::from_secs(10))
        .max_http_buffer_size(100_000)
        .namespace_with(chat::guarded())
        .namespace::<admin::Admin>("/admin")
        .dynamic_namespace::<board::Board>("/board-{number}")
        .build()
}

async fn serve(hub: Hub, address: impl ToSocketAddrs) -> std::io::Result<()> {
    let mount = hub.clone();
    let server = HttpServer::new(move || App::new().configure(mount.mount()))
        .on_connect(hub.on_connect())
        .shutdown_signal(hub.shutdown_on(roomcast::signals()))
        .bind(address)?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    server.run().await
}
// ANCHOR_END: start

// ANCHOR: outside
#[derive(Serialize, Event)]
struct Time(u64);

async fn tell_the_time(hub: Hub) -> Result<(), EmitError> {
    let start = std::time::Instant::now();
    let mut minutes = actix_web::rt::time::interval(Duration::from_secs(60));
    loop {
        minutes.tick().await;
        hub.emit(&Time(start.elapsed().as_secs()))?;
    }
}
// ANCHOR_END: outside

#[actix_web::main]
pub(crate) async fn run(address: &str) -> Result<(), Box<dyn std::error::Error>> {
    let hub = hub()?;
    actix_web::rt::spawn(tell_the_time(hub.clone()));
    serve(hub, address).await?;
    Ok(())
}
