//! The whole chat, with its page.

// ANCHOR: all
use actix_web::{App, HttpServer, web};
use roomcast::prelude::*;

#[derive(Deserialize, Event)]
#[event(ack = Vec<String>)]
struct Join {
    room: String,
}

#[derive(Deserialize, Event)]
struct Say {
    room: String,
    text: String,
}

#[derive(Serialize, Event)]
struct Said<'a> {
    room: &'a str,
    from: &'a str,
    text: &'a str,
}

#[derive(Serialize, Event)]
struct Joined<'a> {
    room: &'a str,
    nick: &'a str,
}

#[derive(Serialize, Event)]
struct Left<'a> {
    room: &'a str,
    nick: &'a str,
}

#[derive(Deserialize)]
struct Login {
    nick: String,
}

#[derive(EventHandlers)]
#[handles(Join, Say)]
struct Chat {
    nick: String,
}

impl Session for Chat {
    type Auth = Login;

    async fn connect(login: Login, _: &Socket) -> Result<Self, Refusal> {
        if login.nick.trim().is_empty() {
            return Err(Refusal::new("please choose a nick name"));
        }
        Ok(Self { nick: login.nick })
    }

    async fn disconnect(&mut self, socket: &Socket, _: DisconnectReason) {
        for room in socket.rooms() {
            let left = Left {
                room: &room,
                nick: &self.nick,
            };
            let _ = socket.to(&room).emit(&left);
        }
    }
}

impl Handle<Join> for Chat {
    async fn handle(&mut self, join: Join, socket: &Socket) -> Result<Vec<String>, Rejection> {
        socket.join(&join.room)?;
        let joined = Joined {
            room: &join.room,
            nick: &self.nick,
        };
        socket.to(&join.room).emit(&joined)?;
        Ok(socket.rooms())
    }
}

impl Handle<Say> for Chat {
    async fn handle(&mut self, say: Say, socket: &Socket) -> Result<(), Rejection> {
        let Say { room, text } = &say;
        if !socket.rooms().contains(room) {
            return Err(Rejection::new("join the room first"));
        }
        socket.to(room).emit(&Said {
            room,
            from: &self.nick,
            text,
        })?;
        Ok(())
    }
}

// ANCHOR: main
const PAGE: &str = include_str!("index.html");

async fn page() -> web::Html {
    web::Html::new(PAGE)
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

#[cfg(test)]
pub(crate) fn hub() -> Result<Hub, roomcast::BuildError> {
    Hub::builder().namespace::<Chat>("/").build()
}
