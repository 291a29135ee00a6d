//! What the tests have in common: a page, and the hub that it looks at.

use std::time::Duration;

use crate::waiting::PATIENCE;
use roomcast::{
    HubBuilder,
    admin::{Admin, Auth},
    prelude::*,
    testing::{Received, TestClient, TestServer},
};
use serde_json::{Value, json};
use tokio::time::timeout;

/// `changeit`, at a cost that tests can pay.
pub(crate) const HASH: &str = "$2b$04$tnmhZh3NH.xfbjGo7Xm9Lexke8/RlrSavAcM6/wScMS407wm/EIZ.";

#[derive(Deserialize, Event)]
#[event(ack = ())]
struct Join(String);

#[derive(Deserialize, Event)]
#[event(ack = ())]
struct Leave(String);

#[derive(Deserialize, Event)]
#[event(ack = ())]
struct Set(Value);

/// Has so many events sent to everyone else at once.
#[derive(Deserialize, Event)]
#[event(ack = ())]
struct Flood(usize);

/// A client that does what it is told to.
#[derive(EventHandlers)]
#[handles(Join, Leave, Set, Flood)]
pub(crate) struct Guest;

impl Session for Guest {
    type Auth = Value;

    async fn connect(auth: Value, socket: &Socket) -> Result<Self, Refusal> {
        if auth["refuse"] == true {
            socket.join("never")?;
            return Err("refused".into());
        }
        if let Some(room) = auth["room"].as_str() {
            socket.join(room)?;
            socket.set_data(&auth)?;
            socket.emit_raw("welcome", &[room])?;
            for n in 0..auth["calls"].as_u64().unwrap_or_default() {
                socket.hub().to(room).emit_raw("call", &[n])?;
            }
            for length in auth["texts"].as_array().into_iter().flatten() {
                let length = length.as_u64().unwrap_or_default();
                let text = "x".repeat(usize::try_from(length).unwrap_or_default());
                socket.hub().to(room).emit_raw("text", &[text])?;
            }
        }
        Ok(Self)
    }
}

impl Handle<Join> for Guest {
    async fn handle(&mut self, Join(room): Join, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.join(room)?)
    }
}

impl Handle<Leave> for Guest {
    async fn handle(&mut self, Leave(room): Leave, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.leave(room)?)
    }
}

impl Handle<Set> for Guest {
    async fn handle(&mut self, Set(data): Set, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.set_data(&data)?)
    }
}

impl Handle<Flood> for Guest {
    async fn handle(&mut self, Flood(times): Flood, socket: &Socket) -> Result<(), Rejection> {
        for n in 0..times {
            socket.broadcast().volatile().emit_raw("much", &[n])?;
        }
        Ok(())
    }
}

pub(crate) fn builder(admin: Admin) -> HubBuilder {
    Hub::builder()
        .namespace::<Guest>("/")
        .dynamic_namespace::<Guest>("/dyn-{id}")
        .admin(admin)
}

pub(crate) fn serve(admin: Admin) -> TestServer {
    TestServer::start(builder(admin).build().unwrap())
}

pub(crate) fn open() -> Admin {
    Admin::new(Auth::none())
}

/// Figures come every two seconds, and what they count may be in the second ones only.
const LONG: Duration = PATIENCE.saturating_mul(2);

/// A page that is connected.
pub(crate) struct Page(pub(crate) TestClient);

impl Page {
    pub(crate) async fn open(server: &TestServer) -> Self {
        let client = TestClient::builder(server).namespace("/admin");
        Self(client.connect().await.unwrap())
    }

    /// One that has been told all sockets, and of itself. It may hear of others that came just before: a
    /// node that has just joined takes it that there are pages.
    pub(crate) async fn ready(server: &TestServer) -> Self {
        let page = Self::open(server).await;
        let own = json!(page.0.id());
        let is_own = |told: &Value| match told[0].as_str() {
            Some("socket_connected") => told[1]["id"] == own,
            Some("room_joined") => told[2] == own,
            _ => true,
        };
        let mut missing = vec!["config", "all_sockets", "room_joined", "socket_connected"];
        while !missing.is_empty() {
            let told = page.next().await;
            missing.retain(|name| told[0] != *name || !is_own(&told));
        }
        page
    }

    /// What it is told next, as one list; without how servers are.
    pub(crate) async fn next(&self) -> Value {
        let found = async {
            loop {
                let told = list(&self.0.next().await);
                if told[0] != "server_stats" {
                    return told;
                }
            }
        };
        let found = timeout(PATIENCE, found).await;
        found.expect("no event but how servers are")
    }

    /// The next event of this name, whatever comes before.
    pub(crate) async fn until(&self, name: &str) -> Value {
        self.until_such(name, |_| true).await
    }

    /// The next event of this name that is as wanted, whatever comes before.
    pub(crate) async fn until_such(
        &self,
        name: &str,
        mut is_wanted: impl FnMut(&Value) -> bool,
    ) -> Value {
        let mut before = Vec::new();
        let found = async {
            loop {
                let told = list(&self.0.next().await);
                if told[0] == name && is_wanted(&told) {
                    return told;
                }
                before.push(told);
            }
        };
        // A server always tells how it is: waiting for one event has an end of its own.
        let found = timeout(LONG, found).await;
        found.unwrap_or_else(|_| panic!("no such `{name}` in {before:#?}"))
    }

    /// The first figures that fit, given what has been counted by then.
    pub(crate) async fn stats(
        &self,
        counted: &mut Vec<Value>,
        fit: impl Fn(&Value, &[Value]) -> bool,
    ) -> Value {
        let found = async {
            loop {
                let stats = self.until("server_stats").await[1].take();
                counted.extend(stats["aggregatedEvents"].as_array().unwrap().clone());
                if fit(&stats, counted) {
                    return stats;
                }
            }
        };
        timeout(2 * LONG, found).await.expect("figures that fit")
    }

    pub(crate) async fn expect<const N: usize>(&self, expected: [Value; N]) {
        for expected in expected {
            let told = self.next().await;
            let without_time = told.as_array().unwrap().iter().filter(|it| !is_time(it));
            assert_eq!(Value::from_iter(without_time.cloned()), expected, "{told}");
        }
    }
}

fn list(received: &Received) -> Value {
    let mut args: Vec<Value> = serde_json::from_str(&received.json()).unwrap();
    args.insert(0, received.name().into());
    args.into()
}

/// As JavaScript writes a date: `2026-11-22T11:18:16.584Z`.
pub(crate) fn is_time(value: &Value) -> bool {
    let Some(text) = value.as_str() else {
        return false;
    };
    let form = "dddd-dd-ddTdd:dd:dd.dddZ";
    text.len() == form.len()
        && text
            .chars()
            .zip(form.chars())
            .all(|(char, form)| match form {
                'd' => char.is_ascii_digit(),
                form => char == form,
            })
}

pub(crate) async fn guest(server: &TestServer) -> TestClient {
    TestClient::connect(server).await.unwrap()
}
