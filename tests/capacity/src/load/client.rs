//! One client: Socket.IO on a WebSocket, with no buffer of its own while nothing is half read.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{Error, ErrorKind, Result};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::ready;
use std::time::{Duration, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::TcpSocket;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{sleep, timeout};

use super::crowd::Shared;
use super::frame::{self, OPCODE_CLOSE, OPCODE_TEXT};
use crate::wire::{Auth, Message, ROOM, TEXT};

/// The key is that of RFC 6455, section 1.3; nobody here looks at what is made of it.
const UPGRADE: &str = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n\
    Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);

/// Until the next attempt.
const RETRY: Duration = Duration::from_secs(1);

/// The kernel has some 28,000 ports for each address unless told otherwise.
const CONNECTIONS_PER_ADDRESS: usize = 10_000;

pub(crate) struct Client {
    /// Among those of all processes.
    pub(crate) number: u64,
    shared: Rc<Shared>,
    source: Ipv4Addr,
    writer: RefCell<Option<OwnedWriteHalf>>,
    is_connected: Cell<bool>,
    is_in_room: Cell<bool>,
    wants_room: Cell<bool>,
    said: Cell<u64>,
    /// The next message of each member of the room.
    expected: RefCell<[u64; ROOM as usize]>,
}

/// What is looked at of a message that comes.
#[derive(Deserialize)]
struct Heard {
    from: usize,
    sequence: u64,
    at: u64,
}

impl Client {
    pub(crate) fn new(index: usize, shared: Rc<Shared>) -> Self {
        let settings = &shared.settings;
        let address = index / CONNECTIONS_PER_ADDRESS + 1;
        Self {
            number: (index * settings.processes + settings.process) as u64,
            source: Ipv4Addr::new(127, settings.network, settings.process as u8, address as u8),
            writer: RefCell::default(),
            is_connected: Cell::default(),
            is_in_room: Cell::default(),
            wants_room: Cell::default(),
            said: Cell::default(),
            expected: RefCell::default(),
            shared,
        }
    }

    /// Connects, and again whenever the connection breaks.
    pub(crate) async fn live(self: Rc<Self>) {
        loop {
            let broken = self.session().await;
            *self.writer.borrow_mut() = None;
            let was_connected = self.is_connected.take();
            {
                let mut counts = self.shared.counts.borrow_mut();
                counts.connected -= u64::from(was_connected);
                counts.joined -= u64::from(self.is_in_room.take());
                if self.shared.is_closing.get() {
                    return;
                }
                match was_connected {
                    true => counts.reconnections += 1,
                    false => counts.failures += 1,
                }
            }
            if let Err(error) = broken {
                eprintln!("client {}: {error}", self.number);
            }
            sleep(RETRY).await;
        }
    }

    async fn session(&self) -> Result<()> {
        let mut permit = self.shared.handshakes.acquire().await.ok();
        let (mut reader, mut rest) = timeout(HANDSHAKE_TIMEOUT, self.upgrade()).await??;
        let mut heard = self.take(&mut rest, &[])?;
        while !heard {
            heard = self.read(&mut reader, &mut rest).await?;
            if self.is_connected.get() {
                permit = None;
            }
        }
        drop(permit);
        Ok(())
    }

