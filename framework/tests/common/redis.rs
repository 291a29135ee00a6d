//! Real redis-server processes on free ports, for one test each.
//!
//! Each is ended with its value, by its process id, and keeps nothing on disk unless told to.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests: no crate uses all of it, and processes are asked until they answer"
)]

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct RedisServer {
    port: u16,
    arguments: Vec<String>,
    /// Arguments of redis-cli that lead to it.
    login: Vec<String>,
    directory: Directory,
    process: Option<Child>,
}

/// A directory that goes with its value.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("roomcast-redis-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
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
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let ended = self
                .process
                .as_mut()
                .is_none_or(|process| process.try_wait().unwrap().is_some());
            if ended {
                return false;
            }
            if self.try_command(&["PING"]).contains("PONG") && self.answers_itself() {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
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
        let deadline = Instant::now() + PATIENCE;
        loop {
            let printed = self.try_command(arguments);
            if wanted(&printed) {
                return printed;
            }
            assert!(Instant::now() < deadline, "{arguments:?}: {printed}");
            thread::sleep(Duration::from_millis(10));
        }
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

    /// How many clients are subscribed to something.
    pub(crate) fn subscribers(&self) -> usize {
        self.command(&["CLIENT", "LIST", "TYPE", "PUBSUB"])
            .lines()
            .filter(|line| line.contains("id="))
            .count()
    }

    /// Subscribes to a channel, from now on.
    pub(crate) fn listen(&self, channel: &str) -> Listening {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "SUBSCRIBE {channel}\r\n").unwrap();
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

/// A certificate for `localhost`, signed by itself, and its key.
pub(crate) struct Certificate(Directory);

impl Certificate {
    pub(crate) fn new() -> Self {
        let directory = Directory::new();
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
            ])
            .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args([
                "-keyout",
                &directory.file("key.pem"),
                "-out",
                &directory.file("cert.pem"),
            ])
            .output()
            .expect("openssl is installed");
        assert!(made.status.success(), "{made:?}");
        Self(directory)
    }

    pub(crate) fn pem(&self) -> Vec<u8> {
        fs::read(self.0.file("cert.pem")).unwrap()
    }

    pub(crate) fn key(&self) -> Vec<u8> {
        fs::read(self.0.file("key.pem")).unwrap()
    }
}

impl RedisServer {
    /// On a port that speaks TLS only; `clients` tells whether it wants to see a certificate, `yes`
    /// or `no`.
    pub(crate) fn with_tls(certificate: &Certificate, clients: &str) -> Self {
        let (cert, key) = (
            certificate.0.file("cert.pem"),
            certificate.0.file("key.pem"),
        );
        let arguments = |port: u16| {
            let port = port.to_string();
            let arguments = [
                ["--port", "0"],
                ["--tls-port", &port],
                ["--tls-cert-file", &cert],
                ["--tls-key-file", &key],
                ["--tls-ca-cert-file", &cert],
                ["--tls-auth-clients", clients],
            ];
            arguments
                .into_iter()
                .flatten()
                .map(ToOwned::to_owned)
                .collect()
        };
        let login = ["--tls", "--cacert", &cert, "--cert", &cert, "--key", &key];
        Self::launch(arguments, &login)
    }
}

/// A sentinel for which the master is at this port, and which is enough for a failover.
pub(crate) fn sentinel(master: u16) -> RedisServer {
    let directory = Directory::new();
    let file = directory.file("sentinel.conf");
    let text = format!(
        "sentinel monitor main 127.0.0.1 {master} 1\nsentinel down-after-milliseconds main 2000\nsentinel failover-timeout main 3000\n"
    );
    fs::write(&file, text).unwrap();
    let mut sentinel = RedisServer::launch(
        |port| {
            vec![
                file.clone(),
                "--sentinel".to_owned(),
                "--port".to_owned(),
                port.to_string(),
            ]
        },
        &[],
    );
    // The sentinel writes to it.
    sentinel.directory = directory;
    sentinel
}

/// A master, a replica and one sentinel that is enough for a failover.
pub(crate) struct Sentinels {
    pub(crate) master: RedisServer,
    pub(crate) replica: RedisServer,
    sentinel: RedisServer,
}

impl Sentinels {
    pub(crate) fn start() -> Self {
        let master = RedisServer::start();
        let of = format!("127.0.0.1 {}", master.port());
        let replica = RedisServer::with(&["--replicaof", &of]);
        replica.wait_for(&["INFO", "replication"], |text| {
            text.contains("master_link_status:up")
        });
        let sentinel = sentinel(master.port());
        sentinel.wait_for(&["SENTINEL", "REPLICAS", "main"], |text| {
            text.contains("127.0.0.1")
        });
        Self {
            master,
            replica,
            sentinel,
        }
    }

