//! What is measured: Redis, the nodes, and for each node a process of clients.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdin, Command as Program, Stdio};
use std::time::Duration;

use launch::process::{self, Process};
use launch::{Result, redis};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::load::{self, Command, Counts};
use crate::measure::{self, Usage};
use crate::node::{self, State};
use crate::options::{Adapter, Features, Options};

/// How long nodes may take until they are connected to each other, or know that their clients have gone.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often nodes are asked.
const LOOK: Duration = Duration::from_millis(100);

pub(crate) struct World {
    redis: Process,
    nodes: Vec<Node>,
    loads: Vec<Load>,
    settle: Duration,
}

struct Node {
    process: Process,
    address: SocketAddr,
}

struct Load {
    child: Child,
    commands: Option<ChildStdin>,
    answers: mpsc::Receiver<String>,
}

/// How everything is at one moment.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) at: Instant,
    pub(crate) nodes: Usage,
    pub(crate) redis: Usage,
    pub(crate) clients: Usage,
    /// Bytes of the kernel's, for everything on this machine.
    pub(crate) kernel: f64,
    /// Seconds that processors were busy, with anything.
    pub(crate) busy: f64,
}

impl World {
    /// Starts everything; nobody is connected yet. `network` is another one for each world of a run.
    ///
    /// # Errors
    ///
    /// If something does not start.
    pub(crate) async fn start(
        options: &Options,
        (adapter, features): (Adapter, Features),
        nodes: usize,
        network: u8,
    ) -> Result<Self> {
        let (redis, at) = redis::start().await?;
        let settings = node::Settings {
            redis: format!("redis://{at}/"),
            adapter,
            features,
            ping_interval: options.ping_interval,
            max_connections: options.per_process,
        };
        let mut world = Self {
            redis,
            nodes: Vec::new(),
            loads: Vec::new(),
            settle: options.settle,
        };
        for number in 0..nodes {
            let mut process = Process::start("node", part("node", &settings)?)?;
            let url = process.listens().await?;
            let address: SocketAddr = url.trim_start_matches("http://").parse()?;
            world.nodes.push(Node { process, address });
            world.loads.push(Load::start(&load::Settings {
                process: number,
                processes: nodes,
                network,
                node: address,
                chatting: options.chatting as u64,
            })?);
        }
        world.until(|state| state.connected).await?;
        Ok(world)
    }

    /// Opens connections more, as many on each node.
    pub(crate) async fn open(&mut self, connections: usize, rate: f64) -> Result<Counts> {
        let loads = self.loads.len();
        let part = |number| connections / loads + usize::from(number < connections % loads);
        let rate = rate / loads as f64;
        self.all(|number| Command::Open {
            connections: part(number),
            rate,
        })
        .await
    }

    pub(crate) async fn join(&mut self, rate: f64) -> Result<Counts> {
        let rate = rate / self.loads.len() as f64;
        self.all(|_| Command::Join { rate }).await
    }

    pub(crate) async fn chat(&mut self, rate: f64, window: Duration) -> Result<Counts> {
        let rate = rate / self.loads.len() as f64;
        let seconds = window.as_secs_f64();
        self.all(|_| Command::Chat { rate, seconds }).await
    }

    pub(crate) async fn count(&mut self) -> Result<Counts> {
        self.all(|_| Command::Count).await
    }

    /// Closes all connections, and waits until the nodes know of it.
    pub(crate) async fn close(&mut self) -> Result<Counts> {
        let counts = self.all(|_| Command::Close).await?;
        self.until(|state| state.sockets == 0).await?;
        Ok(counts)
    }

    /// Events and frames that nodes say they have dropped.
    pub(crate) fn dropped(&self) -> Result<u64> {
        let states = self.nodes.iter().map(|node| state(node.address));
        states.map(|state| Ok(state?.dropped)).sum()
    }

    pub(crate) fn sockets(&self) -> Result<u64> {
        let states = self.nodes.iter().map(|node| state(node.address));
        states.map(|state| Ok(state?.sockets)).sum()
    }

    pub(crate) async fn settled(&self) -> Result<Sample> {
        sleep(self.settle).await;
        self.sample()
    }

    pub(crate) fn sample(&self) -> Result<Sample> {
        let (mut nodes, mut clients) = (Usage::default(), Usage::default());
        for node in &self.nodes {
            nodes += Usage::of(node.process.id())?;
        }
        for load in &self.loads {
            clients += Usage::of(load.child.id())?;
        }
        Ok(Sample {
            at: Instant::now(),
            nodes,
            redis: Usage::of(self.redis.id())?,
            clients,
            kernel: measure::kernel()?,
            busy: measure::busy()?,
        })
    }

    pub(crate) async fn stop(self) {
        drop(self.loads);
        process::stop(self.nodes.into_iter().map(|node| node.process).collect()).await;
        process::stop(vec![self.redis]).await;
    }

    /// Tells all clients to do something, and waits until they have, or have given up.
    async fn all(&mut self, command: impl Fn(usize) -> Command) -> Result<Counts> {
        for (number, load) in self.loads.iter_mut().enumerate() {
            load.tell(&command(number))?;
        }
        let mut counts = Counts::default();
        for load in &mut self.loads {
            let answer = load.answers.recv().await;
            let answer = answer.ok_or("a process of clients has ended")?;
            counts.merge(&serde_json::from_str(&answer)?);
        }
        Ok(counts)
    }

    async fn until(&self, holds: impl Fn(&State) -> bool) -> Result {
        let end = Instant::now() + PATIENCE;
        for node in &self.nodes {
            while !holds(&state(node.address)?) {
                if Instant::now() > end {
                    return Err(format!("a node is not so far after {PATIENCE:?}").into());
                }
                sleep(LOOK).await;
            }
        }
        Ok(())
    }
}

impl Load {
    fn start(settings: &load::Settings) -> Result<Self> {
        let mut child = part("load", settings)?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (answer, answers) = mpsc::channel(1);
        let output = child.stdout.take();
        std::thread::spawn(move || {
            let lines = output
                .into_iter()
                .flat_map(|out| BufReader::new(out).lines());
            for line in lines.map_while(std::io::Result::ok) {
                if answer.blocking_send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            commands: child.stdin.take(),
            child,
            answers,
        })
    }

    fn tell(&mut self, command: &Command) -> Result {
        let commands = self.commands.as_mut().ok_or("no input")?;
        Ok(writeln!(commands, "{}", serde_json::to_string(command)?)?)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // Fails only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This program as another part of itself.
fn part(name: &str, settings: &impl Serialize) -> Result<Program> {
    let mut program = Program::new(std::env::current_exe()?);
    program.arg(name).arg(serde_json::to_string(settings)?);
    Ok(program)
}

/// What a node knows of itself.
fn state(node: SocketAddr) -> Result<State> {
    let mut stream = TcpStream::connect(node)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /state HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    let (_, body) = response.split_once("\r\n\r\n").ok_or("no answer")?;
    Ok(serde_json::from_str(body)?)
}
