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

pub(crate) fn run() -> Result<(), Box<dyn std::error::Error>> {
    main()
}

pub(crate) fn add(to: roomcast::HubBuilder) -> roomcast::HubBuilder {
    to.namespace::<Hello>("/")
}

#[cfg(test)]
mod tests {
    use roomcast::testing::{TestClient, TestServer};

    #[actix_web::test]
    async fn it_greets() -> Result<(), Box<dyn std::error::Error>> {
        let server = TestServer::start(crate::hub()?);
        let client = TestClient::connect(&server).await?;
        let answer = client.emit_raw_with_ack("greet", &["Ann"]).await;
        assert_eq!(answer.json(), r#"["Hello, Ann!"]"#);
        Ok(())
    }
}
