//! What the child process does: reads what is written, the way the clients of a run do.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use mio::{Events, Interest, Poll, Token, net};

use crate::Result;

/// Without anything new the other side has ended.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads so many rounds of so many bytes, and says on the first connection when it is ready and when each has come.
pub(super) fn rounds(port: u16, sockets: usize, round: u64, rounds: u64) -> Result {
    let mut control = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    control.set_nodelay(true)?;
    let (mut poll, mut events, mut theirs) = poller(connected(port, sockets)?)?;
    let mut buffer = vec![0; 256 << 10];
    control.write_all(b"!")?;
    for _ in 0..rounds {
        let mut left = round;
        while left > 0 {
            waited(&mut poll, &mut events)?;
            for event in events.iter().filter(|event| event.is_readable()) {
                let length = read(&mut theirs[event.token().0], &mut buffer)?;
                left = left.checked_sub(length as u64).ok_or("more than a round")?;
            }
        }
        control.write_all(b"!")?;
    }
    Ok(())
}

/// Sends one message on each connection, and again whatever comes back, until it is ended.
pub(super) fn echoes(port: u16, sockets: usize, bytes: usize) -> Result {
    let (mut poll, mut events, mut theirs) = poller(connected(port, sockets)?)?;
    let mut buffer = vec![b'x'; 64 << 10];
    for socket in &mut theirs {
        socket.write_all(&buffer[..bytes])?;
    }
    loop {
        waited(&mut poll, &mut events)?;
        for event in events.iter().filter(|event| event.is_readable()) {
            let socket = &mut theirs[event.token().0];
            let length = read(socket, &mut buffer)?;
            socket.write_all(&buffer[..length])?;
        }
    }
}

/// A poller that tells of each of these sockets, by its place.
pub(super) fn poller(sockets: Vec<TcpStream>) -> Result<(Poll, Events, Vec<net::TcpStream>)> {
    let poll = Poll::new()?;
    let mut polled = Vec::with_capacity(sockets.len());
    for (place, socket) in sockets.into_iter().enumerate() {
        socket.set_nonblocking(true)?;
        let mut socket = net::TcpStream::from_std(socket);
        poll.registry()
            .register(&mut socket, Token(place), Interest::READABLE)?;
        polled.push(socket);
    }
    Ok((poll, Events::with_capacity(512), polled))
}

fn connected(port: u16, sockets: usize) -> Result<Vec<TcpStream>> {
    let mut connected = Vec::with_capacity(sockets);
    for _ in 0..sockets {
        let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        socket.set_nodelay(true)?;
        connected.push(socket);
    }
    Ok(connected)
}

fn waited(poll: &mut Poll, events: &mut Events) -> Result {
    poll.poll(events, Some(PATIENCE))?;
    if events.is_empty() {
        return Err("nothing more comes".into());
    }
    Ok(())
}

/// One read is all, as less than the buffer comes at once.
fn read(socket: &mut net::TcpStream, buffer: &mut [u8]) -> Result<usize> {
    match socket.read(buffer) {
        Ok(0) => Err("the other side has ended".into()),
        Ok(length) => Ok(length),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        Err(error) => Err(error.into()),
    }
}
