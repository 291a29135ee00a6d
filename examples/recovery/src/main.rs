//! Connection state recovery: a line that is cut, and what was missed comes back.

mod ticker;
mod visitor;

use std::time::Duration;

use actix_web::rt;
use example_page::{Line, Page};
use roomcast::{BuildError, Hub, Recovery};

const PAGE: Page = Page {
    name: "recovery",
    about: "Connection state recovery: cut the line, and see what comes back.",
    files: example_page::files!["index.html", "recovery.css", "recovery.js"],
};

/// How long a client may be away: short, so that one can see what happens after it. Two minutes are the default.
const AWAY: Duration = Duration::from_secs(8);

#[actix_web::main]
async fn main() -> example_page::Ending {
    // Browsers cannot cut their own connection as a network does.
    let line = Line::default();
    let hub = || hub().inspect(|hub| drop(rt::spawn(ticker::run(hub.clone()))));
    example_page::run_with(PAGE, hub, move |config, _| line.routes(config)).await
}

fn hub() -> Result<Hub, BuildError> {
    let recovery = Recovery::new()
        .max_disconnection_duration(AWAY)
        .max_log_bytes(1024 * 1024);
    Hub::builder()
        .namespace::<visitor::Visitor>("/")
        .connection_state_recovery(recovery)
        .max_http_buffer_size(8 * 1024)
        .build()
}
