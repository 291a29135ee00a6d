//! Samples of the chapter "Sessions".

use roomcast::prelude::*;

#[derive(EventHandlers)]
#[handles(Who)]
struct Player {
    name: String,
}

#[derive(Serialize, Deserialize, Event)]
struct Left(String);

// ANCHOR: life
impl Session for Player {
    type Auth = Login;

    async fn connect(login: Login, socket: &Socket) -> Result<Self, Refusal> {
        socket.join("lobby")?;
        socket.set_data(&Profile {
            name: login.name.clone(),
        })?;
        Ok(Self { name: login.name })
    }

    fn disconnecting(&mut self, socket: &Socket, reason: DisconnectReason) {
        for room in socket.rooms() {
            let _ = socket
                .to(room)
                .emit(&Left(format!("{}: {reason}", self.name)));
        }
    }

    async fn disconnect(&mut self, _: &Socket, _: DisconnectReason) {
        // Save what must be saved.
    }
}
// ANCHOR_END: life

#[derive(Serialize, Deserialize)]
struct Login {
    name: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(ack = Vec<String>)]
struct Who;

// ANCHOR: data
#[derive(Serialize, Deserialize)]
struct Profile {
    name: String,
}

impl Handle<Who> for Player {
    async fn handle(&mut self, _: Who, socket: &Socket) -> Result<Vec<String>, Rejection> {
        let mut names = Vec::new();
        for other in socket.to("lobby").fetch_sockets().await? {
            if let Ok(Some(Profile { name })) = other.data() {
                names.push(name);
            }
        }
        Ok(names)
    }
}
// ANCHOR_END: data

#[cfg(test)]
mod tests {
    use roomcast::testing::{TestClient, TestServer};

    use super::*;

    async fn client(server: &TestServer, name: &str) -> TestClient {
        let name = name.to_owned();
        let client = TestClient::builder(server).auth(&Login { name }).connect();
        client.await.expect("a client")
    }

    #[actix_web::test]
    async fn others_see_who_is_there_and_who_leaves() {
        let hub = Hub::builder().namespace::<Player>("/").build();
        let server = TestServer::start(hub.expect("a hub"));
        let ada = client(&server, "Ada").await;
        let bob = client(&server, "Bob").await;
        assert_eq!(ada.emit_with_ack(&Who).await, ["Bob"]);
        bob.disconnect().await;
        let Left(text) = ada.expect().await;
        assert_eq!(text, "Bob: client namespace disconnect");
    }
}
