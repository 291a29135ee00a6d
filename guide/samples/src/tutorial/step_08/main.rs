//! Step 8: several cores.

// ANCHOR: all
// ANCHOR: use
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    thread,
};

use actix_web::{App, HttpServer, web};
use roomcast::{Recovery, prelude::*};
// ANCHOR_END: use

#[derive(Deserialize, Event)]
struct Enter {
    room: String,
}

#[derive(Deserialize, Event)]
#[event(ack = u64)]
struct Say {
    number: u64,
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
    back: bool,
}

#[derive(Serialize, Event)]
struct Left<'a> {
    nick: &'a str,
    why: &'a str,
}

// ANCHOR: rooms
/// The names of all in a room, in the order in which they came.
#[derive(Serialize, Event)]
struct Here<'a> {
    nicks: &'a [String],
}

/// Who is in which room: one for all workers.
#[derive(Default)]
struct Rooms(Mutex<HashMap<String, Vec<String>>>);

impl Rooms {
    fn change(&self, socket: &Socket, room: &str, change: impl FnOnce(&mut Vec<String>)) {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let nicks = rooms.entry(room.to_owned()).or_default();
        change(nicks);
        // Under the lock, so that everyone hears of the changes in their order.
        let _ = socket.hub().to(room).emit(&Here { nicks });
        if nicks.is_empty() {
            rooms.remove(room);
        }
    }
}
// ANCHOR_END: rooms

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
    /// The number of the last message that was taken.
    taken: u64,
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
        // What the session before this one has left, if the client was here already.
        let taken = socket.data().ok().flatten().unwrap_or(0);
        for other in socket.rooms().iter().filter(|other| **other != room) {
            socket.leave(other)?;
        }
        // ANCHOR: worker
        println!("{nick} is on {:?}", thread::current().id());
        // ANCHOR_END: worker
        let chat = Self { nick, room, taken };
        chat.come(socket)?;
        Ok(chat)
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        // Should it fail, nobody is left to be told.
        let _ = self.go(socket, reason.as_str());
    }
}

// ANCHOR: come
impl Chat {
    fn come(&self, socket: &Socket) -> Result<(), EmitError> {
        socket.join(&self.room)?;
        let (nick, back) = (&self.nick, socket.recovered());
        socket.to(&self.room).emit(&Joined { nick, back })?;
        let rooms: &Rooms = socket.state();
        rooms.change(socket, &self.room, |nicks| nicks.push(nick.clone()));
        Ok(())
    }

    fn go(&self, socket: &Socket, why: &str) -> Result<(), EmitError> {
        let nick = &self.nick;
        let rooms: &Rooms = socket.state();
        rooms.change(socket, &self.room, |nicks| {
            // One of them, should two people have one name.
            if let Some(at) = nicks.iter().position(|known| known == nick) {
                nicks.remove(at);
            }
        });
        socket.to(&self.room).emit(&Left { nick, why })
    }
}
// ANCHOR_END: come

impl Handle<Enter> for Chat {
    async fn handle(&mut self, Enter { room }: Enter, socket: &Socket) -> Result<(), Rejection> {
        if !is_room(&room) {
            return Err(Rejection::new("a room has 1 to 16 letters"));
        }
        socket.leave(&self.room)?;
        self.go(socket, "went elsewhere")?;
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
            socket.set_data(&self.taken)?;
        }
        Ok(self.taken)
    }
}

async fn page() -> web::Html {
    web::Html::new(include_str!("index.html"))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // ANCHOR: build
    let hub = Hub::builder()
        .namespace::<Chat>("/")
        .state(Rooms::default())
        .connection_state_recovery(Recovery::default())
        .build()?;
    // ANCHOR_END: build
    let mount = hub.clone();
    let app = move || {
        App::new()
            .route("/", web::get().to(page))
            .configure(mount.mount())
    };
    // `cargo run -- 127.0.0.1:8080` serves elsewhere.
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:3000".into());
    let server = HttpServer::new(app)
        // ANCHOR: workers
        .on_connect(hub.on_connect())
        .workers(4)
        .bind(address)?;
    // ANCHOR_END: workers
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
