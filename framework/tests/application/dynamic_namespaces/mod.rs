//! Namespaces that come into being with their first client and go with their last.

mod accepting;
mod lifetime;
mod parents;

use roomcast::{
    HubBuilder, WebSocketMode,
    prelude::*,
    testing::{ConnectRefused, TestClient, TestServer},
};

/// Tells which parent it belongs to, and what the name says.
#[derive(EventHandlers)]
#[handles(Where)]
struct Room;

#[derive(EventHandlers)]
#[handles(Where, KickAll)]
struct Tenant;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct Where;

/// Disconnects everyone in the namespace, its sender too.
#[derive(Deserialize, Event)]
struct KickAll;

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
struct News(String);

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(ack = u32)]
struct Ready;

#[derive(Deserialize)]
struct Number {
    id: u32,
}

impl Session for Room {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        let Number { id } = socket.params().parse()?;
        socket.join(match id % 2 {
            0 => "even",
            _ => "odd",
        })?;
        Ok(Self)
    }
}

impl Handle<Where> for Room {
    async fn handle(&mut self, _: Where, socket: &Socket) -> Result<String, Rejection> {
        let Number { id } = socket.params().parse()?;
        Ok(format!("room {id} in {}", socket.namespace().name()))
    }
}

impl Session for Tenant {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Where> for Tenant {
    async fn handle(&mut self, _: Where, socket: &Socket) -> Result<String, Rejection> {
        Ok(format!(
            "tenant {}",
            socket.params().get("tenant").unwrap_or("?")
        ))
    }
}

impl Handle<KickAll> for Tenant {
    async fn handle(&mut self, _: KickAll, socket: &Socket) -> Result<(), Rejection> {
        // Awaited by nobody: the connection is told behind what it is just doing.
        drop(socket.namespace().everyone().disconnect(false));
        Ok(())
    }
}

const ROOMS: &str = "/room-{id}";

fn rooms() -> HubBuilder {
    Hub::builder().dynamic_namespace::<Room>(ROOMS)
}

fn serve(mode: WebSocketMode, hub: HubBuilder) -> TestServer {
    TestServer::start(hub.websocket_mode(mode).build().expect("a hub"))
}

async fn enter(server: &TestServer, name: &str) -> Result<TestClient, ConnectRefused> {
    TestClient::builder(server).namespace(name).connect().await
}

async fn refusal(server: &TestServer, name: &str) -> String {
    enter(server, name).await.expect_err("refused").message
}

fn children(server: &TestServer) -> u64 {
    server.hub().stats().dynamic_namespaces
}
