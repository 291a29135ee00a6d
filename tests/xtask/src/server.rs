//! A server of ours as a process of its own, for tests from outside.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::failure::{Failure, Result};

/// How long a server may take until it says that it listens.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Listens on the loopback interface; ended when dropped.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts a server that takes its port from `PORT` and prints a line `ready PORT` once it listens.
    ///
    /// # Errors
    ///
    /// If it does not get that far.
    pub(crate) fn start(binary: &Path, mode: &str) -> Result<Self> {
        let name = binary.file_name().unwrap_or_default().to_string_lossy();
        println!("$ PORT=0 WORKERS=2 MODE={mode} DEFLATE=1 {name}");
        let mut child = Command::new(binary)
            .env("PORT", "0")
            .env("WORKERS", "2")
            .env("MODE", mode)
            .env("DEFLATE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::new(format!("cannot start {name}: {error}")))?;

        let stdout = child.stdout.take();
        let (ready, when_ready) = mpsc::sync_channel(1);
        thread::spawn(move || {
            let lines = stdout
                .into_iter()
                .flat_map(|out| BufReader::new(out).lines());
            // Reads on after `ready`, as a full pipe would stop the server.
            for line in lines.map_while(std::io::Result::ok) {
                if let Some(Ok(port)) = line.strip_prefix("ready ").map(str::parse) {
                    let _ = ready.try_send(port);
                }
            }
        });
        let mut server = Self {
            child,
            address: (Ipv4Addr::LOCALHOST, 0).into(),
        };
        match when_ready.recv_timeout(START_TIMEOUT) {
            Ok(port) => {
                server.address.set_port(port);
                Ok(server)
            }
            Err(RecvTimeoutError::Disconnected) => {
                Err(Failure::new(format!("{name} ended before it was ready")))
            }
            Err(RecvTimeoutError::Timeout) => Err(Failure::new(format!(
                "{name} was not ready within {} s",
                START_TIMEOUT.as_secs()
            ))),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only if it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
