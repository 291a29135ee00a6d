//! Step 5: rooms.

// ANCHOR: all
use actix_web::{App, HttpServer, web};
use roomcast::prelude::*;

// ANCHOR: enter
#[derive(Deserialize, Event)]
struct Enter {
    room: String,
}
// ANCHOR_END: enter

#[derive(Deserialize, Event)]
struct Say {
    text: String,
}

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

// ANCHOR: session
#[derive(Deserialize)]
struct Login {
    nick: String,
    room: String,
}

#[derive(EventHandlers)]
#[handles(Enter, Say)]
struct Chat {
    nick: String,
    room: String,
}

impl Session for Chat {
    type Auth = Login;

    async fn connect(Login { nick, room }: Login, socket: &Socket) -> Result<Self, Refusal> {
        if !is_name(&nick) {
            return Err(Refusal::new("a name has 1 to 24 characters"));
        }
        if !is_room(&room) {
            return Err(Refusal::new("a room has 1 to 16 letters"));
        }
        let chat = Self { nick, room };
        chat.come(socket)?;
        Ok(chat)
    }

    async fn disconnect(&mut self, socket: &Socket, _: DisconnectReason) {
        // Should it fail, nobody is left to be told.
        let _ = self.go(socket);
    }
}
// ANCHOR_END: session

// ANCHOR: come
impl Chat {
    fn come(&self, socket: &Socket) -> Result<(), EmitError> {
        socket.join(&self.room)?;
        socket.to(&self.room).emit(&Joined { nick: &self.nick })
    }

    fn go(&self, socket: &Socket) -> Result<(), EmitError> {
        socket.to(&self.room).emit(&Left { nick: &self.nick })
    }
}

impl Handle<Enter> for Chat {
    async fn handle(&mut self, Enter { room }: Enter, socket: &Socket) -> Result<(), Rejection> {
        if !is_room(&room) {
            return Err(Rejection::new("a room has 1 to 16 letters"));
        }
        socket.leave(&self.room)?;
        self.go(socket)?;
        self.room = room;
        self.come(socket)?;
        Ok(())
    }
}
// ANCHOR_END: come

fn is_name(text: &str) -> bool {
    (1..=24).contains(&text.chars().count()) && text.trim() == text
}

// ANCHOR: is_room
fn is_room(text: &str) -> bool {
    (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase())
}
// ANCHOR_END: is_room

// ANCHOR: say
impl Handle<Say> for Chat {
    async fn handle(&mut self, Say { text }: Say, socket: &Socket) -> Result<(), Rejection> {
        let (from, text) = (&self.nick, &text);
        socket.hub().to(&self.room).emit(&Said { from, text })?;
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
