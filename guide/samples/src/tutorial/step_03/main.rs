//! Step 3: a broadcast.

// ANCHOR: all
use actix_web::{App, HttpServer, web};
use roomcast::prelude::*;

#[derive(Deserialize, Event)]
struct Say {
    text: String,
}

#[derive(Serialize, Event)]
struct Said<'a> {
    text: &'a str,
}

#[derive(EventHandlers)]
#[handles(Say)]
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

// ANCHOR: say
impl Handle<Say> for Chat {
    async fn handle(&mut self, Say { text }: Say, socket: &Socket) -> Result<(), Rejection> {
        socket.hub().emit(&Said { text: &text })?;
        Ok(())
    }
}
// ANCHOR_END: say

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
// ANCHOR_END: all

pub(crate) fn run() -> Result<(), Box<dyn std::error::Error>> {
    main()
}
