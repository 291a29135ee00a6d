//! A server whose traces go to an OpenTelemetry collector, as parts of the traces that its clients are in.

#[path = "../../chat/src/logging.rs"]
mod logging;
mod traces;

use std::error::Error;

use actix_web::{App, HttpServer, web};
use roomcast::{prelude::*, signals};

/// Where a collector takes OTLP over HTTP, unless `OTLP` says otherwise.
const COLLECTOR: &str = "http://127.0.0.1:4318";

#[derive(Deserialize, Event)]
#[event(ack = String)]
struct Greet {
    name: String,
}

#[derive(EventHandlers)]
#[handles(Greet)]
struct Guest;

impl Session for Guest {
    type Auth = ();

    async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Greet> for Guest {
    async fn handle(&mut self, Greet { name }: Greet, _: &Socket) -> Result<String, Rejection> {
        // Part of the event's span, and so of the client's trace.
        tracing::info!(name, "a guest is greeted");
        Ok(format!("Hello, {name}!"))
    }
}

fn hub() -> Result<Hub, roomcast::BuildError> {
    Hub::builder()
        .namespace::<Guest>("/")
        .on_connection_span(traces::adopt)
        .build()
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let collector = std::env::var("OTLP").unwrap_or_else(|_| COLLECTOR.to_owned());
    let traces = traces::export_to(&collector)?;
    let hub = hub()?;
    let app = hub.clone();
    let server = HttpServer::new(move || App::new().configure(app.mount()))
        .on_connect(hub.on_connect())
        .max_connections(hub.max_http_connections())
        .shutdown_signal(hub.shutdown_on(signals()))
        .bind(("127.0.0.1", 3000))?;
    println!("telemetry listening on http://{}", server.addrs()[0]);
    server.run().await?;
    // What has not been sent yet; it waits for the collector.
    web::block(move || traces.shutdown()).await??;
    Ok(())
}
