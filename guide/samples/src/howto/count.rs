//! Samples of "Count users".

use std::time::Duration;

use roomcast::{StoreError, prelude::*};

// ANCHOR: here
/// Sockets, and members of a room: of this node only, without waiting.
fn here(hub: &Hub) -> (u64, usize) {
    let chat = hub.namespace("/");
    let in_lobby = chat.map_or(0, |chat| chat.room_size("lobby"));
    (hub.stats().sockets, in_lobby)
}
// ANCHOR_END: here

// ANCHOR: sockets
/// Sockets in a room, on all nodes: each of them is asked.
async fn sockets(hub: &Hub) -> Result<usize, EmitError> {
    let found = hub.to("lobby").fetch_sockets().await?;
    Ok(found.into_iter().count())
}
// ANCHOR_END: sockets

// ANCHOR: people
/// People, and people in a room: on all nodes, each once.
async fn people(hub: &Hub) -> Result<(usize, usize), StoreError> {
    let online = hub.users_online().count().await?;
    let in_lobby = hub.presence("lobby").count().await?;
    Ok((online, in_lobby))
}
// ANCHOR_END: people

// ANCHOR: tell
#[derive(Serialize, Deserialize, Event)]
struct Online {
    people: usize,
}

/// Tells the clients of this node, at most once a second.
async fn tell(hub: Hub) {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    let mut told = None;
    loop {
        seconds.tick().await;
        // Without Redis it is not known: what was told last stays.
        let Ok(people) = hub.users_online().count().await else {
            continue;
        };
        if told.replace(people) != Some(people) {
            let everyone_here = hub.everyone().local().volatile();
            let _ = everyone_here.emit(&Online { people });
        }
    }
}
// ANCHOR_END: tell

// ANCHOR: session
#[derive(Deserialize)]
struct Login {
    user: String,
}

#[derive(EventHandlers)]
#[handles()]
struct Chat;

impl Session for Chat {
    type Auth = Login;

    async fn connect(Login { user }: Login, socket: &Socket) -> Result<Self, Refusal> {
        socket.bind_user(&user)?; // counts for `users_online`
        socket.track("lobby", &())?; // joins the room, and counts for its `presence`
        Ok(Self)
    }
}
// ANCHOR_END: session

#[cfg(test)]
mod tests {
    use std::error::Error;

    use roomcast::testing::{TestClient, TestServer};
    use serde_json::json;

    use super::*;

    #[actix_web::test]
    async fn two_tabs_are_two_sockets_and_one_person() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(Hub::builder().namespace::<Chat>("/").build()?);
        let mut clients = Vec::new();
        for user in ["ann", "ann", "bob"] {
            let client = TestClient::builder(&server).auth(&json!({ "user": user }));
            clients.push(client.connect().await?);
        }
        while here(server.hub()) != (3, 3) {
            tokio::task::yield_now().await;
        }
        assert_eq!(sockets(server.hub()).await?, 3);
        assert_eq!(people(server.hub()).await?, (2, 2));

        let telling = actix_web::rt::spawn(tell(server.hub().clone()));
        assert_eq!(clients[0].expect::<Online>().await.people, 2);
        clients.pop();
        assert_eq!(clients[0].expect::<Online>().await.people, 1);
        telling.abort();
        Ok(())
    }
}
