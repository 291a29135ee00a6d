//! Who looks after the chat, in the namespace `/admin`.

// ANCHOR: admin
use roomcast::prelude::*;

#[derive(EventHandlers)]
#[handles(List, Kick)]
pub(super) struct Admin;

impl Session for Admin {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

#[derive(Deserialize, Event)]
#[event(ack = Vec<(SocketId, Option<String>)>)]
struct List(String);

#[derive(Deserialize, Event)]
struct Kick(SocketId);

impl Handle<List> for Admin {
    async fn handle(
        &mut self,
        List(room): List,
        socket: &Socket,
    ) -> Result<Vec<(SocketId, Option<String>)>, Rejection> {
        let members = socket.hub().to(room).fetch_sockets().await?;
        let named = members.iter().map(|member| {
            let name = member.data().unwrap_or_default();
            (member.id(), name)
        });
        Ok(named.collect())
    }
}

impl Handle<Kick> for Admin {
    async fn handle(&mut self, Kick(id): Kick, socket: &Socket) -> Result<(), Rejection> {
        socket.hub().to(id).disconnect(true).await?;
        Ok(())
    }
}
// ANCHOR_END: admin
