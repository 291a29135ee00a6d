//! What a client of the soak can ask for.

use std::time::Duration;

use roomcast::prelude::*;

/// How long clients may take to answer a question.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
pub(crate) struct Auth {
    user: String,
}

#[derive(Deserialize, Event)]
#[event(ack = bool)]
struct Join(String);

#[derive(Deserialize, Event)]
#[event(ack = bool)]
struct Leave(String);

/// The `n`th event of a chain; see `judge.mjs`.
#[derive(Deserialize, Serialize)]
struct Link {
    chain: String,
    n: u64,
    to: String,
    node: String,
    begun: f64,
    sent: f64,
}

/// To a room.
#[derive(Deserialize, Event)]
#[event(ack = bool)]
struct Say(Link);

/// To a user.
#[derive(Deserialize, Event)]
#[event(ack = bool)]
struct Tell(Link);

#[derive(Serialize, Event)]
struct Said<'a>(&'a Link);

/// Asks a whole room; answered with whether everybody has answered.
#[derive(Deserialize, Event)]
#[event(name = "question", ack = bool)]
struct Ask(String);

#[derive(Serialize, Event)]
#[event(ack = u8)]
struct Question;

#[derive(EventHandlers)]
#[handles(Join, Leave, Say, Tell, Ask)]
pub(crate) struct Client;

impl Session for Client {
    type Auth = Auth;

    async fn connect(Auth { user }: Auth, socket: &Socket) -> Result<Self, Refusal> {
        socket.bind_user(&user)?;
        Ok(Self)
    }
}

impl Handle<Join> for Client {
    async fn handle(&mut self, Join(room): Join, socket: &Socket) -> Result<bool, Rejection> {
        socket.join(room)?;
        Ok(true)
    }
}

impl Handle<Leave> for Client {
    async fn handle(&mut self, Leave(room): Leave, socket: &Socket) -> Result<bool, Rejection> {
        socket.leave(room)?;
        Ok(true)
    }
}

impl Handle<Say> for Client {
    async fn handle(&mut self, Say(link): Say, socket: &Socket) -> Result<bool, Rejection> {
        socket.hub().to(&link.to).emit(&Said(&link))?;
        Ok(true)
    }
}

impl Handle<Tell> for Client {
    async fn handle(&mut self, Tell(link): Tell, socket: &Socket) -> Result<bool, Rejection> {
        socket.hub().user(&link.to).emit(&Said(&link))?;
        Ok(true)
    }
}

impl Handle<Ask> for Client {
    async fn handle(&mut self, Ask(room): Ask, socket: &Socket) -> Result<bool, Rejection> {
        let all = socket.hub();
        let all = all.to(room).timeout(PATIENCE);
        Ok(all.emit_with_ack(&Question).await?.is_complete())
    }
}
