//! A Redis that keeps nothing on disk.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use crate::{Result, process::Process};

/// How often we ask whether it answers, and how long we wait in between.
const ATTEMPTS: u32 = 200;
const PAUSE: Duration = Duration::from_millis(50);

/// Starts `redis-server` on a free port of the loopback interface, and waits until it answers there.
///
/// # Errors
///
/// If it is not installed, or does not answer.
pub async fn start() -> Result<(Process, SocketAddr)> {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let mut command = Command::new("redis-server");
    command
        .args(["--bind", "127.0.0.1", "--port", &address.port().to_string()])
        .args(["--save", "", "--appendonly", "no", "--loglevel", "warning"]);
    let mut redis = Process::start("redis-server", command)?;
    for _ in 0..ATTEMPTS {
        if ping(address).is_ok() {
            return Ok((redis, address));
        }
        if let Some(status) = redis.ended()? {
            return Err(format!("redis-server ended: {status}").into());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err("redis-server does not answer".into())
}

fn ping(address: SocketAddr) -> Result {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PAUSE))?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer)?;
    match &answer {
        b"+PONG\r\n" => Ok(()),
        _ => Err("not Redis".into()),
    }
}
