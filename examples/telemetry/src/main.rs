//! A server whose traces are parts of the traces that its clients are in. They are printed, or go to an OpenTelemetry
//! collector.

#[path = "../../chat/src/logging.rs"]
mod logging;
mod printed;
mod traces;

use actix_web::web;
use example_page::{Ending, Page};
use roomcast::prelude::*;

const PAGE: Page = Page {
    name: "telemetry",
    about: "Traces of connections and events, printed, or sent to an OpenTelemetry collector.\n\n\
            OTLP      where a collector takes OTLP over HTTP, such as http://127.0.0.1:4318; they are printed unless given\n\
            RUST_LOG  what is logged besides: info unless given",
    files: example_page::files!["index.html", "telemetry.css", "telemetry.js"],
};

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
    let traces = match std::env::var("OTLP") {
        Ok(collector) => traces::export_to(&collector)?,
        Err(_) => traces::print()?,
    };
    let ending = example_page::run(PAGE, hub).await?;
    // What has not been sent yet; it waits for the collector.
    if let Err(error) = web::block(move || traces.shutdown()).await? {
        tracing::warn!(%error, "the last traces have not been sent");
    }
    Ok(ending)
}
