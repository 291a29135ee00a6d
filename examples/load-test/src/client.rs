//! One client: it connects, emits at its rate, and takes the time of each answer.

use std::collections::HashMap;
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::options::Options;
use crate::packet::{self, PONG, Packet};
use crate::report::Tally;

/// Until a client must have been let in, and from the last event until an answer counts as lost.
const PATIENCE: Duration = Duration::from_secs(10);

type Failure = Box<dyn Error>;

/// Until `end`, and for as long as answers are still to come.
pub(crate) async fn run(options: Rc<Options>, n: u32, end: Instant) -> Tally {
    let connected = timeout_at(Instant::now() + PATIENCE, Client::connect(&options, n)).await;
    let mut client = match connected.unwrap_or_else(|_| Err("not let in in time".into())) {
        Ok(client) => client,
        Err(error) => return Tally::of_failure(error.to_string()),
    };
    let every = Duration::from_secs(1) / options.rate;
    // Each begins at another moment of its interval, so that not all emit at once.
    let mut next = Instant::now() + every * (n % 97) / 97;
    let emit = options.emit.replace("{n}", &n.to_string());
    if let Err(error) = client.emit_until(&emit, &mut next, every, end).await {
        client.tally.errors.insert(error.to_string());
    }
    client.tally.lost += client.waiting.len();
    client.tally
}

struct Client {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    next_id: u64,
    /// When each event was due that has no answer yet.
    waiting: HashMap<u64, Instant>,
    tally: Tally,
}

impl Client {
    async fn connect(options: &Options, n: u32) -> Result<Self, Failure> {
        let url = options.url.trim_end_matches('/').replacen("http", "ws", 1);
        let url = format!("{url}/socket.io/?EIO=4&transport=websocket");
        let (stream, _) = connect_async(url).await?;
        let mut client = Self {
            stream,
            next_id: 0,
            waiting: HashMap::new(),
            tally: Tally::default(),
        };
        let own = |json: &str| json.replace("{n}", &n.to_string());
        loop {
            let text = client.next_text().await?;
            match Packet::read(&text) {
                Packet::Open => client.send(packet::connect(&own(&options.auth))).await?,
                Packet::Connected => break,
                Packet::Refused(why) => return Err(why.into()),
                Packet::Disconnected => return Err("disconnected".into()),
                _ => {}
            }
        }
        if let Some(first) = &options.first {
            client.emit(&own(first), Instant::now()).await?;
            while !client.waiting.is_empty() {
                client.receive().await?;
            }
        }
        client.tally = Tally::of_client(client.tally.refused);
        Ok(client)
    }

    /// Emits when it is due, whether the answers come or not: a server that falls behind gets no rest, and what waits in
    /// line counts as part of the latency.
    async fn emit_until(
        &mut self,
        event: &str,
        next: &mut Instant,
        every: Duration,
        end: Instant,
    ) -> Result<(), Failure> {
        while *next < end {
            tokio::select! {
                received = self.receive() => received?,
                () = sleep_until(*next) => {
                    self.emit(event, *next).await?;
                    self.tally.sent += 1;
                    *next += every;
                }
            }
        }
        let patience = end + PATIENCE;
        while !self.waiting.is_empty() {
            match timeout_at(patience, self.receive()).await {
                Ok(received) => received?,
                Err(_) => return Err("answers did not come".into()),
            }
        }
        // The answer of the server does not matter any more.
        let _ = self.stream.close(None).await;
        Ok(())
    }

    async fn emit(&mut self, event: &str, due: Instant) -> Result<(), Failure> {
        let id = self.next_id;
        self.next_id += 1;
        self.waiting.insert(id, due);
        self.send(packet::event(id, event)).await
    }

    /// The next message. When this is dropped, what has been read of it is kept by the stream.
    async fn receive(&mut self) -> Result<(), Failure> {
        let text = self.next_text().await?;
        match Packet::read(&text) {
            Packet::Event => self.tally.received += 1,
            Packet::Ack { id, is_error } => {
                if let Some(due) = self.waiting.remove(&id) {
                    self.tally.latencies.push(due.elapsed());
                    self.tally.refused += usize::from(is_error);
                }
            }
            Packet::Disconnected => return Err("disconnected".into()),
            _ => {}
        }
        Ok(())
    }

    /// The next packet; pings are answered.
    async fn next_text(&mut self) -> Result<String, Failure> {
        loop {
            let message = self
                .stream
                .next()
                .await
                .ok_or("the connection was lost")??;
            let Message::Text(text) = message else {
                continue;
            };
            match Packet::read(&text) {
                Packet::Ping => self.send(PONG.to_owned()).await?,
                _ => return Ok(text.to_string()),
            }
        }
    }

    async fn send(&mut self, text: String) -> Result<(), Failure> {
        Ok(self.stream.send(Message::text(text)).await?)
    }
}
