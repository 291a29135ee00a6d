//! Step 1: a page.

// ANCHOR: all
// ANCHOR: session
use actix_web::{App, HttpServer, web};
use roomcast::prelude::*;

#[derive(EventHandlers)]
#[handles()]
struct Chat;

impl Session for Chat {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        println!("{} has come", socket.id());
        Ok(Self)
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        println!("{} has gone: {reason}", socket.id());
    }
}
// ANCHOR_END: session

// ANCHOR: main
async fn page() -> web::Html {
    web::Html::new(include_str!("index.html"))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let hub = Hub::builder().namespace::<Chat>("/").build()?;
    let mount = hub.clone();
    let app = move || {
        App::new()
            .route("/", web::get().to(page))
            .configure(mount.mount())
    };
    // `cargo run -- 127.0.0.1:8080` serves elsewhere.
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:3000".into());
    let server = HttpServer::new(app)
        .on_connect(hub.on_connect())
        .bind(address)?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    server.run().await?;
    Ok(())
}
// ANCHOR_END: main
// ANCHOR_END: all

pub(crate) fn run() -> Result<(), Box<dyn std::error::Error>> {
    main()
}
