//! The sockets: whoever has a page open.

use roomcast::prelude::*;
use sqlx::SqlitePool;

use crate::failure::Failure;
use crate::{accounts, identity, notes};

#[derive(Deserialize, Event)]
#[event(ack = notes::Note)]
struct Add {
    text: String,
}

/// A note of one's own, by its id.
#[derive(Deserialize, Event)]
struct Remove(i64);

/// Somebody is writing.
#[derive(Deserialize, Event)]
struct Writing;

#[derive(Serialize, Event)]
struct Writes<'a>(&'a str);

#[derive(EventHandlers)]
#[handles(Add, Remove, Writing)]
pub(crate) struct Board {
    account: i64,
    name: String,
}

impl Session for Board {
    type Auth = ();

    async fn connect((): (), socket: &Socket) -> Result<Self, Refusal> {
        let account = identity::of(socket.handshake()).ok_or(Failure::Unknown)?;
        let name = accounts::name(socket.state::<SqlitePool>(), account).await?;
        let name = name.ok_or(Failure::Unknown)?;
        // So that a logout reaches all sockets of the account.
        socket.bind_user(&account.to_string())?;
        Ok(Self { account, name })
    }
}

impl Handle<Add> for Board {
    async fn handle(
        &mut self,
        Add { text }: Add,
        socket: &Socket,
    ) -> Result<notes::Note, Rejection> {
        let (database, author) = (socket.state::<SqlitePool>(), self.name.clone());
        Ok(notes::add(database, &socket.hub(), self.account, author, text).await?)
    }
}

impl Handle<Remove> for Board {
    async fn handle(&mut self, Remove(id): Remove, socket: &Socket) -> Result<(), Rejection> {
        let database = socket.state::<SqlitePool>();
        Ok(notes::remove(database, &socket.hub(), self.account, id).await?)
    }
}

impl Handle<Writing> for Board {
    async fn handle(&mut self, Writing: Writing, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.broadcast().volatile().emit(&Writes(&self.name))?)
    }
}
