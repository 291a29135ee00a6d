//! Samples of the chapter "Rooms and broadcasting".

use actix::{Actor, Context, Handler, Message, Recipient};
use roomcast::prelude::*;

// ANCHOR: join
#[derive(Deserialize, Event)]
struct Watch(String);

#[derive(Serialize, Event)]
struct Watchers<'a> {
    room: &'a str,
    news: &'a str,
}

#[derive(EventHandlers)]
#[handles(Watch, Whisper)]
struct Match;

impl Session for Match {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        socket.join("everyone")?;
        Ok(Self)
    }
}

impl Handle<Watch> for Match {
    async fn handle(&mut self, Watch(room): Watch, socket: &Socket) -> Result<(), Rejection> {
        // Not for this socket: it is not yet in the room.
        socket.to(&room).emit(&Watchers {
            room: &room,
            news: "one more",
        })?;
        socket.join(&room)?;
        // For this socket, too: the hub's broadcasts leave nobody out.
        socket.hub().to(&room).emit(&Watchers {
            room: &room,
            news: "complete",
        })?;
        Ok(())
    }
}
// ANCHOR_END: join

// ANCHOR: private
/// To one other client: every socket is alone in the room of its id.
#[derive(Deserialize, Event)]
struct Whisper {
    to: SocketId,
    text: String,
}

#[derive(Serialize, Event)]
struct Whispered {
    from: SocketId,
    text: String,
}

impl Handle<Whisper> for Match {
    async fn handle(&mut self, whisper: Whisper, socket: &Socket) -> Result<(), Rejection> {
        let Whisper { to, text } = whisper;
        socket.to(to).emit(&Whispered {
            from: socket.id(),
            text,
        })?;
        Ok(())
    }
}
// ANCHOR_END: private

// ANCHOR: score
#[derive(Serialize, Event)]
struct Score {
    home: u8,
    away: u8,
}

fn goal(hub: &Hub, score: &Score) -> Result<(), EmitError> {
    // Members of both rooms get it once.
    hub.to("match 7")
        .to("all matches")
        .except("muted")
        .emit(score)
}
// ANCHOR_END: score

// ANCHOR: volatile
#[derive(Serialize, Event)]
struct Ball {
    x: f32,
    y: f32,
}

fn moved(hub: &Hub, ball: &Ball) -> Result<(), EmitError> {
    hub.to("match 7").volatile().emit(ball)
}
// ANCHOR_END: volatile

// ANCHOR: manage
async fn final_whistle(hub: &Hub) -> Result<(), EmitError> {
    let watching = hub.to("match 7");
    watching.join(["highlights"]).await?;
    watching.leave(["all matches"]).await?;
    // `true` closes their whole connections; what was emitted before arrives first.
    hub.to("banned").disconnect(true).await
}
// ANCHOR_END: manage

// ANCHOR: fetch
async fn who_watches(hub: &Hub) -> Result<(), EmitError> {
    for remote in hub.to("match 7").fetch_sockets().await? {
        let rooms: Vec<&str> = remote.rooms().collect();
        println!("{} is in {rooms:?}", remote.id());
        remote.emit(&Score { home: 0, away: 0 })?;
    }
    Ok(())
}
// ANCHOR_END: fetch

// ANCHOR: thread
/// From a thread that knows nothing of actix.
fn report_from(hub: Hub) -> std::thread::JoinHandle<Result<(), EmitError>> {
    std::thread::spawn(move || hub.to("match 7").emit(&Score { home: 2, away: 1 }))
}
// ANCHOR_END: thread

// ANCHOR: namespace
fn to_admins(hub: &Hub) -> Result<(), EmitError> {
    match hub.namespace("/admin") {
        Some(admins) => admins.emit(&Score { home: 2, away: 2 }),
        None => Ok(()),
    }
}
// ANCHOR_END: namespace

// ANCHOR: recipient
/// An actor of the application, which knows its listeners and nothing of Socket.IO.
#[derive(Default)]
struct Clock {
    listeners: Vec<Recipient<Tick>>,
}

#[derive(Serialize, Event, Clone)]
struct Tick(u64);

impl Actor for Clock {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "()")]
struct Listen(Recipient<Tick>);

impl Handler<Listen> for Clock {
    type Result = ();

    fn handle(&mut self, Listen(listener): Listen, _: &mut Context<Self>) {
        self.listeners.push(listener);
    }
}

/// The answer: how many listen.
#[derive(Message)]
#[rtype(result = "usize")]
struct Advance(u64);

impl Handler<Advance> for Clock {
    type Result = usize;

    fn handle(&mut self, Advance(now): Advance, _: &mut Context<Self>) -> usize {
        // One that does not take a message has gone, or has too many waiting.
        self.listeners
            .retain(|listener| listener.try_send(Tick(now)).is_ok());
        self.listeners.len()
    }
}
// ANCHOR_END: recipient

