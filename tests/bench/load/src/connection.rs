//! One client: a WebSocket, Engine.IO v4 and Socket.IO v5 on top, in the namespace `/`.

use std::io::{ErrorKind, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;

use crate::frame::{self, Frame};
use crate::stamp::Stamp;

/// The example of RFC 6455, section 1.3, and what the server must answer.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A response to the upgrade that is longer is none.
const LONGEST_HEAD: usize = 16 << 10;

/// Joins are acknowledged under this id, echoes under others.
const JOIN: u8 = b'0';

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The server has let the client in.
    Ready,
    Joined,
    Message(Carried),
    Echoed(Carried),
    Ping,
    /// A message or an ack without a stamp.
    Damaged,
}

/// What came with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) stamp: Stamp,
    /// Of the arguments: without the packet's type and id.
    pub(crate) size: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Upgrade,
    Open,
    Connect,
    Ready,
}

pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    pub(crate) closed: bool,
    /// The part of a frame whose rest has not come yet.
    pub(crate) rest: Vec<u8>,
    /// What the socket has not taken yet.
    pub(crate) out: Vec<u8>,
    stage: Stage,
    mask: [u8; 4],
}

impl Connection {
    /// One that has yet to be established; `number` tells it from others.
    pub(crate) fn new(stream: TcpStream, server: SocketAddr, number: usize) -> Self {
        let request = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {server}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        // Any will do that is not zero: the server's work is the same.
        let mask = (number as u32).wrapping_mul(0x9e37_79b1) | 0x0101_0101;
        Self {
            stream,
            closed: false,
            rest: Vec::new(),
            out: request.into_bytes(),
            stage: Stage::Upgrade,
            mask: mask.to_be_bytes(),
        }
    }

    pub(crate) fn push(&mut self, opcode: u8, payload: &[u8]) {
        frame::write(&mut self.out, opcode, self.mask, payload);
    }

    /// Writes what the socket takes now.
    ///
    /// # Errors
    ///
    /// If the connection is broken.
    pub(crate) fn flush(&mut self) -> Result<(), String> {
        let mut written = 0;
        while written < self.out.len() {
            match self.stream.write(&self.out[written..]) {
                Ok(length) => written += length,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Not connected: the poller tells when it is.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::NotConnected
                    ) =>
                {
                    break;
                }
                Err(error) => return Err(format!("write: {error}")),
            }
        }
        self.out.drain(..written);
        Ok(())
    }

    /// Takes the first frame, or the response to the upgrade: how many bytes that was, and what it means. None if it is not
    /// all there.
    ///
    /// # Errors
    ///
    /// If it is nothing that the protocols allow now.
    pub(crate) fn next(&mut self, input: &[u8]) -> Result<Option<(usize, Option<Event>)>, String> {
        if self.stage == Stage::Upgrade {
            return Ok(self.upgraded(input)?.map(|length| (length, None)));
        }
        let Some(Frame {
            opcode,
            payload,
            length,
        }) = frame::parse(input)?
        else {
            return Ok(None);
        };
        let event = match opcode {
            frame::TEXT | frame::BINARY => self.packet(payload)?,
            frame::PING => {
                self.push(frame::PONG, payload);
                Some(Event::Ping)
            }
            frame::PONG => None,
            frame::CLOSE => return Err("a close frame".to_owned()),
            other => return Err(format!("a frame with opcode {other:x}")),
        };
        Ok(Some((length, event)))
    }

    fn upgraded(&mut self, input: &[u8]) -> Result<Option<usize>, String> {
        let Some(end) = input.windows(4).position(|four| four == b"\r\n\r\n") else {
            return if input.len() > LONGEST_HEAD {
                Err("an endless response to the upgrade".to_owned())
            } else {
                Ok(None)
            };
        };
        let head = &input[..end];
        let accepted = head.windows(ACCEPT.len()).any(|part| part == ACCEPT);
        if !head.starts_with(b"HTTP/1.1 101 ") || !accepted {
            return Err(format!("no upgrade: {}", shown(head)));
        }
        self.stage = Stage::Open;
        Ok(Some(end + 4))
    }

    fn packet(&mut self, packet: &[u8]) -> Result<Option<Event>, String> {
        let event = match (self.stage, packet) {
            (_, b"2") => {
                self.push(frame::TEXT, b"3");
                Event::Ping
            }
            (Stage::Ready, [b'4', b'2', arguments @ ..]) => {
                carried(arguments).map_or(Event::Damaged, Event::Message)
            }
            (Stage::Ready, [b'4', b'3', JOIN, b'[', ..]) => Event::Joined,
            (Stage::Ready, [b'4', b'3', rest @ ..]) => {
                let id = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                carried(&rest[id..]).map_or(Event::Damaged, Event::Echoed)
            }
            (Stage::Open, [b'0', ..]) => {
                self.stage = Stage::Connect;
                self.push(frame::TEXT, b"40");
                return Ok(None);
            }
            (Stage::Connect, [b'4', b'0', ..]) => {
                self.stage = Stage::Ready;
                Event::Ready
            }
            (stage, other) => return Err(format!("in stage {stage:?}: {}", shown(other))),
        };
        Ok(Some(event))
    }
}

fn carried(arguments: &[u8]) -> Option<Carried> {
    Some(Carried {
        stamp: Stamp::find(arguments)?,
        size: arguments.len(),
    })
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned()
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
