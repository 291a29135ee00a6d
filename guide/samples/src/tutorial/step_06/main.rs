//! Step 6: acks and delivery.

// ANCHOR: all
use actix_web::{App, HttpServer, web};
use roomcast::prelude::*;

#[derive(Deserialize, Event)]
struct Enter {
    room: String,
}

// ANCHOR: events
#[derive(Deserialize, Event)]
#[event(ack = u64)]
struct Say {
    number: u64,
    text: String,
}
// ANCHOR_END: events

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

#[derive(Deserialize)]
struct Login {
    nick: String,
    room: String,
}

// ANCHOR: session
#[derive(EventHandlers)]
#[handles(Enter, Say)]
struct Chat {
    nick: String,
    room: String,
    /// The number of the last message that was taken.
    taken: u64,
}
// ANCHOR_END: session

impl Session for Chat {
    type Auth = Login;

    async fn connect(Login { nick, room }: Login, socket: &Socket) -> Result<Self, Refusal> {
        if !is_name(&nick) {
            return Err(Refusal::new("a name has 1 to 24 characters"));
        }
        if !is_room(&room) {
            return Err(Refusal::new("a room has 1 to 16 letters"));
        }
        let taken = 0;
        let chat = Self { nick, room, taken };
        chat.come(socket)?;
        Ok(chat)
    }

    async fn disconnect(&mut self, socket: &Socket, _: DisconnectReason) {
        // Should it fail, nobody is left to be told.
        let _ = self.go(socket);
    }
}

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

fn is_name(text: &str) -> bool {
    (1..=24).contains(&text.chars().count()) && text.trim() == text
}

fn is_room(text: &str) -> bool {
    (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

// ANCHOR: say
impl Handle<Say> for Chat {
    async fn handle(&mut self, say: Say, socket: &Socket) -> Result<u64, Rejection> {
        if say.text.chars().count() > 500 {
            return Err(Rejection::new("that is too long"));
        }
        // A client that has heard nothing of a message sends it again.
        if say.number > self.taken {
            let (from, text) = (&self.nick, &say.text);
            socket.hub().to(&self.room).emit(&Said { from, text })?;
            self.taken = say.number;
        }
        Ok(self.taken)
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
