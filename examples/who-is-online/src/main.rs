//! A dashboard of who is there, with how many devices and doing what; and a word to one of them, on all of those devices.

mod member;
mod notify;

use example_page::Page;
use roomcast::{BuildError, Hub, Rate};

const PAGE: Page = Page {
    name: "who-is-online",
    about: "Who is online, on which devices, and a word to one of them.\n\n\
            NOTIFY_SECRET  what programs prove themselves with that tell a word over HTTP: unless given, none can",
    files: example_page::files!["index.html", "online.css", "online.js"],
};

#[actix_web::main]
async fn main() -> example_page::Ending {
    example_page::run_with(PAGE, hub, notify::routes).await
}

fn hub() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<member::Member>("/")
        .max_http_buffer_size(8 * 1024)
        .max_connections(10_000)
        // A person has a few devices, and tabs that the server still believes in.
        .max_sockets_per_user(20)
        .event_rate(Rate::per_second(10))
        .build()
}
