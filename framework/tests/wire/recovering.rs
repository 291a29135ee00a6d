//! A client that comes back, made of texts.

use roomcast::{prelude::*, testing::TestServer};
use serde_json::{Value, json};

use super::{Message, Wire};

/// What a client needs to come back.
#[derive(Clone)]
pub(crate) struct Ticket {
    pub(crate) nsp: &'static str,
    pub(crate) sid: String,
    pub(crate) pid: String,
    pub(crate) offset: Option<String>,
}

impl Ticket {
    fn auth(&self) -> Value {
        json!({ "pid": self.pid, "offset": self.offset })
    }
}

/// Remembers offsets as socket.io-client does.
pub(crate) struct Client {
    pub(crate) wire: Wire,
    /// Its namespace as packets name it: nothing for `/`, or with a comma behind.
    nsp: &'static str,
    pub(crate) sid: String,
    pub(crate) pid: String,
    pub(crate) offset: Option<String>,
    /// What came before the CONNECT reply.
    pub(crate) missed: Vec<Value>,
}

impl Client {
    pub(crate) async fn connect(server: &TestServer, nsp: &'static str, auth: Value) -> Self {
        let mut client = Self {
            wire: Wire::open(server).await,
            nsp,
            sid: String::new(),
            pid: String::new(),
            offset: auth["offset"].as_str().map(str::to_owned),
            missed: Vec::new(),
        };
        client.wire.text(&format!("40{nsp}{auth}")).await;
        client.reply().await;
        client
    }

    /// Comes back; whether it was recovered.
    pub(crate) async fn back(server: &TestServer, ticket: &Ticket) -> (Self, bool) {
        let client = Self::connect(server, ticket.nsp, ticket.auth()).await;
        let recovered = client.pid == ticket.pid;
        assert_eq!(recovered, client.sid == ticket.sid);
        (client, recovered)
    }

    /// Tries to come back, and wishes for something.
    pub(crate) async fn wish(server: &TestServer, ticket: &Ticket, wish: &str) -> Wire {
        let mut auth = ticket.auth();
        auth[wish] = json!(true);
        let mut wire = Wire::open(server).await;
        wire.text(&format!("40{}{auth}", ticket.nsp)).await;
        wire
    }

    async fn reply(&mut self) {
        loop {
            match self.packet().await {
                Packet::Connected { sid, pid } => {
                    (self.sid, self.pid) = (sid, pid);
                    return;
                }
                Packet::Event(event) => self.missed.push(event),
                Packet::Other(other) => panic!("{other:?}"),
            }
        }
    }

    async fn packet(&mut self) -> Packet {
        let message = self.wire.next().await;
        let Message::Text(text) = &message else {
            return Packet::Other(message);
        };
        let nsp = self.nsp;
        if let Some(reply) = text.strip_prefix(&format!("40{nsp}")) {
            #[derive(Deserialize)]
            #[serde(deny_unknown_fields)]
            struct Reply {
                sid: String,
                pid: String,
            }
            let Reply { sid, pid } = serde_json::from_str(reply).unwrap();
            return Packet::Connected { sid, pid };
        }
        let (event, attachments) = match (text.strip_prefix("42"), text.strip_prefix("45")) {
            (Some(event), _) => (event, 0),
            (_, Some(event)) => {
                let (count, event) = event.split_once('-').unwrap();
                (event, count.parse().unwrap())
            }
            _ => return Packet::Other(message),
        };
        let event = event.strip_prefix(nsp).unwrap();
        let start = event.find('[').unwrap();
        let mut values: Value = serde_json::from_str(&event[start..]).unwrap();
        let list = values.as_array_mut().unwrap();
        // With an ack id the last argument is a function to JavaScript clients.
        if start == 0
            && let Some(Value::String(last)) = list.last()
        {
            self.offset = Some(last.clone());
            list.pop();
        }
        for _ in 0..attachments {
            let Message::Binary(bytes) = self.wire.next().await else {
                panic!("not an attachment");
            };
            list.push(json!(bytes));
        }
        Packet::Event(values)
    }

    pub(crate) async fn event(&mut self) -> Value {
        match self.packet().await {
            Packet::Event(event) => event,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn expect(&mut self, event: Value) -> impl Future<Output = ()> {
        let at = std::panic::Location::caller();
        async move { assert_eq!(self.event().await, event, "at {at}") }
    }

    /// Emits an event, and waits for its answer.
    pub(crate) async fn ask(&mut self, event: Value) -> String {
        self.wire.text(&format!("42{}1{event}", self.nsp)).await;
        match self.packet().await {
            Packet::Other(Message::Text(answer)) => answer,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn ticket(&self) -> Ticket {
        Ticket {
            nsp: self.nsp,
            sid: self.sid.clone(),
            pid: self.pid.clone(),
            offset: self.offset.clone(),
        }
    }

    pub(crate) fn cut(self) -> Ticket {
        let ticket = self.ticket();
        self.wire.reset();
        ticket
    }
}

#[derive(Debug)]
enum Packet {
    Connected { sid: String, pid: String },
    Event(Value),
    Other(Message),
}

pub(crate) fn news(numbers: impl IntoIterator<Item = u32>) -> Vec<Value> {
    let event = |number| json!(["news", number]);
    numbers.into_iter().map(event).collect()
}
