//! A GET that has waited for long: its socket leaves the HTTP dispatcher, whose two buffers cost
//! several times what the rest of an idle session does.
//!
//! The head of the answer has to pass the application's middleware, and so goes out before anything is
//! known of the body. It declares one byte: a packet without data (Engine.IO v4, section 4). That is a ping, a
//! close, or a noop upon which the client fetches what there is by its next GET, on a new connection.
//!
//! A middleware that reads the body itself, or replaces it, takes it from the dispatcher that has to be left: it
//! would send an answer of its own beside that byte.

use std::{io, net::Shutdown, rc::Rc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{Version, header},
    web,
};
use socket2::SockRef;
use tokio::{net::TcpStream, sync::oneshot, time::timeout};

use super::handoff::{self, HandoffBody};

/// The socket of a GET that waits.
pub(crate) struct Parked(Rc<TcpStream>);

impl Parked {
    /// Whether the socket of `req` can be had.
    pub(crate) fn is_possible(req: &HttpRequest) -> bool {
        req.version() == Version::HTTP_11 && handoff::watch(req).is_some()
    }

    /// Answers the GET with `head`, and gives `start` its socket once that has been sent.
    ///
    /// `start` runs within the HTTP dispatcher's poll; not at all if the client vanishes before.
    pub(crate) fn respond(
        req: &HttpRequest,
        body: web::Payload,
        mut head: HttpResponseBuilder,
        start: impl FnOnce(Self) + 'static,
    ) -> HttpResponse {
        let stream = handoff::watch(req);
        // It also keeps the middleware that compresses away from a body that is never seen there.
        head.insert_header((header::CONTENT_ENCODING, "identity"))
            .force_close()
            .body(HandoffBody::new(body, move |_| {
                if let Some(stream) = stream {
                    start(Self(stream));
                }
            }))
    }

    /// Sends the packet, when it comes, and waits at most `patience` for the client to close its side
    /// too: what it has sent meanwhile would destroy the packet on its way. False if the client goes
    /// before there is one.
    pub(crate) async fn answer(self, packet: oneshot::Receiver<u8>, patience: Duration) -> bool {
        let packet = tokio::select! {
            biased;
            packet = packet => packet,
            _ = self.ended() => return false,
        };
        // Its session has vanished with its worker otherwise; the client sees a body cut short.
        if let Ok(packet) = packet {
            // A client that has gone loses it, as one loses what is in its socket's buffer.
            let _ = timeout(patience, self.send(packet)).await;
        }
        true
    }

    async fn send(&self, packet: u8) -> io::Result<()> {
        let Self(stream) = self;
        loop {
            stream.writable().await?;
            match stream.try_write(&[packet]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => {
                    written?;
                    break;
                }
            }
        }
        SockRef::from(&**stream).shutdown(Shutdown::Write)?;
        self.ended().await
    }

    /// Ready when the client has closed its side. What it sends before has no meaning: it was told
    /// that the connection ends with this answer.
    async fn ended(&self) -> io::Result<()> {
        let Self(stream) = self;
        loop {
            stream.readable().await?;
            // Not across the await, where every parked GET would hold it.
            let mut ignored = [0; 256];
            match stream.try_read(&mut ignored) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}
