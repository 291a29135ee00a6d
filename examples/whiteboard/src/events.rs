//! What goes over the wire.

use roomcast::{Binary, prelude::*};

use crate::stroke::Stroke;

/// A finished stroke; the answer is its number.
#[derive(Deserialize, Event)]
#[event(ack = u64)]
pub(crate) struct Draw(pub(crate) Stroke);

/// The number of a stroke, who has drawn it, and it.
#[derive(Serialize, Event)]
pub(crate) struct Drawn<'a>(pub(crate) u64, pub(crate) SocketId, pub(crate) &'a Stroke);

/// The last points of a stroke that is still being drawn.
#[derive(Deserialize, Event)]
pub(crate) struct Sketch(pub(crate) Stroke);

#[derive(Serialize, Event)]
pub(crate) struct Sketched<'a>(pub(crate) SocketId, pub(crate) &'a Stroke);

/// Where a pointer is, in 65,535ths of the board.
#[derive(Deserialize, Event)]
pub(crate) struct Point(pub(crate) u16, pub(crate) u16);

#[derive(Serialize, Event)]
pub(crate) struct Pointed(pub(crate) SocketId, pub(crate) u16, pub(crate) u16);

/// Somebody has gone, and so has their pointer.
#[derive(Serialize, Event)]
pub(crate) struct Gone(pub(crate) SocketId);

#[derive(Deserialize, Event)]
pub(crate) struct Clear;

/// The number of the last stroke, and all strokes of the board: each behind the number of its bytes, in four bytes with
/// the high one first. One value and not a list of them, since clients take ten attachments at most.
#[derive(Serialize, Event)]
pub(crate) struct Board(pub(crate) u64, pub(crate) Binary);
