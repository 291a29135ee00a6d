//! What Node's server told its page, step by step, and what this one tells.

use std::{collections::BTreeMap, future::ready};

use roomcast::{
    Binary,
    prelude::*,
    testing::{RawClient, TestClient, TestServer},
};
use serde_json::{Value, json};

use crate::{
    common::polling::Poller,
    page::{Page, is_time, open},
};

/// Does what the sessions of the recorded server did.
#[derive(EventHandlers)]
#[handles(Hello)]
struct Recorded;

#[derive(Deserialize, Event)]
#[event(ack = ())]
struct Hello(
    #[expect(dead_code, reason = "as sent")] Value,
    #[expect(dead_code, reason = "as sent")] Binary,
);

impl Session for Recorded {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        let socket = socket.clone();
        // Once it is connected.
        actix_web::rt::spawn(async move { socket.set_data(&json!({"count": 1})) });
        Ok(Self)
    }
}

impl Handle<Hello> for Recorded {
    async fn handle(&mut self, _: Hello, socket: &Socket) -> Result<(), Rejection> {
        socket.emit_raw("hi", &[1])?;
        tokio::select! {
            biased;
            _ = socket.emit_raw_with_ack("ask", &()) => {}
            () = ready(()) => {}
        }
        socket.set_data(&json!({"count": 2}))?;
        socket.set_data(&json!({"count": 2, "nested": {"a": 1}}))?;
        Ok(socket.join("room1")?)
    }
}

#[derive(EventHandlers)]
#[handles()]
struct Child;

impl Session for Child {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

/// The events of each step, after the label of the step.
fn recording() -> Vec<(String, Vec<Value>)> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/fixtures/admin-ui.json"
    );
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let scenario = &file["scenarios"][0];
    assert_eq!(scenario["name"], "development mode");
    let mut steps = vec![("the page connects".to_owned(), Vec::new())];
    for event in scenario["events"].as_array().unwrap() {
        match event["ev"].as_str().unwrap() {
            "capture" => {
                let label = event["name"].as_str().unwrap().to_owned();
                steps.push((label, Vec::new()));
            }
            "admin" if event["name"] == "event" && event["args"][0] != "server_stats" => {
                steps.last_mut().unwrap().1.push(event["args"].clone());
            }
            _ => {}
        }
    }
    steps
}

/// Replaces what differs from one run to the next: ids by the names of their owners, and times.
fn normalized(value: &Value, owners: &BTreeMap<String, &'static str>) -> Value {
    match value {
        Value::String(text) => match owners.get(text) {
            Some(owner) => (*owner).into(),
            None if is_time(value) => "a time".into(),
            None => value.clone(),
        },
        Value::Array(values) => {
            let values = values.iter().map(|value| normalized(value, owners));
            values.collect()
        }
        Value::Object(fields) => {
            if fields.contains_key("$binary") || fields.contains_key("_placeholder") {
                return "binary".into();
            }
            let field = |(name, value): (&String, &Value)| {
                let value = match name.as_str() {
                    "clientId" => value.as_str().unwrap().len().into(),
                    "handshake" => value.as_object().unwrap().keys().cloned().collect(),
                    _ => normalized(value, owners),
                };
                (name.clone(), value)
            };
            fields.iter().map(field).collect()
        }
        _ => value.clone(),
    }
}

/// The events about each socket, in their order.
fn by_socket(
    events: &[Value],
    owners: &BTreeMap<String, &'static str>,
) -> BTreeMap<String, Vec<Value>> {
    let mut sockets = BTreeMap::<_, Vec<_>>::new();
    for event in events {
        let mut event = normalized(event, owners);
        let about = match event[0].as_str().unwrap() {
            "room_joined" | "room_left" => event[3].clone(),
            "socket_connected" | "socket_updated" => event[1]["id"].clone(),
            "config" => json!("config"),
            "all_sockets" => {
                let sockets = event[1].as_array_mut().unwrap();
                sockets.sort_by_key(|socket| socket["id"].to_string());
                json!("all")
            }
            _ => event[2].clone(),
        };
        sockets.entry(about.to_string()).or_default().push(event);
    }
    sockets
}

