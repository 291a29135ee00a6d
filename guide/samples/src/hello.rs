//! The first program of the guide.

// ANCHOR: all
use actix_web::{App, HttpServer};
use roomcast::prelude::*;

/// What a client may send: the event `greet`, with one string.
#[derive(Deserialize, Event)]
#[event(ack = String)]
struct Greet(String);

/// What the server keeps for each client. Here: nothing.
#[derive(EventHandlers)]
#[handles(Greet)]
struct Hello;

impl Session for Hello {
    type Auth = ();

    async fn connect(_auth: (), socket: &Socket) -> Result<Self, Refusal> {
        println!("{} connected", socket.id());
        Ok(Self)
    }
}

impl Handle<Greet> for Hello {
    async fn handle(&mut self, Greet(name): Greet, _: &Socket) -> Result<String, Rejection> {
        Ok(format!("Hello, {name}!"))
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let hub = Hub::builder().namespace::<Hello>("/").build()?;
    let mount = hub.clone();
    HttpServer::new(move || App::new().configure(mount.mount()))
        .on_connect(hub.on_connect())
        .bind(("127.0.0.1", 3000))?
        .run()
        .await?;
    Ok(())
}
// ANCHOR_END: all
