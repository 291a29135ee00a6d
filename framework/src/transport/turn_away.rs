//! Ends a WebSocket that was opened only to be told why it cannot stay.

use std::{future::poll_fn, io, time::Duration};

use tokio::time::timeout;

use super::io::Io;
use crate::protocol::websocket::{Close, ControlFrame};

/// Sends a close frame, and waits at most `patience` for the peer to close its side too: closing at once could
/// destroy the frame on its way, if the peer has sent something.
pub(crate) async fn turn_away(io: Io, close: Close<'static>, patience: Duration) {
    if timeout(patience, tell(&io, close)).await != Ok(true) {
        io.abort();
    }
}

/// Whether the frame was sent, and the peer's stream has ended.
async fn tell(io: &Io, close: Close<'static>) -> bool {
    let frame = ControlFrame::close(Some(close));
    // A socket that was only just registered is not known to be writable.
    if poll_fn(|cx| io.poll_write_ready(cx)).await.is_err() {
        return false;
    }
    let written = io.try_write(&frame);
    io.shutdown_write();
    if !written.is_ok_and(|written| written == frame.len()) {
        return false;
    }
    ended(io).await;
    true
}

/// Until the peer's stream has ended; what it sends is of no interest.
async fn ended(io: &Io) {
    let mut ignored = [0; 256];
    while poll_fn(|cx| io.poll_read_ready(cx)).await.is_ok() {
        match io.try_read(&mut ignored) {
            Ok(1..) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Ok(0) | Err(_) => return,
        }
    }
}