// ANCHOR: subscribe
#[derive(EventHandlers)]
#[handles()]
struct Watcher;

impl Session for Watcher {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        let clock: &actix::Addr<Clock> = socket.state();
        let listening = clock.send(Listen(socket.recipient())).await;
        listening.map_err(|_| Refusal::new("the clock has stopped"))?;
        Ok(Self)
    }
}
// ANCHOR_END: subscribe

#[cfg(test)]
mod tests {
    use std::error::Error;

    use actix::{Actor, Addr};
    use roomcast::{
        prelude::*,
        testing::{Disconnected, TestClient, TestServer},
    };
    use serde_json::json;

    fn hub() -> Result<Hub, roomcast::BuildError> {
        Hub::builder()
            .namespace::<super::Match>("/")
            .namespace::<super::Match>("/admin")
            .build()
    }

    async fn watch(server: &TestServer, room: &str) -> Result<TestClient, Box<dyn Error>> {
        let client = TestClient::connect(server).await?;
        client.emit_raw("watch", &[room]).await;
        let expected = format!(r#"`watchers` [{{"room":"{room}","news":"complete"}}]"#);
        assert_eq!(client.next().await.to_string(), expected);
        Ok(client)
    }

    #[actix_web::test]
    async fn members_are_those_of_the_moment() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(hub()?);
        let ann = watch(&server, "match 7").await?;
        let bob = watch(&server, "match 7").await?;
        for news in ["one more", "complete"] {
            let expected = format!(r#"[{{"room":"match 7","news":"{news}"}}]"#);
            assert_eq!(ann.next().await.json(), expected);
        }
        bob.sync().await;
        assert_eq!(bob.pending(), [], "it joined after the first event");
        Ok(())
    }

    #[actix_web::test]
    async fn a_whisper_reaches_one() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(hub()?);
        let (ann, bob) = (
            TestClient::connect(&server).await?,
            TestClient::connect(&server).await?,
        );
        ann.emit_raw("whisper", &[json!({"to": bob.id(), "text": "psst"})])
            .await;
        let expected = format!(r#"[{{"from":"{}","text":"psst"}}]"#, ann.id());
        assert_eq!(bob.next().await.json(), expected);
        Ok(())
    }

    #[actix_web::test]
    async fn a_union_is_delivered_once_and_without_the_excepted() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(hub()?);
        let fan = watch(&server, "match 7").await?;
        fan.emit_raw("watch", &["all matches"]).await;
        fan.next().await;
        let muted = watch(&server, "muted").await?;
        muted.emit_raw("watch", &["all matches"]).await;
        assert_eq!(fan.next().await.name(), "watchers");
        muted.next().await;
        fan.next().await;

        super::goal(server.hub(), &super::Score { home: 1, away: 0 })?;
        super::moved(server.hub(), &super::Ball { x: 0.5, y: 0.5 })?;
        assert_eq!(
            fan.next().await.to_string(),
            r#"`score` [{"home":1,"away":0}]"#
        );
        assert_eq!(fan.next().await.name(), "ball");
        muted.sync().await;
        assert_eq!(muted.pending(), []);
        Ok(())
    }

    #[actix_web::test]
    async fn many_are_moved_listed_and_cut() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(hub()?);
        let fan = watch(&server, "match 7").await?;
        let banned = watch(&server, "banned").await?;
        super::final_whistle(server.hub()).await?;
        assert_eq!(banned.expect_disconnect().await, Disconnected::ByServer);
        super::who_watches(server.hub()).await?;
        assert_eq!(fan.next().await.name(), "score");
        let highlights = server.hub().to("highlights").fetch_sockets().await?;
        assert_eq!(highlights.len(), 1);
        Ok(())
    }

    #[actix_web::test]
    async fn threads_and_namespaces_can_be_emitted_to() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(hub()?);
        let fan = watch(&server, "match 7").await?;
        let thread = super::report_from(server.hub().clone());
        assert_eq!(fan.next().await.json(), r#"[{"home":2,"away":1}]"#);
        assert!(thread.join().is_ok_and(|emitted| emitted.is_ok()));

        let admin = TestClient::builder(&server)
            .namespace("/admin")
            .connect()
            .await?;
        super::to_admins(server.hub())?;
        assert_eq!(admin.next().await.json(), r#"[{"home":2,"away":2}]"#);
        Ok(())
    }

    #[actix_web::test]
    async fn an_actor_sends_to_sockets() -> Result<(), Box<dyn Error>> {
        let clock: Addr<super::Clock> = super::Clock::default().start();
        let hub = Hub::builder()
            .namespace::<super::Watcher>("/")
            .state(clock.clone())
            .build()?;
        let server = TestServer::start(hub);
        let client = TestClient::connect(&server).await?;
        clock.send(super::Advance(7)).await?;
        assert_eq!(client.next().await.to_string(), "`tick` [7]");

        client.disconnect().await;
        while clock.send(super::Advance(8)).await? > 0 {
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}
