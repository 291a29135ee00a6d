//! Step 4: names.

// ANCHOR: all
use actix_web::{App, HttpServer, web};
use roomcast::prelude::*;

#[derive(Deserialize, Event)]
struct Say {
    text: String,
}

// ANCHOR: events
#[derive(Serialize, Event)]
struct Said<'a> {
    from: &'a str,
    text: &'a str,
}

#[derive(Serialize, Event)]
struct Joined<'a> {
    nick: &'a str,
}

#[derive(Serialize, Event)]
struct Left<'a> {
    nick: &'a str,
}
// ANCHOR_END: events

// ANCHOR: session
#[derive(Deserialize)]
struct Login {
    nick: String,
}

#[derive(EventHandlers)]
#[handles(Say)]
struct Chat {
    nick: String,
}

impl Session for Chat {
    type Auth = Login;

    async fn connect(Login { nick }: Login, socket: &Socket) -> Result<Self, Refusal> {
        if !is_name(&nick) {
            return Err(Refusal::new("a name has 1 to 24 characters"));
        }
        socket.broadcast().emit(&Joined { nick: &nick })?;
        Ok(Self { nick })
    }

    async fn disconnect(&mut self, socket: &Socket, _: DisconnectReason) {
        // Should it fail, nobody is left to be told.
        let _ = socket.broadcast().emit(&Left { nick: &self.nick });
    }
}

fn is_name(text: &str) -> bool {
    (1..=24).contains(&text.chars().count()) && text.trim() == text
}
// ANCHOR_END: session

// ANCHOR: say
impl Handle<Say> for Chat {
    async fn handle(&mut self, Say { text }: Say, socket: &Socket) -> Result<(), Rejection> {
        let (from, text) = (&self.nick, &text);
        socket.hub().emit(&Said { from, text })?;
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
