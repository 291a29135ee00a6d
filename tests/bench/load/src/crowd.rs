//! All clients, on one thread with one poller.

use std::io::{ErrorKind, Read, Write};
use std::mem;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::Result;
use crate::connection::{Connection, Event};
use crate::frame;
use crate::stamp::Stamp;
use crate::timer::Timer;

/// Of the timer: no connection has it.
const TIMER: Token = Token(usize::MAX);

/// From how close on the timer is used, in nanoseconds.
const NEAR: u64 = 10_000_000;

/// Many deliveries in one read.
const READ: usize = 256 << 10;

/// Hears what the clients receive.
pub(crate) trait Listener {
    fn on(&mut self, crowd: &mut Crowd, who: usize, event: Event);
}

pub(crate) struct Crowd {
    poll: Poll,
    events: Events,
    timer: Timer,
    connections: Vec<Connection>,
    /// Whose input is being handled: what it sends leaves in one write at the end.
    reading: Option<usize>,
    buffer: Vec<u8>,
    packet: Vec<u8>,
    started: Instant,
    /// When the last bytes were read.
    pub(crate) now: u64,
    pub(crate) pings: u64,
    pub(crate) damaged: u64,
    pub(crate) closed: u64,
    /// Why the last connection was closed.
    pub(crate) reason: String,
}

impl Crowd {
    /// # Errors
    ///
    /// If there is no poller.
    pub(crate) fn new() -> Result<Self> {
        let poll = Poll::new()?;
        let timer = Timer::register(poll.registry(), TIMER)?;
        Ok(Self {
            poll,
            events: Events::with_capacity(512),
            timer,
            connections: Vec::new(),
            reading: None,
            buffer: vec![0; READ],
            packet: Vec::new(),
            started: Instant::now(),
            now: 0,
            pings: 0,
            damaged: 0,
            closed: 0,
            reason: String::new(),
        })
    }

    /// Nanoseconds since this was made.
    pub(crate) fn clock(&self) -> u64 {
        self.started.elapsed().as_nanos() as u64
    }

    /// Starts one more connection: it is [`Event::Ready`] later.
    ///
    /// # Errors
    ///
    /// If there are no descriptors or ports left.
    pub(crate) fn connect(&mut self, server: SocketAddr) -> Result {
        let who = self.connections.len();
        let mut stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(&mut stream, Token(who), interest)?;
        self.connections.push(Connection::new(stream, server, who));
        Ok(())
    }

    pub(crate) fn join(&mut self, who: usize, room: &str) {
        self.send(who, |packet| write!(packet, r#"420["join","{room}"]"#));
    }

    pub(crate) fn publish(&mut self, who: usize, room: &str, stamp: Stamp, size: usize) {
        self.send(who, |packet| {
            write!(packet, r#"42["publish","{room}","#)?;
            stamp.write(packet, size);
            packet.write_all(b"]")
        });
    }

    /// An id of 0 is that of a join.
    pub(crate) fn echo(&mut self, who: usize, id: u64, stamp: Stamp, size: usize) {
        self.send(who, |packet| {
            write!(packet, r#"42{id}["echo","#)?;
            stamp.write(packet, size);
            packet.write_all(b"]")
        });
    }

    /// Waits until something has come, at most until that moment but perhaps shorter, and handles it.
    ///
    /// # Errors
    ///
    /// If the poller fails.
    pub(crate) fn wait(&mut self, until: u64, listener: &mut impl Listener) -> Result {
        let now = self.clock();
        let left = until.saturating_sub(now);
        // The poller rounds up to milliseconds; the timer does not, but is one more system call.
        let longest = if left > NEAR {
            left - NEAR
        } else {
            if left > 0 {
                self.timer.set(now, until)?;
            }
            left
        };
        match self
            .poll
            .poll(&mut self.events, Some(Duration::from_nanos(longest)))
        {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        self.now = self.clock();
        let events = mem::replace(&mut self.events, Events::with_capacity(0));
        for event in events.iter().filter(|event| event.token() != TIMER) {
            let Token(who) = event.token();
            if event.is_writable() {
                self.flush(who);
            }
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                self.read(who, listener);
            }
        }
        self.events = events;
        Ok(())
    }

    fn send(&mut self, who: usize, write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) {
        let connection = &mut self.connections[who];
        if connection.closed {
            return;
        }
        self.packet.clear();
        // A vector takes everything.
        let _ = write(&mut self.packet);
        connection.push(frame::TEXT, &self.packet);
        if self.reading != Some(who) {
            self.flush(who);
        }
    }

    fn flush(&mut self, who: usize) {
        if !self.connections[who].closed
            && let Err(reason) = self.connections[who].flush()
        {
            self.close(who, &reason);
        }
    }

    fn close(&mut self, who: usize, reason: &str) {
        self.connections[who].closed = true;
        self.closed += 1;
        self.reason = format!("connection {who}: {reason}");
    }

    fn read(&mut self, who: usize, listener: &mut impl Listener) {
        if self.connections[who].closed {
            return;
        }
        let mut buffer = mem::take(&mut self.buffer);
        self.reading = Some(who);
        let read = self.drain(who, &mut buffer, listener);
        self.reading = None;
        self.buffer = buffer;
        match read {
            Ok(()) => self.flush(who),
            Err(reason) => self.close(who, &reason),
        }
    }

    /// Reads until there is no more, as the poller tells only once.
    fn drain(
        &mut self,
        who: usize,
        buffer: &mut [u8],
        listener: &mut impl Listener,
    ) -> Result<(), String> {
        loop {
            match self.connections[who].stream.read(buffer) {
                Ok(0) => return Err("closed by the server".to_owned()),
                Ok(length) => {
                    // For latencies: not when the whole batch of connections was.
                    self.now = self.clock();
                    self.take(who, &buffer[..length], listener)?;
                    if length < buffer.len() {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(format!("read: {error}")),
            }
        }
    }

    fn take(
        &mut self,
        who: usize,
        fresh: &[u8],
        listener: &mut impl Listener,
    ) -> Result<(), String> {
        let mut kept = mem::take(&mut self.connections[who].rest);
        let mut input = fresh;
        if !kept.is_empty() {
            kept.extend_from_slice(fresh);
            input = &kept;
        }
        while let Some((length, event)) = self.connections[who].next(input)? {
            input = &input[length..];
            match event {
                Some(Event::Ping) => self.pings += 1,
                Some(Event::Damaged) => self.damaged += 1,
                Some(event) => listener.on(self, who, event),
                None => {}
            }
        }
        self.connections[who].rest = input.to_vec();
        Ok(())
    }
}
