//! Long-polling: the bytes of a session that come in POSTs and leave in the answers to GETs.
//!
//! What is sent is queued as WebSocket frames whatever carries the session, so that a broadcast is
//! encoded once for everyone and nothing changes when a client upgrades. [`PollIo`] turns whole
//! frames into a payload (Engine.IO v4, section 2) at the moment a poll takes them.

use std::{
    cell::{Cell, RefCell},
    convert::Infallible,
    io::{self, IoSlice},
    task::{Context, Poll, Waker},
};

use actix::Message;
use bytes::Bytes;
use socket2::Socket;
use tokio::sync::oneshot;

use super::{permit::Permit, relay::Relayed};

use crate::protocol::{
    engine_io::payload,
    websocket::{Opcode, deflate::WindowBits, frame},
};

/// The packet that ends a session.
const CLOSE: u8 = b'1';

/// The packet upon which a client polls again.
pub(crate) const NOOP: u8 = b'6';

/// The bytes of a frame with a packet that has no data.
const FRAMED: usize = 3;

/// Packets of one answer: python-engineio refuses a payload of more.
const MAX_PACKETS: usize = 16;

/// A polling session's side of its GETs.
#[derive(Default)]
pub(crate) struct PollIo {
    waiting: RefCell<Option<Waiting>>,
    writer: Cell<Option<Waker>>,
    aborted: Cell<bool>,
    /// Something is queued that must not be compressed with anything else.
    secret: Cell<bool>,
}

/// The GET that waits for something to be sent.
enum Waiting {
    Poll(oneshot::Sender<Answer>),
    Parked(oneshot::Sender<u8>),
}

/// What a GET is answered with.
#[derive(Debug)]
pub(crate) enum Answer {
    Payload {
        body: Vec<u8>,
        compress: bool,
    },
    /// One packet without data, once there is one; see [`parked`](super::parked).
    Parked(oneshot::Receiver<u8>),
    /// Another GET waits already.
    Refused,
}

impl Answer {
    fn short(packets: &[u8]) -> Self {
        Self::Payload {
            body: packets.to_vec(),
            compress: false,
        }
    }
}

/// What the HTTP side asks of a session, from any worker.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) enum Request {
    /// A GET that waits to be answered.
    Poll(oneshot::Sender<Answer>),
    /// The GET that waits has done so for long.
    Park,
    /// A GET whose client has gone.
    PollAborted,
    /// The body of a POST that does not come at once; the sender is dropped with the session.
    Posting(oneshot::Sender<Infallible>),
    /// That body will not come: it is too large.
    TooLarge,
    /// The body of a POST; the sender is used when all of it has been taken.
    Post {
        body: String,
        permit: Permit,
        done: oneshot::Sender<()>,
    },
    /// The client broke the rules of the transport: two POSTs at once, or one that broke off.
    Violation(&'static str),
    /// A WebSocket that wants to take over.
    Upgrade {
        io: Travelling,
        early: Bytes,
        deflate: Option<WindowBits>,
        permit: Permit,
    },
}

/// A connection's bytes on their way to another worker.
pub(crate) enum Travelling {
    Tcp(Socket),
    Relay(Relayed),
}

