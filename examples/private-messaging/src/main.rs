//! Private messages between people who come back as themselves, and find what was written to them meanwhile.

mod conversations;
mod events;
mod people;
mod person;

use std::sync::Mutex;

use example_page::Page;
use roomcast::{BuildError, Hub, Rate};

const PAGE: Page = Page {
    name: "private-messaging",
    about: "Private messages between people who come back as themselves.",
    files: example_page::files!["index.html", "messages.css", "messages.js"],
};

#[actix_web::main]
async fn main() -> example_page::Ending {
    example_page::run(PAGE, hub).await
}

fn hub() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<person::Person>("/")
        .state(Mutex::new(people::People::default()))
        .max_http_buffer_size(16 * 1024)
        .max_connections(10_000)
        // An address tries names as often as it opens connections, and on each of them as often as it emits: to connect to
        // the namespace counts as an event.
        .max_connections_per_address(100)
        .handshake_rate_per_address(Rate::per_second(20))
        .event_rate(Rate::per_second(20))
        .build()
}
