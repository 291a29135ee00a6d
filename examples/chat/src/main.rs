//! A chat with rooms, presence and history, kept in memory.

mod events;
mod nicks;
mod options;
mod pages;
mod rooms;
mod session;

use std::{error::Error, net::SocketAddr, process::ExitCode};

use actix_web::{App, HttpServer};
use options::Options;
use roomcast::{Hub, signals};
use tracing_subscriber::EnvFilter;

#[actix_web::main]
async fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(&error),
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match serve(options.address).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&*error),
    }
}

fn fail(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("chat: {error}");
    ExitCode::FAILURE
}

async fn serve(address: SocketAddr) -> Result<(), Box<dyn Error>> {
    let hub = Hub::builder()
        .namespace::<session::Guest>("/")
        .state(nicks::Nicks::default())
        .state(rooms::Rooms::default())
        .max_http_buffer_size(16 * 1024)
        .max_connections(10_000)
        .build()?;
    let mount = hub.clone();
    let server = HttpServer::new(move || App::new().configure(mount.mount()).configure(pages::pages))
        .on_connect(hub.on_connect())
        .shutdown_signal(hub.shutdown_on(signals()))
        .bind(address)
        .map_err(|error| options::cannot_listen(address, &error))?;
    for bound in server.addrs() {
        println!("chat listening on http://{bound}");
    }
    server.run().await?;
    Ok(())
}