impl PollIo {
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.borrow().is_some()
    }

    /// A GET waits from now on; false if one does already, which is a violation.
    pub(crate) fn wait(&self, answer: oneshot::Sender<Answer>) -> bool {
        if self.is_waiting() {
            let _ = answer.send(Answer::Refused);
            return false;
        }
        *self.waiting.borrow_mut() = Some(Waiting::Poll(answer));
        self.wake();
        true
    }

    /// The GET that waits, if one does, is answered by a single byte from now on.
    pub(crate) fn park(&self) {
        let mut waiting = self.waiting.borrow_mut();
        if let Some(Waiting::Poll(_)) = *waiting {
            let (packet, parked) = oneshot::channel();
            if let Some(Waiting::Poll(answer)) = waiting.replace(Waiting::Parked(packet)) {
                // A client that has gone leaves it deserted.
                let _ = answer.send(Answer::Parked(parked));
            }
        }
    }

    /// The client of the GET that waits has gone.
    pub(crate) fn is_deserted(&self) -> bool {
        match &*self.waiting.borrow() {
            Some(Waiting::Poll(answer)) => answer.is_closed(),
            Some(Waiting::Parked(packet)) => packet.is_closed(),
            None => false,
        }
    }

    /// Answers the GET that waits, if one does, with a packet without data that was never queued.
    pub(crate) fn answer(&self, packet: u8) {
        // A client that has just gone loses it, as one loses what is in its socket's buffer.
        match self.waiting.take() {
            Some(Waiting::Poll(answer)) => drop(answer.send(Answer::short(&[packet]))),
            Some(Waiting::Parked(parked)) => drop(parked.send(packet)),
            None => {}
        }
    }

    /// Tells the GET that waits, if one does, that the session is over. One that came `late`, after
    /// the server had ended it, gets a noop before, as from the reference implementation.
    pub(crate) fn close(&self, late: bool) {
        match self.waiting.take() {
            Some(Waiting::Poll(answer)) if late => {
                let _ = answer.send(Answer::short(&[NOOP, payload::SEPARATOR, CLOSE]));
            }
            waiting => {
                *self.waiting.borrow_mut() = waiting;
                self.answer(CLOSE);
            }
        }
    }

    /// No answer is compressed until everything that is queued now has been taken.
    pub(crate) fn keep_uncompressed(&self) {
        self.secret.set(true);
    }

    pub(super) fn drained(&self) {
        self.secret.set(false);
    }

    fn wake(&self) {
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
    }

    pub(super) fn poll_write_ready(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        if self.aborted.get() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        if self.is_waiting() {
            return Poll::Ready(Ok(()));
        }
        self.writer.set(Some(cx.waker().clone()));
        Poll::Pending
    }

    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.try_write_vectored(&[IoSlice::new(bytes)])
    }

    /// Answers the GET that waits with the first packets; how many bytes of frames those were.
    pub(super) fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.aborted.get() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        match self.waiting.take() {
            Some(Waiting::Poll(answer)) => {
                let (body, taken) = payload(slices);
                let compress = !self.secret.get();
                sent(answer.send(Answer::Payload { body, compress }), taken)
            }
            Some(Waiting::Parked(parked)) => {
                let whole: usize = slices.iter().map(|slice| slice.len()).sum();
                if whole == FRAMED
                    && let (body, taken) = payload(slices)
                    && let [packet] = *body
                {
                    return sent(parked.send(packet), taken);
                }
                let _ = parked.send(NOOP);
                Err(io::ErrorKind::WouldBlock.into())
            }
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Ends the session for its client: a GET that waits is told.
    pub(super) fn abort(&self) {
        self.aborted.set(true);
        self.close(false);
        self.wake();
    }
}

/// A GET that its client has given up takes nothing with it: the session ends.
fn sent<T>(outcome: Result<(), T>, taken: usize) -> io::Result<usize> {
    match outcome {
        Ok(()) => Ok(taken),
        Err(_) => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

/// The payload of the first packets, and how many bytes of frames they were.
fn payload(slices: &[IoSlice<'_>]) -> (Vec<u8>, usize) {
    let mut body = Vec::new();
    let (mut packets, mut taken) = (0, 0);
    for slice in slices {
        let mut rest: &[u8] = slice;
        while packets < MAX_PACKETS
            && let Some((opcode, data, behind)) = frame::split_sent(rest)
        {
            match opcode {
                Opcode::Text => payload::append_text(&mut body, data),
                Opcode::Binary => payload::append_binary(&mut body, data),
                // None is queued for a polling session.
                Opcode::Close | Opcode::Ping | Opcode::Pong => {}
            }
            packets += 1;
            taken += rest.len() - behind.len();
            rest = behind;
        }
        if packets == MAX_PACKETS {
            break;
        }
    }
    (body, taken)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::{protocol::socket_io::parser::ParserError, transport::frame::Frame};

    fn text(poll: &mut oneshot::Receiver<Answer>) -> String {
        match poll.try_recv().unwrap() {
            Answer::Payload { body: bytes, .. } => String::from_utf8(bytes).unwrap(),
            answer => panic!("{answer:?}"),
        }
    }

    #[test]
    fn a_poll_takes_whole_packets_and_no_more_than_clients_accept() {
        let io = PollIo::default();
        let frames = Frame::engine("4x").bytes.repeat(MAX_PACKETS + 1);
        assert_eq!(
            io.try_write(&frames).unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
        let (answer, mut poll) = oneshot::channel();
        assert!(io.wait(answer));
        let taken = io.try_write(&frames).unwrap();
        assert_eq!(taken, frames.len() / (MAX_PACKETS + 1) * MAX_PACKETS);
        assert_eq!(text(&mut poll), ["4x"; MAX_PACKETS].join("\u{1e}"));
    }

    #[test]
    fn attachments_are_base64() {
        let io = PollIo::default();
        let frame = Frame::packet(None, |out| {
            out.extend_from_slice(br#"51-["e",0]"#);
            Ok::<_, ParserError>(vec![Bytes::from_static(&[1, 2, 3, 4])])
        });
        let frame = frame.unwrap();
        let (answer, mut poll) = oneshot::channel();
        io.wait(answer);
        assert_eq!(io.try_write(&frame.bytes).unwrap(), frame.bytes.len());
        assert_eq!(text(&mut poll), "451-[\"e\",0]\u{1e}bAQIDBA==");
    }

    #[test]
    fn a_second_poll_is_refused() {
        let io = PollIo::default();
        let (first, mut pending) = oneshot::channel();
        let (second, mut refused) = oneshot::channel();
        assert!(io.wait(first));
        assert!(!io.wait(second));
        assert!(matches!(refused.try_recv().unwrap(), Answer::Refused));
        io.abort();
        assert_eq!(text(&mut pending), "1");
    }
}
