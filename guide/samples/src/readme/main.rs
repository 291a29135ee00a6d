//! The chat of the README, which has its blocks from here and from the page beside this file: see `tests/facts/readme.rs`.

// ANCHOR: all
use actix_web::{App, HttpServer, web};
use roomcast::prelude::*;

#[derive(Serialize, Deserialize, Event)]
struct Said(String);

#[derive(EventHandlers)]
#[handles(Said)]
struct Chat;

impl Session for Chat {
    type Auth = ();
    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        socket.join("lobby")?;
        Ok(Self)
    }
}

impl Handle<Said> for Chat {
    async fn handle(&mut self, said: Said, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.hub().to("lobby").emit(&said)?)
    }
}

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
    let server = HttpServer::new(app).on_connect(hub.on_connect());
    Ok(server.bind(("127.0.0.1", 3000))?.run().await?)
}
// ANCHOR_END: all

pub(crate) fn add(to: roomcast::HubBuilder) -> roomcast::HubBuilder {
    to.namespace::<Chat>("/")
}

pub(crate) const PAGE: &str = include_str!("index.html");
