//! The child process with the other ends of the sockets.

use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// For how long anything of it is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks whether it has connected.
const LOOK: Duration = Duration::from_millis(1);

/// It ends with this value.
pub(super) struct Peer {
    child: Child,
    listener: TcpListener,
}

impl Peer {
    /// Starts it with this task.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub(super) fn start(program: &Path, task: &str, numbers: &[u64]) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let child = Command::new(program)
            .arg(task)
            .arg(listener.local_addr()?.port().to_string())
            .args(numbers.iter().map(u64::to_string))
            .spawn()?;
        Ok(Self { child, listener })
    }

    /// Our ends of so many sockets, in the order in which it has connected them.
    ///
    /// # Errors
    ///
    /// If it does not connect in time.
    pub(super) fn sockets(&self, count: usize) -> Result<Vec<TcpStream>> {
        let give_up = Instant::now() + PATIENCE;
        let mut sockets = Vec::with_capacity(count);
        while sockets.len() < count {
            match self.listener.accept() {
                Ok((socket, _)) => {
                    socket.set_nodelay(true)?;
                    sockets.push(socket);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < give_up => {
                    pause(LOOK)
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(sockets)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until the peer has said so once more.
///
/// # Errors
///
/// If it does not in time.
pub(super) fn heard(control: &mut TcpStream) -> Result {
    control.set_read_timeout(Some(PATIENCE))?;
    Ok(control.read_exact(&mut [0])?)
}

#[expect(clippy::disallowed_methods, reason = "nobody else is on this thread")]
pub(super) fn pause(time: Duration) {
    thread::sleep(time);
}