struct Replay {
    page: Page,
    steps: std::vec::IntoIter<(String, Vec<Value>)>,
    /// Of the recording, and of this run.
    recorded: BTreeMap<String, &'static str>,
    owners: BTreeMap<String, &'static str>,
}

impl Replay {
    /// The next step has been done; `came` is who came with it.
    async fn step(&mut self, label: &str, came: Option<&'static str>) {
        let (recorded, expected) = self.steps.next().unwrap();
        assert_eq!(recorded, label);
        let mut told = Vec::new();
        while told.len() < expected.len() {
            told.push(self.page.next().await);
        }
        if let Some(name) = came {
            self.recorded.insert(newcomer(&expected), name);
            self.owners.insert(newcomer(&told), name);
        }
        let told = by_socket(&told, &self.owners);
        assert_eq!(told, by_socket(&expected, &self.recorded), "{label}");
    }

    async fn asks(&mut self, label: &str, command: &str, args: Value) {
        self.page.0.emit_raw(command, &args).await;
        self.step(label, None).await;
    }
}

/// Who connects in these events.
fn newcomer(events: &[Value]) -> String {
    let mut events = events.iter();
    let connected = events.find(|event| event[0] == "socket_connected").unwrap();
    connected[1]["id"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn the_page_is_told_what_node_told_it() {
    let hub = Hub::builder()
        .namespace::<Recorded>("/")
        .dynamic_namespace::<Child>("/dyn-{id}")
        .admin(open());
    let server = TestServer::start(hub.build().unwrap());
    let first = TestClient::connect(&server).await.unwrap();
    let page = Page::open(&server).await;
    let steps = recording();
    let mut sockets = steps[0].1.iter();
    let all = sockets.find(|event| event[0] == "all_sockets").unwrap();
    let first_recorded = all[1][0]["id"].as_str().unwrap().to_owned();
    let mut replay = Replay {
        page,
        steps: steps.into_iter(),
        recorded: BTreeMap::from([(first_recorded, "first")]),
        owners: BTreeMap::from([(first.id().to_string(), "first")]),
    };
    replay.step("the page connects", Some("page")).await;

    let client = TestClient::connect(&server).await.unwrap();
    let label = "a client connects on websocket";
    replay.step(label, Some("client")).await;
    let hello = (json!({"a": 1}), Binary(vec![1, 2].into()));
    client.emit_raw_with_ack("hello", &hello).await;
    replay.step("it emits hello with an ack", None).await;

    let poller = Poller::connected(&server).await;
    let mut upgraded = RawClient::connect(&server, &poller.query("websocket")).await;
    upgraded.send("5").await;
    let label = "a client connects on polling, then upgrades";
    replay.step(label, Some("upgraded")).await;
    let child = TestClient::builder(&server).namespace("/dyn-1");
    let _child = child.connect().await.unwrap();
    let label = "a client connects to a dynamic namespace";
    replay.step(label, Some("child")).await;

    server.hub().everyone().emit_raw("news", &[1]).unwrap();
    server.hub().to("room1").emit_raw("room-news", &()).unwrap();
    replay.step("io.emit and io.to(room1).emit", None).await;

    let id = client.id();
    let label = "admin: join / (room adm) for one socket id";
    replay.asks(label, "join", json!(["/", "adm", id])).await;
    let label = "admin: join / (room everyone) without filter";
    replay.asks(label, "join", json!(["/", "everyone"])).await;
    replay
        .asks("admin: leave", "leave", json!(["/", "everyone", id]))
        .await;
    let page = &replay.page.0;
    page.emit_raw("emit", &("/", "adm", "from-admin", 1, "two"))
        .await;
    let args = json!(["/", null, "from-admin-all"]);
    replay
        .asks("admin: emit to a room, then to all", "emit", args)
        .await;
    upgraded.send("41").await;
    replay.step("a client disconnects", None).await;
    let label = "admin: _disconnect one socket, close false";
    replay
        .asks(label, "_disconnect", json!(["/", false, id]))
        .await;
    let label = "admin: _disconnect all, close true";
    replay.asks(label, "_disconnect", json!(["/", true])).await;
}
