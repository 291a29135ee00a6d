//! A whiteboard: finished strokes reach everybody, strokes under way and pointers whoever can take them at that moment.

mod artist;
mod board;
mod events;
mod stroke;

use std::sync::Mutex;

use example_page::Page;
use roomcast::{BuildError, Hub, Rate};

const PAGE: Page = Page {
    name: "whiteboard",
    about: "A whiteboard that everybody draws on.",
    files: example_page::files!["index.html", "board.css", "board.js", "stroke.js"],
};

#[actix_web::main]
async fn main() -> example_page::Ending {
    example_page::run(PAGE, hub).await
}

fn hub() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<artist::Artist>("/")
        .state(Mutex::new(board::Board::default()))
        .max_http_buffer_size(stroke::MAX_BYTES)
        .max_connections(10_000)
        // A page sends a pointer and a sketch 30 times a second at most.
        .event_rate(Rate::per_second(100))
        .byte_rate(Rate::per_second(256 * 1024).burst(1024 * 1024))
        .build()
}