    pub(crate) fn url(&self) -> String {
        self.sentinel.url()
    }
}

/// Three masters that share the slots.
pub(crate) struct RedisCluster {
    pub(crate) nodes: Vec<RedisServer>,
}

impl RedisCluster {
    pub(crate) fn start() -> Self {
        let nodes: Vec<_> = (0..3).map(|_| Self::node()).collect();
        let addresses: Vec<_> = nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port()))
            .collect();
        let made = redis_cli()
            .args(["--cluster", "create"])
            .args(addresses)
            .arg("--cluster-yes")
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        for node in &nodes {
            node.wait_for(&["CLUSTER", "INFO"], |text| {
                text.contains("cluster_state:ok") && text.contains("cluster_slots_assigned:16384")
            });
        }
        Self { nodes }
    }

    /// One node more, which takes the first one's place when that dies.
    pub(crate) fn add_replica(&mut self) {
        let (first, replica) = (&self.nodes[0], Self::node());
        let id = first.command(&["CLUSTER", "MYID"]);
        let made = redis_cli()
            .args(["--cluster", "add-node"])
            .arg(format!("127.0.0.1:{}", replica.port()))
            .arg(format!("127.0.0.1:{}", first.port()))
            .args(["--cluster-slave", "--cluster-master-id", id.trim()])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        replica.wait_for(&["INFO", "replication"], |text| {
            text.contains("master_link_status:up")
        });
        self.nodes.push(replica);
        for node in &self.nodes {
            node.wait_for(&["CLUSTER", "NODES"], |text| text.contains("slave"));
        }
    }

    fn node() -> RedisServer {
        RedisServer::launch(
            |port| {
                // The usual port of the bus, 10000 above, may not exist.
                let (port, bus) = (port.to_string(), free_port().to_string());
                let arguments = [
                    ["--port", &port],
                    ["--cluster-enabled", "yes"],
                    ["--cluster-port", &bus],
                    ["--cluster-node-timeout", "4000"],
                ];
                arguments
                    .into_iter()
                    .flatten()
                    .map(ToOwned::to_owned)
                    .collect()
            },
            &[],
        )
    }

    /// To another master than the one that has it, with all keys, while both are used.
    pub(crate) fn migrate_slot(&self, slot: &str) {
        let owner = self.nodes.iter().position(|node| node.owns(slot)).unwrap();
        let target = &self.nodes[(owner + 1) % self.nodes.len()];
        let owner = &self.nodes[owner];
        let id = |node: &RedisServer| node.command(&["CLUSTER", "MYID"]).trim().to_owned();
        let set_slot = |node: &RedisServer, state: &str, other: &RedisServer| {
            node.command(&["CLUSTER", "SETSLOT", slot, state, &id(other)]);
        };
        set_slot(target, "IMPORTING", owner);
        set_slot(owner, "MIGRATING", target);
        let port = target.port().to_string();
        let deadline = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < deadline, "slot {slot} is never empty");
            let keys = owner.command(&["CLUSTER", "GETKEYSINSLOT", slot, "100"]);
            let keys: Vec<_> = keys.lines().filter(|key| !key.is_empty()).collect();
            if keys.is_empty() {
                break;
            }
            let to = ["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
            owner.command(&[&to[..], &keys].concat());
        }
        for node in [target, owner] {
            set_slot(node, "NODE", target);
        }
    }

    /// To another master than the one that has it; there must be no keys in it.
    pub(crate) fn move_slot(&self, slot: u16) {
        let slot = slot.to_string();
        let id = |node: &RedisServer| node.command(&["CLUSTER", "MYID"]).trim().to_owned();
        let owner = self.nodes.iter().position(|node| node.owns(&slot)).unwrap();
        let mut nodes: Vec<_> = self.nodes.iter().collect();
        nodes.rotate_left(owner);
        let (from, to) = (id(nodes[0]), id(nodes[1]));
        // In the steps of redis-cli: one that imports gets an epoch by which its word counts with the others.
        nodes[1].command(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from]);
        nodes[0].command(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to]);
        nodes.swap(0, 1);
        for node in nodes {
            node.command(&["CLUSTER", "SETSLOT", &slot, "NODE", &to]);
        }
    }
}
