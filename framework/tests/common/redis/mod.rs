//! Real redis-server processes on free ports, for one test each.
//!
//! Each is ended with its value, by its process id, and keeps nothing on disk unless told to.

#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    reason = "tests: no crate uses all of it"
)]

mod cluster;
mod commands;
mod directory;
mod looking;
mod sentinels;
mod tls;

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::Instant,
};

pub(crate) use self::{
    cluster::RedisCluster,
    commands::Commands,
    directory::Directory,
    sentinels::{Sentinels, sentinel},
    tls::Certificate,
};
use looking::{PATIENCE, found};

pub(crate) struct RedisServer {
    port: u16,
    arguments: Vec<String>,
    /// Arguments of redis-cli that lead to it.
    login: Vec<String>,
    directory: Directory,
    process: Option<Child>,
}

impl RedisServer {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// With arguments of redis-server's command line.
    pub(crate) fn with(arguments: &[&str]) -> Self {
        Self::launch(
            |port| {
                let port = port.to_string();
                let own = ["--port", &port]
                    .into_iter()
                    .chain(arguments.iter().copied());
                own.map(ToOwned::to_owned).collect()
            },
            &[],
        )
    }

    /// With arguments that the port is part of, and those of redis-cli that lead there.
    pub(crate) fn launch(arguments: impl Fn(u16) -> Vec<String>, login: &[&str]) -> Self {
        for _ in 0..10 {
            // Someone else may take the port before the server does.
            let port = free_port();
            let mut server = Self {
                port,
                arguments: arguments(port),
                login: login.iter().map(|&argument| argument.to_owned()).collect(),
                directory: Directory::new(),
                process: None,
            };
            server.run();
            if server.is_ready() {
                return server;
            }
        }
        panic!("redis-server does not start");
    }

    fn run(&mut self) {
        let process = Command::new("redis-server")
            // First, since a file may be among them.
            .args(&self.arguments)
            .args(["--save", "", "--bind", "127.0.0.1"])
            .arg("--dir")
            .arg(self.directory.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        self.process = Some(process);
    }

    /// Whether it answers; not if it has ended.
    fn is_ready(&mut self) -> bool {
        let ready = found(|| {
            let process = self.process.as_mut();
            if process.is_none_or(|process| process.try_wait().unwrap().is_some()) {
                return Some(false);
            }
            let answers = self.try_command(&["PING"]).contains("PONG") && self.answers_itself();
            answers.then_some(true)
        });
        ready.unwrap_or(false)
    }

    /// Not the server of another test, which was quicker to take the port; ours ends then.
    fn answers_itself(&self) -> bool {
        let process = self.process.as_ref().map(Child::id).unwrap_or_default();
        let own = format!("process_id:{process}");
        let server = self.try_command(&["INFO", "server"]);
        server.lines().any(|line| line == own)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// What redis-cli prints for a command.
    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        let printed = self.try_command(arguments);
        assert!(!printed.is_empty(), "{arguments:?}");
        printed
    }

    /// Publishes any bytes.
    pub(crate) fn publish(&self, channel: &str, payload: &[u8]) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (name, length) = (channel.len(), payload.len());
        write!(
            stream,
            "*3\r\n$7\r\nPUBLISH\r\n${name}\r\n{channel}\r\n${length}\r\n"
        )
        .unwrap();
        stream.write_all(payload).unwrap();
        stream.write_all(b"\r\n").unwrap();
        Listening(BufReader::new(stream)).line();
    }

    fn try_command(&self, arguments: &[&str]) -> String {
        let output = redis_cli()
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(&self.login)
            .args(arguments)
            .output()
            .expect("redis-cli is installed");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Waits until what a command prints is as wanted.
    pub(crate) fn wait_for(&self, arguments: &[&str], wanted: impl Fn(&str) -> bool) -> String {
        let mut last = String::new();
        let printed = found(|| {
            last = self.try_command(arguments);
            wanted(&last).then(|| last.clone())
        });
        printed.unwrap_or_else(|| panic!("{arguments:?}: {last}"))
    }

    /// Whether it is the master of a slot.
    fn owns(&self, slot: &str) -> bool {
        let slot: u16 = slot.parse().unwrap();
        let nodes = self.command(&["CLUSTER", "NODES"]);
        let own = nodes.lines().find(|line| line.contains("myself")).unwrap();
        own.split(' ').skip(8).any(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            (first.parse().unwrap()..=last.parse().unwrap()).contains(&slot)
        })
    }

    /// It cannot write its snapshot any more, as with a disk that is full; then it refuses even `PING`.
    pub(crate) fn cannot_save(&self) {
        // Where the file is to be there is a directory.
        std::fs::create_dir(self.directory.path().join("dump.rdb")).unwrap();
        self.command(&["CONFIG", "SET", "save", "900 1"]);
        self.command(&["BGSAVE"]);
        self.wait_for(&["PING"], |answer| answer.contains("MISCONF"));
    }

    /// How many clients are subscribed to something.
    pub(crate) fn subscribers(&self) -> usize {
        self.command(&["CLIENT", "LIST", "TYPE", "PUBSUB"])
            .lines()
            .filter(|line| line.contains("id="))
            .count()
    }

    /// What it is told from now on.
    pub(crate) fn commands(&self) -> Commands<'_> {
        Commands::to(self)
    }

    /// Subscribes to a channel, from now on.
    pub(crate) fn listen(&self, channel: &str) -> Listening {
        self.subscribe("SUBSCRIBE", channel)
    }

    /// The same to a sharded one, which this master or one of its replicas must have.
    pub(crate) fn listen_to_shard(&self, channel: &str) -> Listening {
        self.subscribe("SSUBSCRIBE", channel)
    }

    fn subscribe(&self, command: &str, channel: &str) -> Listening {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "{command} {channel}\r\n").unwrap();
        let mut listening = Listening(BufReader::new(stream));
        // subscribe, the channel, how many.
        for _ in 0..6 {
            listening.line();
        }
        listening
    }

    fn signal(&self, signal: &str) {
        let process = self.process.as_ref().unwrap();
        let status = Command::new("kill")
            .args([signal, &process.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// It keeps its connections and answers nothing.
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    /// Again on the same port, without what it knew.
    pub(crate) fn restart(&mut self) {
        self.kill();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            self.run();
            if self.is_ready() {
                return;
            }
        }
        panic!("redis-server does not start again");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What is published on one channel.
pub(crate) struct Listening(BufReader<TcpStream>);

impl Listening {
    /// The next message, which must have one line.
    pub(crate) fn next(&mut self) -> String {
        // message, the channel, the payload; each text behind its length.
        for _ in 0..6 {
            self.line();
        }
        self.line()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("in time");
        line.trim_end().to_owned()
    }
}

/// Killed after a minute, since a server that is stopped does not answer.
fn redis_cli() -> Command {
    let mut command = Command::new("timeout");
    command.args(["60", "redis-cli"]);
    command
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}
