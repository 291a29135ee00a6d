//! Step 10: deployment.

// ANCHOR: all
// ANCHOR: use
use std::{env, process::ExitCode};

use actix_web::{App, HttpServer, rt, web};
use roomcast::{
    BuildError, PresenceError, Rate, Recovery, Transports, TrustProxy,
    adapter::{IntoAdapter, Redis},
    prelude::*,
    signals,
};
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
        let chat = Self { nick, room, taken };
        chat.come(socket)?;
        Ok(chat)
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        // Should it fail, nobody is left to be told.
        let _ = self.go(socket, reason.as_str());
    }
}

impl Chat {
    fn come(&self, socket: &Socket) -> Result<(), PresenceError> {
        let (nick, back) = (&self.nick, socket.recovered());
        // Joins the room, too.
        socket.track(&self.room, nick)?;
        socket.watch_presence(&self.room)?;
        socket.to(&self.room).emit(&Joined { nick, back })?;
        Ok(())
    }

    fn go(&self, socket: &Socket, why: &str) -> Result<(), EmitError> {
        let nick = &self.nick;
        socket.to(&self.room).emit(&Left { nick, why })
    }
}

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

// ANCHOR: hub
fn hub(adapter: impl IntoAdapter + 'static) -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<Chat>("/")
        .connection_state_recovery(Recovery::default())
        .transports(Transports::WebSocket)
        .adapter(adapter)
        .trust_proxy(TrustProxy::hops(1))
        .max_connections(10_000)
        .max_http_buffer_size(16 << 10)
        .event_rate(Rate::per_second(20))
        .build()
}
// ANCHOR_END: hub

// ANCHOR: main
#[actix_web::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let redis = env::var("REDIS_URL").unwrap_or("redis://127.0.0.1/".into());
    let hub = hub(Redis::streams(redis))?;
    let mount = hub.clone();
    let app = move || {
        App::new()
            .route("/", web::get().to(page))
            .configure(mount.mount())
    };
    // `cargo run -- 127.0.0.1:8080` serves elsewhere.
    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".into());
    let server = HttpServer::new(app)
        .on_connect(hub.on_connect())
        .workers(4)
        .max_connections(hub.max_http_connections())
        .shutdown_signal(hub.shutdown_on(signals()))
        .bind(address)?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    if let Ok(address) = env::var("OPERATIONS") {
        let operations = hub.clone();
        let app = move || App::new().configure(operations.operations());
        let server = HttpServer::new(app).workers(1).disable_signals();
        rt::spawn(server.bind(address)?.run());
    }
    server.run().await?;
    Ok(match hub.drain().await.clean {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
// ANCHOR_END: main
// ANCHOR_END: all

pub(crate) fn run() -> Result<ExitCode, Box<dyn std::error::Error>> {
    main()
}

// ANCHOR: test
#[cfg(test)]
mod tests {
    use roomcast::{
        adapter::InProcess,
        testing::{TestClient, TestServer},
    };
    use serde_json::json;

    use super::hub;

    #[actix_web::test]
    async fn what_is_said_on_one_node_is_heard_on_the_other()
    -> Result<(), Box<dyn std::error::Error>> {
        let cluster = InProcess::new();
        let mut clients = Vec::new();
        let nodes = [hub(cluster.clone())?, hub(cluster)?].map(TestServer::start);
        for (node, nick) in nodes.iter().zip(["ann", "bob"]) {
            let login = json!({ "nick": nick, "room": "lobby" });
            clients.push(TestClient::builder(node).auth(&login).connect().await?);
        }
        let say = [json!({ "number": 1, "text": "hi" })];
        assert_eq!(
            clients[1].emit_raw_with_ack("say", &say).await.json(),
            "[1]"
        );
        // Before that she is told who is there.
        loop {
            let event = clients[0].next().await;
            if event.name() == "said" {
                assert!(event.json().contains("hi"), "{event}");
                return Ok(());
            }
        }
    }
}
// ANCHOR_END: test
