//! A server whose traces go to an OpenTelemetry collector, as parts of the traces that its clients are in.

#[path = "../../chat/src/logging.rs"]
mod logging;
mod traces;

use actix_web::web;
use example_page::{Ending, Page};
use roomcast::prelude::*;

const PAGE: Page = Page {
    name: "telemetry",
    about: "Traces of connections and events, sent to an OpenTelemetry collector.\n\n\
            OTLP      where it takes OTLP over HTTP: http://127.0.0.1:4318 unless given\n\
            RUST_LOG  what is logged besides: info unless given",
    files: example_page::files!["index.html", "telemetry.css", "telemetry.js"],
};

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
async fn main() -> Ending {
    let collector = std::env::var("OTLP").unwrap_or_else(|_| COLLECTOR.to_owned());
    let traces = traces::export_to(&collector)?;
    let ending = example_page::run(PAGE, hub).await?;
    // What has not been sent yet; it waits for the collector.
    if let Err(error) = web::block(move || traces.shutdown()).await? {
        tracing::warn!(%error, "the last traces have not been sent");
    }
    Ok(ending)
}
