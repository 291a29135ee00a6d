//! A process of clients: does what it is told on standard input, a command a line, and answers each with what it has
//! counted.

mod client;
mod crowd;
mod frame;
mod latency;

use std::error::Error;
use std::io::{BufRead, Write};
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crowd::Crowd;
pub(crate) use latency::Latencies;

/// What a process of clients is told on its command line, as JSON.
#[derive(Deserialize, Serialize)]
pub(crate) struct Settings {
    /// Which one it is, and of how many.
    pub(crate) process: usize,
    pub(crate) processes: usize,
    /// Apart from other runs, whose ports are still remembered by the kernel.
    pub(crate) network: u8,
    pub(crate) node: SocketAddr,
    /// Over all processes.
    pub(crate) chatting: u64,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// Opens connections more, so many in a second.
    Open { connections: usize, rate: f64 },
    /// Those who chat join their rooms, so many in a second.
    Join { rate: f64 },
    /// They talk, so many messages in a second in all.
    Chat { rate: f64, seconds: f64 },
    /// Nothing: what is there is told.
    Count,
    /// All connections are closed.
    Close,
}

/// What has happened since the start.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Counts {
    pub(crate) connected: u64,
    pub(crate) joined: u64,
    /// Attempts to connect that came to nothing, and were repeated.
    pub(crate) failures: u64,
    /// Connections that broke, and were opened again.
    pub(crate) reconnections: u64,
    pub(crate) pings: u64,
    pub(crate) said: u64,
    pub(crate) received: u64,
    /// Messages of a member that were left out before a later one of it.
    pub(crate) missing: u64,
    /// Messages that came twice, or after a later one.
    pub(crate) repeated: u64,
    /// Of what was received since the last command to chat.
    pub(crate) latencies: Latencies,
}

impl Counts {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.connected += other.connected;
        self.joined += other.joined;
        self.failures += other.failures;
        self.reconnections += other.reconnections;
        self.pings += other.pings;
        self.said += other.said;
        self.received += other.received;
        self.missing += other.missing;
        self.repeated += other.repeated;
        self.latencies.merge(&other.latencies);
    }
}

/// Ends when standard input does, and so with the process that started it.
///
/// # Errors
///
/// If a command is none, or what it asks for does not happen in time.
pub(crate) async fn run(settings: Settings) -> Result<(), Box<dyn Error>> {
    let (line, mut lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for read in std::io::stdin().lock().lines().map_while(Result::ok) {
            if line.blocking_send(read).is_err() {
                return;
            }
        }
    });
    let mut crowd = Crowd::new(settings);
    while let Some(line) = lines.recv().await {
        match serde_json::from_str(&line)? {
            Command::Open { connections, rate } => crowd.open(connections, rate).await?,
            Command::Join { rate } => crowd.join(rate).await?,
            Command::Chat { rate, seconds } => crowd.chat(rate, seconds).await,
            Command::Count => {}
            Command::Close => crowd.close().await?,
        }
        let answer = serde_json::to_string(&*crowd.counts())?;
        writeln!(std::io::stdout(), "{answer}")?;
    }
    Ok(())
}
