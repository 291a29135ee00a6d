//! A Redis that keeps nothing on disk.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use crate::{Result, process::Process};

/// How often we ask whether it answers, and how long we wait in between.
const ATTEMPTS: u32 = 200;
const PAUSE: Duration = Duration::from_millis(50);

/// How long we wait for one answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many ports we try: another program may take one before Redis does.
const PORTS: u32 = 3;

/// Starts `redis-server` on a free port of the loopback interface, and waits until it answers there.
///
/// # Errors
///
/// If it is not installed, or does not answer.
pub async fn start() -> Result<(Process, SocketAddr)> {
    for _ in 1..PORTS {
        if let Ok(started) = start_once().await {
            return Ok(started);
        }
    }
    start_once().await
}

async fn start_once() -> Result<(Process, SocketAddr)> {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let mut command = Command::new("redis-server");
    command
        .args(["--bind", "127.0.0.1", "--port", &address.port().to_string()])
        .args(["--save", "", "--appendonly", "no", "--loglevel", "warning"]);
    let mut redis = Process::start("redis-server", command)?;
    for _ in 0..ATTEMPTS {
        if answers(address, redis.id()).is_ok() {
            return Ok((redis, address));
        }
        if let Some(status) = redis.ended()? {
            return Err(format!("redis-server ended: {status}").into());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err("redis-server does not answer".into())
}

/// Whether it is this process that answers there, and not the Redis of somebody else.
fn answers(address: SocketAddr, process: u32) -> Result {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"INFO server\r\nQUIT\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let id = format!("process_id:{process}");
    match answer.lines().any(|line| line == id) {
        true => Ok(()),
        false => Err("another Redis".into()),
    }
}