    /// Up to the WebSocket, with what has come of it already.
    async fn upgrade(&self) -> Result<(OwnedReadHalf, Vec<u8>)> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((self.source, 0)))?;
        let stream = socket.connect(self.shared.settings.node).await?;
        stream.set_nodelay(true)?;
        let (mut reader, mut writer) = stream.into_split();
        writer.write_all(UPGRADE.as_bytes()).await?;
        let mut response = Vec::with_capacity(512);
        let end = loop {
            if reader.read_buf(&mut response).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let end = response.windows(4).position(|bytes| bytes == b"\r\n\r\n");
            if let Some(end) = end {
                break end + 4;
            }
        };
        if !response.starts_with(b"HTTP/1.1 101") {
            let refused = String::from_utf8_lossy(&response);
            return Err(Error::other(format!("refused: {refused}")));
        }
        *self.writer.borrow_mut() = Some(writer);
        Ok((reader, response.split_off(end)))
    }

    /// Reads once, and says whether the server has closed.
    async fn read(&self, reader: &mut OwnedReadHalf, rest: &mut Vec<u8>) -> Result<bool> {
        poll_fn(|context| {
            let mut scratch = self.shared.scratch.borrow_mut();
            let mut buffer = ReadBuf::new(&mut scratch);
            ready!(Pin::new(&mut *reader).poll_read(context, &mut buffer))?;
            match buffer.filled() {
                [] => Err(ErrorKind::UnexpectedEof.into()).into(),
                bytes => self.take(rest, bytes).into(),
            }
        })
        .await
    }

    /// Takes all frames that are complete; the rest of what came before is in front of what comes now.
    fn take(&self, rest: &mut Vec<u8>, bytes: &[u8]) -> Result<bool> {
        let joined;
        let mut bytes = match rest.is_empty() {
            true => bytes,
            false => {
                rest.extend(bytes);
                joined = std::mem::take(rest);
                &joined
            }
        };
        while let Some(frame) = frame::first(bytes) {
            match frame.opcode {
                OPCODE_TEXT => self.packet(frame.payload)?,
                OPCODE_CLOSE => return Ok(true),
                other => return Err(Error::other(format!("a frame of kind {other}"))),
            }
            bytes = &bytes[frame.length..];
        }
        rest.extend(bytes);
        Ok(false)
    }

    fn packet(&self, packet: &[u8]) -> Result<()> {
        match packet {
            [b'0', ..] => self.send(&format!("40{}", serde_json::to_string(&self.auth())?)),
            [b'2', ..] => {
                self.shared.counts.borrow_mut().pings += 1;
                self.send("3")
            }
            [b'4', b'0', ..] => {
                self.is_connected.set(true);
                self.shared.counts.borrow_mut().connected += 1;
                if self.wants_room.get() {
                    self.join();
                }
                Ok(())
            }
            [b'4', b'2', event @ ..] => {
                let (_, heard): (IgnoredAny, Heard) = serde_json::from_slice(event)?;
                self.heard(&heard)
            }
            b"430[true]" => {
                self.is_in_room.set(true);
                self.shared.counts.borrow_mut().joined += 1;
                Ok(())
            }
            other => Err(Error::other(String::from_utf8_lossy(other))),
        }
    }

    fn heard(&self, heard: &Heard) -> Result<()> {
        let mut counts = self.shared.counts.borrow_mut();
        counts.received += 1;
        counts.latencies.add(now().saturating_sub(heard.at));
        let mut expected = self.expected.borrow_mut();
        let expected = expected.get_mut(heard.from);
        let expected = expected.ok_or_else(|| Error::other("nobody is at that place"))?;
        match heard.sequence.checked_sub(*expected) {
            Some(missing) => {
                counts.missing += missing;
                *expected = heard.sequence + 1;
            }
            None => counts.repeated += 1,
        }
        Ok(())
    }

    /// With its connection, if that has broken, it joins again.
    pub(crate) fn join(&self) {
        self.wants_room.set(true);
        if self.is_connected.get() {
            self.try_send(&format!("420[\"join\",{}]", self.number / ROOM));
        }
    }

    /// Nothing while the connection is broken.
    pub(crate) fn say(&self) {
        let message = Message {
            from: (self.number % ROOM) as usize,
            sequence: self.said.get(),
            at: now(),
            text: TEXT.to_owned(),
        };
        let Ok(message) = serde_json::to_string(&message) else {
            return;
        };
        let room = self.number / ROOM;
        if self.is_in_room.get() && self.try_send(&format!("42[\"say\",{room},{message}]")) {
            self.said.set(self.said.get() + 1);
            self.shared.counts.borrow_mut().said += 1;
        }
    }

    pub(crate) fn close(&self) {
        if let Some(writer) = &*self.writer.borrow() {
            // Where it fails, the connection has broken.
            let _ = writer.try_write(&frame::CLOSE);
        }
    }

    fn auth(&self) -> Auth {
        Auth {
            user: self.number,
            room: self.number / ROOM,
        }
    }

    fn try_send(&self, text: &str) -> bool {
        let sent = self.send(text);
        if let Err(error) = &sent {
            eprintln!("client {}: {error}", self.number);
        }
        sent.is_ok()
    }

    /// These clients send so little that the kernel takes it at once; one that cannot is not waited for.
    fn send(&self, text: &str) -> Result<()> {
        let writer = self.writer.borrow();
        let writer = writer.as_ref().ok_or(ErrorKind::NotConnected)?;
        let frame = frame::text(text);
        match writer.try_write(&frame)? == frame.len() {
            true => Ok(()),
            false => Err(Error::other("the server does not read")),
        }
    }
}

fn now() -> u64 {
    UNIX_EPOCH.elapsed().unwrap_or_default().as_micros() as u64
}
