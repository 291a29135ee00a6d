//! A page that shows the board.

use std::sync::{Mutex, MutexGuard, PoisonError};

use roomcast::prelude::*;

use crate::board::Board;
use crate::events::{self, Clear, Draw, Drawn, Gone, Point, Pointed, Sketch, Sketched};

#[derive(EventHandlers)]
#[handles(Draw, Sketch, Point, Clear)]
pub(crate) struct Artist;

impl Session for Artist {
    type Auth = ();

    async fn connect((): (), socket: &Socket) -> Result<Self, Refusal> {
        let board = lock(socket);
        socket.emit(&events::Board(board.seq(), board.picture()))?;
        Ok(Self)
    }

    async fn disconnect(&mut self, socket: &Socket, _: DisconnectReason) {
        // Nobody is left to be told that this fails.
        let _ = socket.broadcast().emit(&Gone(socket.id()));
    }
}

impl Handle<Draw> for Artist {
    async fn handle(&mut self, Draw(stroke): Draw, socket: &Socket) -> Result<u64, Rejection> {
        let mut board = lock(socket);
        let seq = board.draw(stroke.clone());
        socket.broadcast().emit(&Drawn(seq, socket.id(), &stroke))?;
        Ok(seq)
    }
}

/// Volatile: who cannot take it now gets the next one, and in the end the whole stroke.
impl Handle<Sketch> for Artist {
    async fn handle(&mut self, Sketch(stroke): Sketch, socket: &Socket) -> Result<(), Rejection> {
        let sketched = Sketched(socket.id(), &stroke);
        Ok(socket.broadcast().volatile().emit(&sketched)?)
    }
}

impl Handle<Point> for Artist {
    async fn handle(&mut self, Point(x, y): Point, socket: &Socket) -> Result<(), Rejection> {
        let pointed = Pointed(socket.id(), x, y);
        Ok(socket.broadcast().volatile().emit(&pointed)?)
    }
}

impl Handle<Clear> for Artist {
    async fn handle(&mut self, Clear: Clear, socket: &Socket) -> Result<(), Rejection> {
        let mut board = lock(socket);
        board.clear();
        let empty = events::Board(board.seq(), board.picture());
        Ok(socket.hub().emit(&empty)?)
    }
}

/// Not to be held over an await. Emits do not wait, so what is emitted under the lock reaches everybody in the order of
/// the changes: a page that connects has every stroke once, on the board or behind it.
fn lock(socket: &Socket) -> MutexGuard<'_, Board> {
    let board: &Mutex<Board> = socket.state();
    board.lock().unwrap_or_else(PoisonError::into_inner)
}
